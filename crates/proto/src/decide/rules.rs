//! The server's settings, as far as they bear on a judgement.

use std::time::Duration;

use super::RefreshKeys;
use super::record::Client;
use crate::jose::KeySet;

/// What a judgement is made by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The issuer, exactly as it stands in every token and answer.
    pub issuer: String,
    /// The audience of tokens whose request names no resource.
    pub default_audience: String,
    /// The public keys of the tokens it has issued.
    pub keys: KeySet,
    /// The keys that refresh tokens are derived with.
    pub refresh_keys: RefreshKeys,
    /// Lifetimes.
    pub lifetimes: Lifetimes,
}

/// How long things live, unless their client says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Access tokens.
    pub access_token: Duration,
    /// Authorization codes; RFC 6749 §4.1.2 allows ten minutes at most.
    pub code: Duration,
    /// Authorization codes that a person carries over by hand.
    pub code_by_hand: Duration,
    /// Refresh families, from the consent on.
    pub refresh: Duration,
    /// Refresh families that nobody uses.
    pub refresh_idle: Duration,
    /// For how long after a rotation the token before it still gives the same successor.
    pub refresh_grace: Duration,
    /// Browser sessions.
    pub session: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            access_token: Duration::from_secs(10 * 60),
            code: Duration::from_secs(60),
            code_by_hand: Duration::from_secs(5 * 60),
            refresh: Duration::from_secs(90 * 24 * 3600),
            refresh_idle: Duration::from_secs(30 * 24 * 3600),
            refresh_grace: Duration::from_secs(30),
            session: Duration::from_secs(12 * 3600),
        }
    }
}

impl Rules {
    /// How long a code lives.
    pub fn code_ttl(&self, by_hand: bool) -> Duration {
        if by_hand {
            self.lifetimes.code_by_hand
        } else {
            self.lifetimes.code
        }
    }

    /// How long this client's access tokens live.
    pub fn access_token_ttl(&self, client: &Client) -> Duration {
        client
            .access_token_ttl
            .map_or(self.lifetimes.access_token, Duration::from_secs)
    }

    /// The grace of this client's refresh tokens.
    pub fn refresh_grace(&self, client: &Client) -> Duration {
        client
            .refresh_grace
            .map_or(self.lifetimes.refresh_grace, Duration::from_secs)
    }
}
