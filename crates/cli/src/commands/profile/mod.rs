//! `gatepass profile`.

mod add;
mod method;
mod remove;
mod show;

use clap::{Args, Subcommand};

use super::Run;
use crate::context::Context;
use crate::exit::{Exit, Failure};

/// Add, list, show and remove profiles: credentials by name
///
/// A profile says how a token is obtained and whom it is for. It holds no secret, only where each one is.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass profile add work --issuer https://login.example.com \\
      --client-id cl_1 --api https://api.example.com
  gatepass profile list
  gatepass profile show work")]
pub(crate) struct Profile {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Add(Box<add::Add>),
    List(show::List),
    Show(show::Show),
    Remove(remove::Remove),
}

impl Run for Profile {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.action {
            Action::Add(add) => add.run(context)?,
            Action::List(list) => list.run(context)?,
            Action::Show(show) => show.run(context)?,
            Action::Remove(remove) => remove.run(context).await?,
        }
        Ok(Exit::Done)
    }
}
