//! The configuration file.

use std::path::Path;

use gatepass_settings::{FileError, Source};

use super::Config;

/// Where every setting is documented.
const REFERENCE: &str = "guard.toml";

/// The configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read, or says something that makes no sense.
    #[error(transparent)]
    File(#[from] FileError),
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
        Ok(Source::open(path, REFERENCE)?.read()?)
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
