//! `gatepass man`.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use super::Run;
use crate::cli::Cli;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output;

/// Print the manual page, or write all of them to a folder
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass man | man -l -                       read the first page
  gatepass man ~/.local/share/man/man1          install all pages")]
pub(crate) struct Man {
    /// The folder for one page a command
    dir: Option<PathBuf>,
}

impl Run for Man {
    async fn run(self, _: &Context) -> Result<Exit, Failure> {
        let command = Cli::command();
        match self.dir {
            Some(dir) => {
                let fault = |error| Failure::error(format!("{}: {error}", dir.display()));
                std::fs::create_dir_all(&dir).map_err(fault)?;
                clap_mangen::generate_to(command, &dir).map_err(fault)?;
            }
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page)?;
                output::bytes(&page)?;
            }
        }
        Ok(Exit::Done)
    }
}
