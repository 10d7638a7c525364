//! `gatepass exec`.

use std::ffi::OsString;
use std::process::Command;

use clap::Args;

use super::Run;
use super::env::NameArgs;
use super::scope::ScopeArgs;
use super::token::{Current, LifeArgs};
use crate::context::{Context, NetworkArgs};
use crate::exit::{Exit, Failure};

/// Run a program with a valid token in its environment
///
/// The token is in no argument, and in nobody else's environment. The program takes gatepass's place: standard input,
/// signals and the exit code are its own. A token that has expired, or soon will, is renewed first; while the program runs
/// it is not, so ask for enough with --min-ttl.
#[derive(Args)]
#[command(
    override_usage = "gatepass exec [OPTIONS] PROFILE -- CMD [ARG]...",
    after_help = "\
Examples:
  gatepass exec work -- ./upload.sh
  gatepass exec work --name GH_TOKEN -- gh api user
  gatepass exec work --scope \"read write\" -- ./report.sh
  gatepass exec work --min-ttl 3000 -- terraform apply"
)]
pub(crate) struct Exec {
    /// The profile
    profile: String,
    #[command(flatten)]
    name: NameArgs,
    #[command(flatten)]
    life: LifeArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    network: NetworkArgs,
    /// The program and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

impl Run for Exec {
    // A handler for Ctrl-C would outlast a choice of the parent's to ignore it.
    const MINDS_SIGNALS: bool = true;

    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let (program, arguments) = self
            .command
            .split_first()
            .ok_or_else(|| Failure::usage("expected a program after --"))?;
        let profile = context.profile(Some(&self.profile))?;
        let egress = self.network.egress()?;
        let session = self.scope.session(context, &profile, egress, None).await?;
        let current = Current::of(&profile, &session, self.life.least()).await?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env(&self.name.name, current.secret.expose());
        let error = give_way(&mut command);
        Err(Failure::error(format!(
            "cannot run {}: {error}",
            program.display()
        )))
    }
}

/// Lets the program take this process's place; returns only if it cannot be started.
#[cfg(unix)]
fn give_way(command: &mut Command) -> std::io::Error {
    std::os::unix::process::CommandExt::exec(command)
}

/// Runs the program and ends as it ends; returns only if it cannot be started.
#[cfg(not(unix))]
fn give_way(command: &mut Command) -> std::io::Error {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => error,
    }
}
