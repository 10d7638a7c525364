//! What is kept of the login from one request to the next, and where a key file is named from one start to the next.

use std::path::{Path, PathBuf};

use gatepass_proto::Timestamp;

use super::LoginError;
use super::ended::Ended;
use super::key_file::KeyFile;
use super::seal::SealingKey;

/// The key, and what was logged out.
pub(super) struct Kept {
    pub(super) key: SealingKey,
    pub(super) ended: Ended,
    /// Held so that nobody else uses it.
    _file: Option<KeyFile>,
}

impl Kept {
    /// From this file and the one beside it; without one, until this process ends.
    pub(super) fn open(key_file: Option<&Path>, now: Timestamp) -> Result<Self, LoginError> {
        let Some(path) = key_file else {
            return Ok(Self {
                key: SealingKey::ephemeral(),
                ended: Ended::in_memory(),
                _file: None,
            });
        };
        let file = KeyFile::open(path)?;
        let list = logouts(path);
        let ended = Ended::in_file(&list, now)
            .map_err(|source| LoginError::Logouts { path: list, source })?;
        Ok(Self {
            key: file.key.clone(),
            ended,
            _file: Some(file),
        })
    }
}

/// The list of logouts beside a key file.
fn logouts(key_file: &Path) -> PathBuf {
    let mut name = key_file.as_os_str().to_owned();
    name.push(".logouts");
    PathBuf::from(name)
}
