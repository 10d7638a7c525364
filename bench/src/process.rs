//! A process on the servers' core: started, watched and stopped.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::pinning;

/// How long a program may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program.
pub(crate) struct Process {
    child: Child,
    /// Kept open, so that the program can go on writing.
    output: Lines<BufReader<ChildStdout>>,
    pid: u32,
}

impl Process {
    /// Starts it; what it says on standard error goes to `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(log)?)
            .kill_on_drop(true);
        let spawned = pinning::on_server_core(|| command.spawn())?;
        let mut child = spawned.with_context(|| format!("cannot start {:?}", program(&command)))?;
        let stdout = child.stdout.take().context("no standard output")?;
        let pid = child.id().context("the program has ended")?;
        Ok(Self {
            child,
            output: BufReader::new(stdout).lines(),
            pid,
        })
    }

    /// The same of a program whose first line says that it is ready.
    pub(crate) async fn ready(command: Command, log: &Path) -> anyhow::Result<(Self, String)> {
        let name = program(&command);
        let mut own = Self::start(command, log)?;
        let line = timeout(PATIENCE, own.output.next_line())
            .await
            .context("the program did not start in time")??;
        let Some(line) = line else {
            let log = std::fs::read_to_string(log)?;
            anyhow::bail!("{name:?} did not start: {}", log.trim());
        };
        Ok((own, line))
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

fn program(command: &Command) -> std::ffi::OsString {
    command.as_std().get_program().to_owned()
}
