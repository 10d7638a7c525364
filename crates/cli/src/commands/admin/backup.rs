//! `gatepass admin backup`.

use std::path::PathBuf;

use clap::Args;
use gatepass_server as server;

use super::{Which, copies};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, OutputArgs};

/// Copy the database to a file, while the server runs
///
/// The copy is the state of one moment, in one file that only its owner can read; it is checked before it gets its name.
/// The master key is not in it: without that, what the copy holds of the server's keys cannot be opened. Keep that key too,
/// at another place.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin backup gatepass-2026-01-31.db
  gatepass admin backup /backup/gatepass.db --force --output json

A PostgreSQL database is copied by pg_dump.")]
pub(super) struct Backup {
    /// Where the copy goes
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

impl Backup {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = self.which.settings(context)?;
        let copied = server::back_up(&config.database, &self.file, self.force).await;
        let copied = copied.map_err(copies::failed)?;
        let key = server::master_key_place(&config);
        copies::tell(&self.format, &self.file, &copied, key.as_ref())?;
        if let Some(key) = &key {
            let key = output::tame(&key.to_string());
            output::note(&format!(
                "The master key is not in it, and nothing opens the server's keys without that: keep {key} too, elsewhere."
            ));
        }
        Ok(())
    }
}
