//! The server's settings, as far as they bear on a judgement.

use std::time::Duration;

use super::record::Client;
use super::{Pairwise, RefreshKeys};
use crate::jose::KeySet;

/// What a judgement is made by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The issuer, exactly as it stands in every token and answer.
    pub issuer: String,
    /// The URL of the token endpoint, as it is published.
    pub token_endpoint: String,
    /// The URL of the pushed authorization request endpoint, as it is published.
    pub par_endpoint: String,
    /// The audience of tokens whose request names no resource.
    pub default_audience: String,
    /// The public keys of the tokens it has issued.
    pub keys: KeySet,
    /// The keys that refresh tokens are derived with.
    pub refresh_keys: RefreshKeys,
    /// The key of the names that people have towards clients with pairwise subjects.
    pub pairwise: Pairwise,
    /// Lifetimes.
    pub lifetimes: Lifetimes,
    /// How authorization requests come, and what they may ask for.
    pub requests: Requests,
    /// How tokens look, and what ends them.
    pub tokens: Tokens,
    /// Whose assertions are taken in place of a person's consent (RFC 7523 §2.1).
    pub trusted_issuers: Vec<TrustedIssuer>,
}

/// Somebody else whose word about our users is taken.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    /// The `iss` of its assertions.
    pub issuer: String,
    /// The keys that it signs them with.
    pub keys: KeySet,
}

/// What holds for the authorization requests of every client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Whether each must be pushed ahead of the browser (`require_pushed_authorization_requests`, RFC 9126 §5).
    pub require_pushed_authorization_requests: bool,
    /// The types of `authorization_details` there are (RFC 9396 §10); a client may use those of them that it registered.
    pub authorization_details_types: Vec<String>,
}

/// What holds for the tokens of every client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// The resources besides the server's default audience that every client may ask tokens for (RFC 8707).
    pub resources: Vec<String>,
    /// The resources whose access tokens are opaque: whoever has one has to ask the server what it is good for.
    pub opaque_resources: Vec<String>,
    /// Which grants end when the login ends that they came from.
    pub end_grants_at_logout: EndGrants,
}

/// Which grants end with the login that they came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EndGrants {
    /// None: a logout is from this server and from the clients that are told, and nothing else.
    None,
    /// Those that were not asked for with `offline_access` (OpenID Connect Back-Channel Logout 1.0 §2.7).
    #[default]
    Online,
    /// All.
    All,
}

/// The longest life of access tokens that a client may have of its own: the keys that signed them are kept for so long.
pub const LONGEST_OWN_TTL: Duration = Duration::from_secs(24 * 3600);

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
    /// Logins that a person confirms on another device (RFC 8628, CIBA).
    pub elsewhere: Duration,
    /// How long a pushed request waits for its browser (`expires_in`, RFC 9126 §2.2).
    pub pushed_request: Duration,
    /// How long a person may take from there to the answer: to log in and to read.
    pub interaction: Duration,
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
            elsewhere: Duration::from_secs(10 * 60),
            pushed_request: Duration::from_secs(90),
            interaction: Duration::from_secs(30 * 60),
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
        let own = client.access_token_ttl.map(Duration::from_secs);
        own.map_or(self.lifetimes.access_token, |own| own.min(LONGEST_OWN_TTL))
    }

    /// The grace of this client's refresh tokens.
    pub fn refresh_grace(&self, client: &Client) -> Duration {
        client
            .refresh_grace
            .map_or(self.lifetimes.refresh_grace, Duration::from_secs)
    }
}
