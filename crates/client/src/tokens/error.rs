use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::SecretError;

/// A store failed. None of these is mended by overwriting what is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What is there cannot be read as a token, or as the key that tokens are sealed with.
    #[error("{place}: damaged ({reason}); nothing was changed. Move it away, then log in again")]
    Damaged {
        /// The file, the entry of the keyring or the row.
        place: String,
        /// What is wrong, without its content.
        reason: String,
    },
    /// Others could read or replace what is there.
    #[error("{}: {reason}; nothing was read or changed", .path.display())]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong and how to mend it.
        reason: String,
    },
    /// The file system failed.
    #[error("{}: {reason}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        reason: String,
    },
    /// Another process holds the lock.
    #[error("another process has been renewing {key:?} for more than {} s; try again", .waited.as_secs())]
    Busy {
        /// Whose lock.
        key: String,
        /// How long was waited.
        waited: Duration,
    },
    /// The token is longer than the store takes.
    #[error("the token of {key:?} takes {len} bytes, and {place} takes {max}; keep it elsewhere")]
    TooLong {
        /// Whose token.
        key: String,
        /// How long it is, as it would be kept.
        len: usize,
        /// What takes no more.
        place: &'static str,
        /// How long it may be.
        max: usize,
    },
    /// The keyring of the operating system does not answer, or refuses. What it holds is as it was.
    #[error("{wanted}, but the OS keyring cannot be used: {reason}. Start or unlock it{instead}")]
    Keyring {
        /// What it was asked for.
        wanted: String,
        /// What it said.
        reason: String,
        /// What else can be done, after a comma; empty when nothing can.
        instead: &'static str,
    },
    /// The database does not answer; what it holds is as it was. It may answer later.
    #[error("{place} does not answer: {reason}; try again")]
    Unavailable {
        /// Which database, without user and password.
        place: String,
        /// What it said.
        reason: String,
    },
    /// The database cannot be used as it is given, or a newer gatepass has its tables.
    #[error("{place} cannot be used: {reason}")]
    Unusable {
        /// Which database, without user and password.
        place: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The lock was lost on the way, and somebody else has saved or forgotten the token since: theirs is newer.
    #[error(
        "another process renewed {key:?} while the connection that held its lock was lost; its token is kept, this one is not"
    )]
    Superseded {
        /// Whose token.
        key: String,
    },
    /// The address of the database, or the key to seal with, cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl StoreError {
    /// Whether the same may succeed later.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. } | Self::Unavailable { .. } | Self::Superseded { .. }
        )
    }

    pub(super) fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }

    pub(super) fn damaged(place: impl std::fmt::Display, reason: impl Into<String>) -> Self {
        Self::Damaged {
            place: place.to_string(),
            reason: reason.into(),
        }
    }
}
