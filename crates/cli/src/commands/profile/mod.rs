//! `gatepass profile`.

pub(super) mod add;
mod default;
mod edit;
mod method;
mod options;
mod remove;
mod show;

use clap::{Args, Subcommand};

use super::Run;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::signals;

/// Add, list, show, edit and remove profiles: credentials by name
///
/// A profile says how a token is obtained and whom it is for. It holds no secret, only where each one is.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass profile add work --issuer https://login.example.com \\
      --client-id cl_1 --api https://api.example.com
  gatepass profile list
  gatepass profile show work
  gatepass profile edit work scope=\"read write\"
  gatepass profile use work")]
pub(crate) struct Profile {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Add(Box<add::Add>),
    List(show::List),
    Show(show::Show),
    Edit(edit::Edit),
    Use(default::Use),
    Remove(remove::Remove),
}

impl Run for Profile {
    // While an editor is open, Ctrl-C is the editor's.
    const MINDS_SIGNALS: bool = true;

    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self.action {
            Action::Add(add) => add.run(context)?,
            Action::List(list) => list.run(context)?,
            Action::Show(show) => show.run(context)?,
            Action::Edit(edit) => edit.run(context).await?,
            Action::Use(default) => default.run(context)?,
            Action::Remove(remove) => tokio::select! {
                ended = remove.run(context) => ended?,
                () = signals::interrupted() => return Err(Failure::interrupted()),
            },
        }
        Ok(Exit::Done)
    }
}
