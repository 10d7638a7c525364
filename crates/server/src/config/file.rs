//! The configuration file, with the environment over it.

use std::path::Path;

use gatepass_settings::{FileError, Source, of_table};
use toml::Table;
use url::Url;

use super::Config;
use super::environment::{self, merge};

/// Where every setting is documented.
const REFERENCE: &str = "server.toml";

/// The configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read, or says something that makes no sense.
    #[error(transparent)]
    File(#[from] FileError),
    /// The settings cannot be written down.
    #[error("the settings cannot be written as TOML: {0}")]
    Unwritable(String),
    /// A variable of the environment says something that makes no sense.
    #[error("environment variable {name}: {reason}")]
    Variable {
        /// Its name.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

impl Config {
    /// What `file` says, unless a variable of `environment` says something else; what neither says is as usual.
    ///
    /// A variable is named after its member, in capitals behind `GATEPASS_SERVE_`, with `__` between a table and its member:
    /// `GATEPASS_SERVE_LISTEN`, `GATEPASS_SERVE_LIFETIMES__ACCESS_TOKEN`. Its value is text, or TOML for what is no text.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`]. No message repeats what might be a secret.
    pub fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut table = match file {
            Some(path) => parse(path)?,
            None => Table::new(),
        };
        merge(&mut table, environment::variables(environment)?);
        // Each half has been read by itself already.
        read(table).map_err(environment::together)
    }
}

/// The file as a table, after it was found to make sense.
fn parse(path: &Path) -> Result<Table, FileError> {
    let source = Source::open(path, REFERENCE)?;
    let config: Config = source.read()?;
    if has_password(&config.database) {
        let reason = "a password does not belong in this file; put it into PGPASSWORD, or into the file that PGPASSFILE names, and leave it out here";
        return Err(source.fault_of("database", reason));
    }
    source.read()
}

fn has_password(database: &str) -> bool {
    without_password(database) != database
}

/// The database's address without a password.
pub(super) fn without_password(database: &str) -> String {
    let Ok(mut url) = Url::parse(database) else {
        return database.to_owned();
    };
    let is_secret = |name: &str| name == "password";
    if url.password().is_none() && !url.query_pairs().any(|(name, _)| is_secret(&name)) {
        return database.to_owned();
    }
    let pairs = url.query_pairs().into_owned();
    let pairs: Vec<_> = pairs.filter(|(name, _)| !is_secret(name)).collect();
    // What has no host has no password either.
    let _ = url.set_password(None);
    url.set_query(None);
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
    url.into()
}

/// The settings in a table, or what is wrong with them.
pub(super) fn read(table: Table) -> Result<Config, String> {
    of_table(table, REFERENCE)
}

#[cfg(test)]
mod tests;
