use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use crate::Error;

/// The folders gatepass keeps its files in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `$XDG_CONFIG_HOME/gatepass`: the profiles.
    pub config: PathBuf,
    /// `$XDG_STATE_HOME/gatepass`: the tokens.
    pub state: PathBuf,
    /// `$XDG_CACHE_HOME/gatepass`: what can be had again.
    pub cache: PathBuf,
}

impl Paths {
    /// The folders of this person on this machine. On Windows both are under `%APPDATA%`.
    ///
    /// # Errors
    ///
    /// There is no home folder.
    pub fn of_this_user() -> Result<Self, Error> {
        let base = etcetera::choose_base_strategy().map_err(|_| {
            Error::Setup(
                "there is no home folder; set HOME, or XDG_CONFIG_HOME and XDG_STATE_HOME".into(),
            )
        })?;
        Ok(Self {
            config: base.config_dir().join("gatepass"),
            state: base
                .state_dir()
                .unwrap_or_else(|| base.data_dir())
                .join("gatepass"),
            cache: base.cache_dir().join("gatepass"),
        })
    }

    /// All folders under one.
    pub fn under(folder: &Path) -> Self {
        Self {
            config: folder.join("config"),
            state: folder.join("state"),
            cache: folder.join("cache"),
        }
    }

    /// The file of the profiles.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The folder of what servers publish: their metadata and keys.
    pub fn documents(&self) -> PathBuf {
        self.cache.join("documents")
    }

    /// The folder of the tokens.
    pub fn tokens(&self) -> PathBuf {
        self.state.join("tokens")
    }
}
