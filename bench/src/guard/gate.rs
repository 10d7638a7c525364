//! `gatepass guard` in front of the service.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use tokio::process::Command;

use super::service::Service;
use super::token::Token;
use super::write;
use crate::process::Process;
use crate::program::Program;
use crate::target::{Target, loopback};

/// A running guard.
pub(super) struct Gate {
    pub(super) process: Process,
    pub(super) address: SocketAddr,
}

#[derive(Deserialize)]
struct Ready {
    listen: String,
}

impl Gate {
    /// Starts it; it takes JWTs of `server`.
    pub(super) async fn start(
        gatepass: &Program,
        server: &Target,
        token: &Token,
        service: &Service,
        scratch: &Path,
    ) -> anyhow::Result<Self> {
        let text = configuration(server, token, service);
        let file = write(scratch, "guard.toml", &text)?;
        let mut command = Command::new(gatepass.binary());
        command.args(["guard", "--listen", "127.0.0.1:0", "--output", "json"]);
        command.arg("--config").arg(file);
        let (process, line) = Process::ready(command, &scratch.join("guard.log")).await?;
        let ready: Ready =
            serde_json::from_str(&line).context("the first line is not understood")?;
        Ok(Self {
            process,
            address: loopback(&ready.listen)?,
        })
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.process.stop().await
    }
}

fn configuration(server: &Target, token: &Token, service: &Service) -> String {
    let (issuer, audience) = (server.address, &token.audience);
    let upstream = service.address;
    format!(
        "upstream = \"http://{upstream}\"
public_url = \"{audience}\"
forward_auth = [\"nginx\"]
[[issuer]]
issuer = \"http://{issuer}\"
audience = \"{audience}\"
[otherwise]
scope = \"read\"
[proxies]
trusted = [\"127.0.0.1/32\"]
"
    )
}
