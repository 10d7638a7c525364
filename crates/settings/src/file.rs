use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;
/// How like a setting a misspelt one has to be for it to be named.
const LIKELY: f64 = 0.7;

/// A settings file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read the configuration file {}: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It says something that makes no sense.
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
}

/// A settings file that was read, and whose text may make sense.
#[derive(Debug)]
pub struct Source<'a> {
    path: &'a Path,
    text: String,
    reference: &'a str,
}

impl<'a> Source<'a> {
    /// The file at `path`. The file `reference` in the documentation has every setting there is.
    ///
    /// # Errors
    ///
    /// [`FileError::Unreadable`], for a file that is too long too.
    pub fn open(path: &'a Path, reference: &'a str) -> Result<Self, FileError> {
        let fault = |reason: String| FileError::Unreadable {
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
        Ok(Self {
            path,
            text,
            reference,
        })
    }

    /// Its settings.
    ///
    /// # Errors
    ///
    /// [`FileError::Malformed`].
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, FileError> {
        toml::from_str(&self.text).map_err(|error: toml::de::Error| {
            let at = error.span().map_or(0, |span| span.start);
            self.fault(at, said(error.message(), self.reference))
        })
    }

    /// What is wrong with the setting of this name, where it stands first.
    pub fn fault_of(&self, setting: &str, reason: impl Into<String>) -> FileError {
        self.fault(self.text.find(setting).unwrap_or_default(), reason.into())
    }

    fn fault(&self, at: usize, reason: String) -> FileError {
        let before = self.text.get(..at).unwrap_or(&self.text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(start..).unwrap_or_default().chars().count();
        FileError::Malformed {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: column + 1,
            reason,
        }
    }
}

/// The settings in a table that comes from a file and from elsewhere.
///
/// # Errors
///
/// What is wrong with them.
pub fn of_table<T: DeserializeOwned>(table: toml::Table, reference: &str) -> Result<T, String> {
    let read = table.try_into();
    read.map_err(|error: toml::de::Error| said(error.message(), reference))
}

/// What the parser said, with the likeliest setting in place of all of them.
fn said(message: &str, reference: &str) -> String {
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
        Some((likeness, likeliest)) if likeness > LIKELY => {
            format!("unknown setting {name:?}; did you mean {likeliest:?}?")
        }
        _ => format!(
            "unknown setting {name:?}; every setting there is stands in the reference file {reference}"
        ),
    }
}
