use std::sync::Arc;

use gatepass_proto::jose::access_token::AccessToken;
use gatepass_proto::{ClientId, Scope};

/// On whose behalf a request that has passed the guard is made. It stands in the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user; for a token that a client obtained for itself, the client (RFC 9068 §2.2).
    pub subject: String,
    /// The client that holds the token, where there is one.
    pub client_id: Option<ClientId>,
    /// What the credentials open, which may be more than was required.
    pub scope: Scope,
    /// By which credentials.
    pub scheme: Scheme,
}

/// The kind of credentials that were good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// A username and password (RFC 7617).
    Basic {
        /// The name that was typed.
        username: String,
    },
    /// An access token (RFC 6750, RFC 9068); bound to a key where `claims.cnf` says so (RFC 9449).
    Bearer {
        /// All that the token says.
        claims: Arc<AccessToken>,
    },
    /// An API key.
    ApiKey {
        /// What lists and logs call the key.
        name: String,
    },
}
