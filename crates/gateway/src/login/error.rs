use std::io;
use std::path::PathBuf;

use gatepass_client::SecretError;

use super::KeyFileError;

/// Why there can be no login.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// A setting cannot be used.
    #[error("{0}")]
    Setting(String),
    /// The client's secret cannot be read.
    #[error("client_secret: {0}")]
    Secret(#[from] SecretError),
    /// The key that sessions are sealed with cannot be had.
    #[error("key_file: {0}")]
    Key(#[from] KeyFileError),
    /// The list of logouts beside the key cannot be used.
    #[error("the list of logouts {path}: {source}", path = path.display())]
    Logouts {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
}
