//! Copies of a whole database, and back.

use std::path::{Path, PathBuf};

use gatepass_http::{Clock as _, SystemClock};
use gatepass_store::{Copied, Restore, SqliteStore};

use super::AdminError;
use crate::config::{Config, KeySource, MASTER_KEY};

/// Copies the database at an address to a file while servers use it; see [`SqliteStore::back_up`].
///
/// # Errors
///
/// It is not a file, for which there are better tools; or the copy cannot be made.
pub async fn back_up(database: &str, to: &Path, replace: bool) -> Result<Copied, AdminError> {
    let file = file(
        database,
        "pg_dump --format=custom --schema=gatepass --file=FILE",
    )?;
    Ok(SqliteStore::back_up(&file, to, replace).await?)
}

/// Puts a backup in the place of the database at an address, which no server may be using; see [`SqliteStore::restore`].
///
/// # Errors
///
/// It is not a file, for which there are better tools; or the backup cannot take its place.
pub async fn restore(
    backup: &Path,
    database: &str,
    replace: bool,
    end_grants: bool,
) -> Result<Copied, AdminError> {
    let file = file(
        database,
        "pg_restore --clean --if-exists --dbname=NAME FILE",
    )?;
    let how = Restore {
        replace,
        end_grants,
        at: SystemClock.now(),
    };
    Ok(SqliteStore::restore(backup, &file, how).await?)
}

/// Where the master key is that seals what is secret in the database, which no copy of that contains.
pub fn master_key_place(config: &Config) -> Option<KeySource> {
    let beside = || config.beside_database(MASTER_KEY).map(KeySource::File);
    config.master_key.clone().or_else(beside)
}

fn file(database: &str, otherwise: &str) -> Result<PathBuf, AdminError> {
    gatepass_store::file(database).ok_or_else(|| {
        let place = gatepass_store::place(database);
        AdminError::Invalid(format!(
            "{place}: only a SQLite database is one file; for PostgreSQL use `{otherwise}`, or `gatepass admin export` to move to another database"
        ))
    })
}
