//! `gatepass admin restore`.

use std::path::{Path, PathBuf};

use clap::Args;
use gatepass_server as server;

use super::{Which, copies};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::{self, OutputArgs};

/// Put a backup in the place of the database
///
/// Stop the server first. At every moment the old database or the new one stands there, whole, whatever happens meanwhile.
///
/// A backup knows nothing of what came after it. Logins, codes and opaque access tokens do not come back. Everything else
/// does as it was: lock, withdraw and delete again what was locked, withdrawn or deleted since then. Whoever has used a
/// refresh token since then has to log in again; with --end-grants, everybody has to.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin restore copy.db --database /var/lib/gatepass/gatepass.db
  gatepass admin restore copy.db --force --end-grants

A PostgreSQL database is restored by pg_restore.")]
pub(super) struct Restore {
    /// The backup, which stays as it is
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the database that is there; one that is damaged gets another name
    #[arg(long)]
    force: bool,
    /// Withdraw every grant, so that none that was withdrawn since the backup is good again; everybody logs in again
    #[arg(long)]
    end_grants: bool,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: OutputArgs,
}

impl Restore {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = self.which.settings(context)?;
        let restored = server::restore(&self.file, &config.database, self.force, self.end_grants);
        let copied = restored.await.map_err(copies::failed)?;
        let key = server::master_key_place(&config);
        let place = server::database_place(&config.database);
        copies::tell(&self.format, Path::new(&place), &copied, key.as_ref())?;
        if let Some(key) = &key {
            let key = output::tame(&key.to_string());
            output::note(&format!(
                "The server opens it with the master key of the time of the backup, which is to be in {key}."
            ));
        }
        Ok(())
    }
}
