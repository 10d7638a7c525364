//! The chromedriver process.

use std::env;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);
/// How often the port that the driver was given may turn out to be taken: it wants the same one by IPv4 and by IPv6.
const TRIES: usize = 5;

pub(super) struct Driver {
    port: u16,
    address: String,
    /// Dropped after [`Driver::drop`] has asked politely, and killed then.
    _child: Child,
    /// Kept open, so that the driver can go on writing.
    _stdout: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    /// A driver on a port of its own choice, which it prints.
    pub(super) async fn start() -> Result<Self> {
        for _ in 0..TRIES {
            if let Some(driver) = Self::try_start().await? {
                return Ok(driver);
            }
        }
        bail!("chromedriver ended at once, {TRIES} times")
    }

    /// `None` when it ends before it has a port.
    async fn try_start() -> Result<Option<Self>> {
        let program = env::var_os("CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut child = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("chromedriver could not be started; `cargo xtask setup` installs it")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let port = timeout(PATIENCE, port(&mut lines))
            .await
            .context("chromedriver announced no port")??;
        Ok(port.map(|port| Self {
            port,
            address: format!("http://127.0.0.1:{port}"),
            _child: child,
            _stdout: lines,
        }))
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Has the driver end its browsers and then itself, and waits for it.
    fn shut_down(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let request = format!(
            "GET /shutdown HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close\r\n\r\n",
            self.port
        );
        stream.write_all(request.as_bytes())?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Driver {
    /// A killed driver would leave its browser behind.
    fn drop(&mut self) {
        let _ = self.shut_down();
    }
}

async fn port(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<Option<u16>> {
    while let Some(line) = lines.next_line().await? {
        if let Some((_, port)) = line.split_once("started successfully on port ") {
            return Ok(Some(port.trim_end_matches('.').parse()?));
        }
    }
    Ok(None)
}
