//! The client beside other programs: how soon a cached token is there, how fast authenticated requests are.

mod crowd;
mod oauth_session;
mod oidc_agent;
mod printer;
mod profile;
mod report;
mod requests;
mod starts;

use std::path::PathBuf;

use anyhow::Context as _;
use serde::Serialize;
use tempfile::TempDir;

use self::crowd::Crowd;
use self::oidc_agent::Agent;
use self::printer::Printer;
use self::requests::Requests;
use self::starts::Starts;
use crate::program::Program;
use crate::rounds::Plan;
use crate::target::Target;

/// What was measured of the client.
#[derive(Serialize)]
pub(crate) struct Client {
    starts: Starts,
    crowd: Crowd,
    requests: Requests,
}

/// The programs that ours is measured beside.
pub(crate) struct Peers {
    /// A Python that has requests-oauthlib.
    python: PathBuf,
    oidc: oidc_agent::Programs,
}

impl Peers {
    /// Finds them.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let named = std::env::var_os("PYTHON").map(PathBuf::from);
        let python = named.unwrap_or_else(|| PathBuf::from(".venv/bin/python"));
        anyhow::ensure!(
            python.is_file(),
            "{} does not exist; `cargo xtask bench` makes one, or PYTHON names a Python with requests-oauthlib",
            python.display()
        );
        Ok(Self {
            python,
            oidc: oidc_agent::Programs::find()?,
        })
    }
}

impl Client {
    /// Measures everything, at `server` and, for requests, at the floor.
    pub(crate) async fn measure(
        plan: &Plan,
        peers: &Peers,
        gatepass: &Program,
        server: &Target,
        floor: &Target,
    ) -> anyhow::Result<Self> {
        eprintln!("cached tokens …");
        let scratch = folder().context("cannot make a temporary folder")?;
        let ours = profile::printer(gatepass, server, scratch.path())?;
        let agent = Agent::start(&peers.oidc, gatepass, server, scratch.path()).await?;
        let printers = [ours, agent.printer()?, Printer::nothing()?];
        let starts = starts::measure(plan, &printers)?;
        let crowd = crowd::measure(plan, &printers)?;
        agent.stop().await?;
        eprintln!("authenticated requests …");
        let requests = requests::measure(plan, &peers.python, server, floor).await?;
        Ok(Self {
            starts,
            crowd,
            requests,
        })
    }
}

/// A folder that is only this user's: secrets are in it, and oidc-agent wants it so.
fn folder() -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}
