//! Where obtained tokens are kept: one port, the stores behind it, and one contract that every store passes.
//!
//! * [`MemoryTokens`] keeps them while the program runs.
//! * [`FileTokens`] keeps them in files, sealed with a key in the OS keyring or in a file of its own.
//! * [`KeyringTokens`] keeps them in the OS keyring.
//! * `PostgresTokens` (feature `postgres`) keeps them in a database, shared by a fleet of machines.
//!
//! [`Place`] names one of these in `config.toml`.

#[cfg(feature = "contract")]
pub mod contract;
mod data_key;
mod error;
mod failed;
mod file;
mod folder;
mod keyring;
mod memory;
mod os_keyring;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod seal;
mod stored;

use std::any::Any;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use gatepass_proto::{Digest, Scope};

pub use error::StoreError;
pub use failed::FailedRenewal;
pub use file::FileTokens;
pub use keyring::KeyringTokens;
pub use memory::MemoryTokens;
pub use os_keyring::Keyring;
pub(crate) use os_keyring::SERVICE as KEYRING_SERVICE;
pub use place::Place;
#[cfg(feature = "postgres")]
pub use postgres::PostgresTokens;
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

    /// The keys that have a token, in order; those too that stand beside another.
    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError>;

    /// Where and how the token of `key` is kept, for people.
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

/// How many characters of a scope's digest are in a key.
const SCOPE_DIGEST: usize = 16;

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

    /// The key of what belongs to this one's token: no profile can be named so, for `~` stands in no name.
    pub(crate) fn beside(&self, what: &str) -> Self {
        Self(format!("{}~{what}", self.0))
    }

    /// The key of this one's token for a scope of its own.
    pub(crate) fn for_scope(&self, scope: &Scope) -> Self {
        let mut words: Vec<&str> = scope.iter().collect();
        words.sort_unstable();
        let mut digest = Digest::of(words.join(" ")).to_base64url();
        digest.truncate(SCOPE_DIGEST);
        self.beside(&digest)
    }

    /// Whether it is the key of `owner`'s token for a scope of its own. Nothing else that stands beside a key has a
    /// name of that length.
    pub(crate) fn is_for_a_scope_of(&self, owner: &Self) -> bool {
        let what = self.0.strip_prefix(owner.as_str());
        let what = what.and_then(|rest| rest.strip_prefix('~'));
        what.is_some_and(|what| what.len() == SCOPE_DIGEST)
    }

    /// Reads the key of something that a store has: of a token, or of what stands beside it.
    pub(crate) fn kept(text: &str) -> Option<Self> {
        let mut parts = text.split('~');
        parts
            .all(|part| Self::new(part).is_some())
            .then(|| Self(text.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::TokenKey;

    #[test]
    fn keys_are_file_names_and_nothing_else() {
        for good in ["a", "work", "a.b-c_D9"] {
            assert!(TokenKey::new(good).is_some(), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            ".hidden",
            "a/b",
            "a\\b",
            "a b",
            "é",
            "a\0",
            &"x".repeat(65),
        ] {
            assert!(TokenKey::new(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn the_keys_of_scopes_are_known_by_their_owner() {
        let owner = TokenKey::session();
        let scoped = owner.for_scope(&"read write".parse().expect("a scope"));
        assert_eq!(TokenKey::kept(scoped.as_str()), Some(scoped.clone()));
        assert!(scoped.is_for_a_scope_of(&owner));
        let registration = owner.beside("client-0123456789abcdef");
        let other = TokenKey::new("sess").expect("a key");
        for (key, owner) in [
            (&owner, &owner),
            (&owner.beside("login"), &owner),
            (&registration, &owner),
            (&scoped, &other),
            (&scoped, &scoped),
        ] {
            assert!(!key.is_for_a_scope_of(owner), "{key:?} {owner:?}");
        }
        for bad in ["~", "a~", "~a", "a~.b", "a~b/c"] {
            assert!(TokenKey::kept(bad).is_none(), "{bad}");
        }
    }
}
