//! Where obtained tokens are kept: one port, a store in memory and one in files, and one contract that every
//! store passes.

mod file;
mod memory;
mod stored;

use std::any::Any;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;

pub use file::FileTokens;
pub use memory::MemoryTokens;
pub use stored::StoredToken;

/// Keeps tokens by key. A store never prints or logs what it holds.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// The token of `key`. Takes no lock: what it returns was whole at some moment.
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError>;

    /// Keeps a token; when this returns, it survives a crash (in a store that outlives the process).
    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError>;

    /// Forgets the token of `key`, if there is one.
    async fn forget(&self, key: &TokenKey) -> Result<(), StoreError>;

    /// Waits for the lock of `key`, which everybody takes who means to renew its token. It is free again when
    /// the guard is dropped, or its process is gone.
    ///
    /// # Errors
    ///
    /// [`StoreError::Busy`] when it is not free before `patience` ends.
    async fn lock(&self, key: &TokenKey, patience: Duration) -> Result<TokenLock, StoreError>;

    /// Where the token of `key` is kept, for people.
    fn place(&self, key: &TokenKey) -> String;
}

/// Holds the lock of a key until it is dropped.
pub struct TokenLock(#[expect(dead_code, reason = "held for its destructor")] Box<dyn Any + Send>);

impl TokenLock {
    /// A lock that dropping `guard` frees.
    pub fn new(guard: impl Any + Send) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for TokenLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenLock")
    }
}

/// Names a stored token; also a file name: 1 to 64 of `a`–`z`, `A`–`Z`, `0`–`9`, `.`, `_`, `-`, not beginning with
/// a dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenKey(String);

impl TokenKey {
    /// Reads a key; `None` for what is not one.
    pub fn new(text: &str) -> Option<Self> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        let good =
            (1..=64).contains(&text.len()) && !text.starts_with('.') && text.bytes().all(allowed);
        good.then(|| Self(text.to_owned()))
    }

    /// The key of a session that was given none.
    pub(crate) fn session() -> Self {
        Self("session".to_owned())
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A store failed. None of these is mended by overwriting what is there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What is there cannot be read as a token.
    #[error("{}: damaged ({reason}); nothing was changed. Move the file away, then log in again", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
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
}

#[cfg(test)]
mod contract;
