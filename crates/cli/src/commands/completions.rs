//! `gatepass completions`.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Run;
use crate::cli::Cli;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output;

/// Print the completions of a shell
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass completions bash \\
      > ~/.local/share/bash-completion/completions/gatepass
  gatepass completions zsh > ~/.zfunc/_gatepass
  gatepass completions fish > ~/.config/fish/completions/gatepass.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Run for Completions {
    async fn run(self, _: &Context) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "gatepass", &mut script);
        output::bytes(&script)?;
        Ok(Exit::Done)
    }
}
