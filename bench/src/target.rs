//! A program under test: started, asked who may use it, watched and stopped.

use std::fs::File;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::pinning;
use crate::program::{Contender, Dialect, Known, Program};

/// How long a program may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a program prints in its first line.
#[derive(Deserialize)]
struct Ready {
    issuer: String,
    #[serde(flatten)]
    known: Option<Known>,
}

/// A running program.
pub(crate) struct Target {
    child: Child,
    /// Kept open, so that the program can go on writing.
    _output: Lines<BufReader<ChildStdout>>,
    pid: u32,
    pub(crate) contender: Contender,
    pub(crate) dialect: Dialect,
    pub(crate) known: Known,
    pub(crate) address: SocketAddr,
}

impl Target {
    /// Starts a program on the servers' core, and waits for its first line.
    pub(crate) async fn start(program: &Program) -> anyhow::Result<Self> {
        let log = File::create(&program.log)?;
        let mut command = Command::new(&program.binary);
        command
            .args(&program.args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        let spawned = pinning::on_server_core(|| command.spawn())?;
        let mut child =
            spawned.with_context(|| format!("cannot start {}", program.binary.display()))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let pid = child.id().context("the program has ended")?;
        let mut output = BufReader::new(stdout).lines();
        let line = timeout(PATIENCE, output.next_line())
            .await
            .context("the program did not start in time")??;
        let Some(line) = line else {
            let log = std::fs::read_to_string(&program.log)?;
            anyhow::bail!("{} did not start: {}", program.binary.display(), log.trim());
        };
        let ready: Ready =
            serde_json::from_str(&line).context("the first line is not understood")?;
        let known = program.known.clone().or(ready.known);
        let address = ready
            .issuer
            .strip_prefix("http://")
            .unwrap_or_default()
            .parse();
        let address: SocketAddr = address.context("the issuer is not http on an address")?;
        ensure!(
            address.ip().is_loopback(),
            "traffic goes to this machine alone"
        );
        Ok(Self {
            child,
            _output: output,
            pid,
            contender: program.contender,
            dialect: program.dialect,
            known: known.context("it does not say who may use it")?,
            address,
        })
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        #[cfg(target_os = "linux")]
        if let Some(pid) = i32::try_from(self.pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        }
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.map(drop)?,
            Err(_) => self.child.kill().await?,
        }
        Ok(())
    }

    /// Its resident memory, in bytes.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kilobytes: u64 = kilobytes.context("no VmRSS in /proc")?.parse()?;
        Ok(kilobytes * 1024)
    }

    /// The processor time that it has used so far.
    #[cfg(target_os = "linux")]
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The name stands in parentheses and may hold anything; utime and stime are fields 14 and 15 of proc(5).
        let (_, fields) = stat.rsplit_once(')').context("no name in /proc")?;
        let mut ticks = 0;
        for field in fields.split_whitespace().skip(11).take(2) {
            ticks += field.parse::<u64>()?;
        }
        let millis = ticks * 1000 / rustix::param::clock_ticks_per_second();
        Ok(Duration::from_millis(millis))
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn processor_time(&self) -> anyhow::Result<Duration> {
        Ok(Duration::ZERO)
    }
}
