//! The server's own keys: made at the first start, sealed in the database, opened at each start, and replaced in good time
//! while the server runs.
//!
//! `schedule.rs` says when, `making.rs` makes them, `keeping.rs` adds and deletes them, `opened.rs` opens them, `live.rs` is
//! what follows from them at one moment, and `keyring.rs` looks again each second.

mod keeping;
mod keyring;
mod live;
mod making;
mod opened;
pub(crate) mod schedule;
#[cfg(test)]
mod schedule_tests;
mod settings;

pub(crate) use keeping::Keeping;
pub(crate) use keyring::Keyring;
pub(crate) use live::Live;
pub(crate) use making::{TOGETHER, new_key};
pub(crate) use opened::{Opened, sealed_keys};
pub use settings::KeyRotation;
pub(crate) use settings::Settings;

use std::time::Duration;

use gatepass_proto::decide::record::SealedKey;
use gatepass_proto::id_token;
use gatepass_proto::jose::BadKey;
use gatepass_store::StoreError;

use crate::seal::SealError;

/// For how long whoever fetches the published keys may remember them.
pub(crate) const JWKS_MAX_AGE: Duration = Duration::from_secs(300);

const SIGN: &str = "sign";
const REFRESH: &str = "refresh";

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Signs, by this algorithm.
    Sign(&'static str),
    /// Derives refresh tokens.
    Refresh,
}

impl Use {
    /// Whatever there are keys for.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let signing = id_token::ALGORITHMS.into_iter().map(Self::Sign);
        signing.chain([Self::Refresh])
    }

    /// What this key is for; `None` for one of a newer gatepass.
    pub(crate) fn of(key: &SealedKey) -> Option<Self> {
        match key.purpose.as_str() {
            SIGN => Self::sign(&key.alg),
            REFRESH => Some(Self::Refresh),
            _ => None,
        }
    }

    /// To sign by the algorithm of this name, if it is one that is signed with here.
    pub(crate) fn sign(alg: &str) -> Option<Self> {
        let mut known = id_token::ALGORITHMS.into_iter();
        known.find(|own| *own == alg).map(Self::Sign)
    }

    pub(crate) fn purpose(self) -> &'static str {
        match self {
            Self::Sign(_) => SIGN,
            Self::Refresh => REFRESH,
        }
    }

    pub(crate) fn alg(self) -> &'static str {
        match self {
            Self::Sign(alg) => alg,
            Self::Refresh => "HS256",
        }
    }
}

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They do not open.
    #[error("{0}")]
    Sealed(String),
}

impl From<SealError> for KeysError {
    fn from(error: SealError) -> Self {
        Self::Sealed(error.to_string())
    }
}

impl From<BadKey> for KeysError {
    fn from(bad: BadKey) -> Self {
        Self::Sealed(bad.to_string())
    }
}
