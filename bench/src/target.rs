//! A program under test: started, asked who may use it, and stopped.

use std::net::SocketAddr;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use tokio::process::Command;

use crate::process::Process;
use crate::program::{Contender, Dialect, Known, Program};

/// What a program prints in its first line.
#[derive(Deserialize)]
struct Ready {
    issuer: String,
    #[serde(flatten)]
    known: Option<Known>,
}

/// A running program.
pub(crate) struct Target {
    pub(crate) process: Process,
    pub(crate) contender: Contender,
    pub(crate) dialect: Dialect,
    pub(crate) known: Known,
    pub(crate) address: SocketAddr,
}

impl Target {
    /// Starts a program on the servers' core, and waits for its first line.
    pub(crate) async fn start(program: &Program) -> anyhow::Result<Self> {
        let mut command = Command::new(&program.binary);
        command.args(&program.args);
        let (process, line) = Process::ready(command, &program.log).await?;
        let ready: Ready =
            serde_json::from_str(&line).context("the first line is not understood")?;
        let known = program.known.clone().or(ready.known);
        Ok(Self {
            process,
            contender: program.contender,
            dialect: program.dialect,
            known: known.context("it does not say who may use it")?,
            address: loopback(&ready.issuer)?,
        })
    }
}

/// The address in a URL of this machine.
pub(crate) fn loopback(url: &str) -> anyhow::Result<SocketAddr> {
    let address = url.strip_prefix("http://").unwrap_or_default().parse();
    let address: SocketAddr = address.context("the issuer is not http on an address")?;
    ensure!(
        address.ip().is_loopback(),
        "traffic goes to this machine alone"
    );
    Ok(address)
}
