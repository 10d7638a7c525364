//! The configuration file, with the environment over it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use toml::Table;
use url::Url;

use super::Config;
use super::environment::{self, merge};

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The file says something that makes no sense.
    #[error("{}:{line}:{column}: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
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
            Some(path) => parse(&text(path)?, path)?,
            None => Table::new(),
        };
        merge(&mut table, environment::variables(environment)?);
        // Each half has been read by itself already.
        read(table).map_err(environment::together)
    }
}

fn text(path: &Path) -> Result<String, ConfigError> {
    let fault = |reason: String| ConfigError::File {
        path: path.to_owned(),
        reason,
    };
    let file = std::fs::File::open(path).map_err(|error| fault(error.to_string()))?;
    let mut text = String::new();
    let read = file.take(MAX_FILE + 1).read_to_string(&mut text);
    read.map_err(|error| fault(error.to_string()))?;
    if text.len() as u64 > MAX_FILE {
        return Err(fault(format!("it is larger than {MAX_FILE} bytes")));
    }
    Ok(text)
}

/// The file as a table, after it was found to make sense.
fn parse(text: &str, path: &Path) -> Result<Table, ConfigError> {
    let malformed = |at: usize, reason: String| {
        let before = text.get(..at).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(start..).unwrap_or_default().chars().count();
        ConfigError::Malformed {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: column + 1,
            reason,
        }
    };
    let fault = |error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        malformed(at, said(error.message()))
    };
    let config: Config = toml::from_str(text).map_err(fault)?;
    if has_password(&config.database) {
        let at = text.find("database").unwrap_or_default();
        let reason = "a password does not belong in this file; put it into PGPASSWORD, or into the file that PGPASSFILE names, and leave it out here";
        return Err(malformed(at, reason.to_owned()));
    }
    toml::from_str(text).map_err(fault)
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
    table
        .try_into()
        .map_err(|error: toml::de::Error| said(error.message()))
}

/// What the parser said, with the likeliest member in place of all of them.
fn said(message: &str) -> String {
    let unknown = message
        .trim()
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split_once('`'));
    let Some((name, known)) = unknown else {
        return message.trim().to_owned();
    };
    let known = known.split('`').skip(1).step_by(2);
    let likeliest = known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match likeliest {
        Some((likeness, likeliest)) if likeness > 0.7 => {
            format!("unknown setting {name:?}; did you mean {likeliest:?}?")
        }
        _ => format!(
            "unknown setting {name:?}; every setting there is stands in the reference file server.toml"
        ),
    }
}

#[cfg(test)]
mod tests;
