//! The configuration file.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Config;

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
    /// A setting makes sense by itself, but not with the others, or what it names cannot be used.
    #[error("{setting}: {reason}")]
    Setting {
        /// The setting, as the file calls it.
        setting: &'static str,
        /// What is wrong, and what to do.
        reason: String,
    },
}

impl ConfigError {
    pub(crate) fn setting(setting: &'static str, reason: impl ToString) -> Self {
        Self::Setting {
            setting,
            reason: reason.to_string(),
        }
    }
}

impl Config {
    /// What `path` says; what it does not say is as usual.
    ///
    /// # Errors
    ///
    /// See [`ConfigError`]. No message repeats what might be a secret.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = text(path)?;
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            let (line, column) = position(&text, at);
            ConfigError::Malformed {
                path: path.to_owned(),
                line,
                column,
                reason: said(error.message()),
            }
        })
    }

    /// The settings as the file has them, the usual ones too.
    ///
    /// # Errors
    ///
    /// A path is no text, or a secret was given by the program.
    pub fn to_toml(&self) -> Result<String, ConfigError> {
        toml::to_string(self).map_err(|error| ConfigError::Unwritable(error.to_string()))
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

/// The line and column of a byte, from 1.
fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before.get(start..).unwrap_or_default().chars().count();
    (before.matches('\n').count() + 1, column + 1)
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
            "unknown setting {name:?}; every setting there is stands in the reference file guard.toml"
        ),
    }
}
