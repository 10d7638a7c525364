//! What the guard has to ask others.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gatepass_proto::jose::KeySet;
use gatepass_proto::jose::access_token::AccessToken;
use gatepass_proto::{Digest, Scope, Secret, UserId};

/// Knows people and their passwords.
#[async_trait]
pub trait Users: Send + Sync {
    /// Whether `password` is that of `username`. It is asked for every request whose credentials are not
    /// remembered as right, so it charges the guess and bounds how many passwords are hashed at once.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when it cannot tell.
    async fn check(
        &self,
        username: &str,
        password: &Secret,
        from: Option<IpAddr>,
    ) -> Result<UserCheck, Unavailable>;
}

/// What came of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserCheck {
    /// It is this user's.
    Right {
        /// The user.
        subject: UserId,
        /// What a password of theirs opens.
        scope: Scope,
    },
    /// There is no such user, the password is another, or the account is locked: which, is not said.
    Wrong,
    /// Too many wrong guesses; nothing was checked, and nothing will be for so long.
    Throttled(Duration),
    /// Too many passwords are being checked at once.
    Busy,
}

/// Knows API keys.
#[async_trait]
pub trait ApiKeys: Send + Sync {
    /// Whose the key with this SHA-256 is; `None` when it is unknown, expired or withdrawn.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when it cannot tell.
    async fn find(&self, digest: &Digest) -> Result<Option<KeyHolder>, Unavailable>;
}

/// On whose behalf an API key acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    /// The user.
    pub subject: UserId,
    /// What the key opens.
    pub scope: Scope,
    /// What lists and logs call the key.
    pub name: String,
}

/// Knows access tokens that were withdrawn before their time. A guard beside the server's store has one and
/// sees a revocation at once; a guard that only has the keys sees it when the token expires.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// Whether a token that is genuine and in time is still good.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when it cannot tell.
    async fn is_live(&self, claims: &AccessToken) -> Result<bool, Unavailable>;
}

/// Knows opaque access tokens, of which nothing can be said without asking who issued them.
#[async_trait]
pub trait OpaqueTokens: Send + Sync {
    /// What the token with this SHA-256 is good for; `None` when it is unknown, expired or withdrawn.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when it cannot tell.
    async fn find(&self, digest: &Digest) -> Result<Option<AccessToken>, Unavailable>;
}

/// Knows the public keys of the issuer.
#[async_trait]
pub trait Keys: Send + Sync {
    /// The keys as they are now, with the one of this id if the issuer has published it. Who asks for an id that nobody
    /// knows may have invented it, so asking often must cost the issuer nothing.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] when no keys can be had.
    async fn current(&self, kid: Option<&str>) -> Result<Arc<KeySet>, Unavailable>;
}

/// Keys that never change.
#[derive(Clone, Debug)]
pub struct FixedKeys(Arc<KeySet>);

impl FixedKeys {
    /// These keys for ever.
    pub fn new(keys: KeySet) -> Self {
        Self(Arc::new(keys))
    }
}

#[async_trait]
impl Keys for FixedKeys {
    async fn current(&self, _: Option<&str>) -> Result<Arc<KeySet>, Unavailable> {
        Ok(self.0.clone())
    }
}

/// A port cannot answer. The guard lets nobody pass and answers 503.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unavailable: {reason}")]
pub struct Unavailable {
    /// Why, for the log alone.
    pub reason: String,
}

impl Unavailable {
    /// With the reason for the log.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
        }
    }
}
