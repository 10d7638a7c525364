//! ID tokens as a server writes them (OpenID Connect Core 1.0 §2, §3.1.3.6).

use super::{IdClaims, half_hash};
use crate::Secret;

/// What this server signs with: ID tokens and signed UserInfo as their client registered, access tokens as the operator
/// says. The first is meant where a client registered none (OpenID Connect Registration 1.0 §2).
pub const ALGORITHMS: [&str; 4] = ["RS256", "ES256", "EdDSA", "PS256"];

/// The `typ` of an ID token, which says no more than that it is a JWT.
pub const TYP: &str = "JWT";

/// An ID token that is to be signed once everything that it says is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdToken {
    /// By which algorithm, one of [`ALGORITHMS`].
    pub alg: &'static str,
    /// What it says, but for `at_hash`.
    pub claims: IdClaims,
}

impl IdToken {
    /// The claims for the access token that goes with it, with its `at_hash` (§3.1.3.6).
    #[must_use]
    pub fn beside(self, access_token: &Secret) -> IdClaims {
        let mut claims = self.claims;
        if let Some(hash) = half_hash(self.alg, access_token) {
            claims.extra.insert("at_hash".to_owned(), hash.into());
        }
        claims
    }
}

/// The algorithm of this name, or the default where none is registered; `None` for one that nobody here signs with.
pub fn algorithm(registered: Option<&str>) -> Option<&'static str> {
    let [default, ..] = ALGORITHMS;
    registered.map_or(Some(default), |name| {
        ALGORITHMS.into_iter().find(|own| *own == name)
    })
}
