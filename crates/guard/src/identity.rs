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
    /// Who issued the token: a subject is one person only together with this.
    pub issuer: Option<String>,
    /// When the user logged in, in seconds since 1970, where the token says so.
    pub auth_time: Option<u64>,
    /// How well (`acr`), where the token says so.
    pub acr: Option<String>,
    /// Who acts for the subject (RFC 8693 §4.1), where somebody does.
    pub act: Option<serde_json::Value>,
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
        /// All that the token says. `client_id` and `jti` are empty where an issuer leaves them out.
        claims: Arc<AccessToken>,
    },
    /// An API key.
    ApiKey {
        /// What lists and logs call the key.
        name: String,
    },
    /// A login with a browser at an OpenID provider, known again by a session of its own.
    Login {
        /// What the provider says of the person, as far as it is kept: `email`, `groups` …
        claims: Arc<serde_json::Map<String, serde_json::Value>>,
    },
}

impl Identity {
    /// Somebody of whom no token tells more.
    pub(crate) fn new(subject: String, scope: Scope, scheme: Scheme) -> Self {
        Self {
            subject,
            client_id: None,
            scope,
            issuer: None,
            auth_time: None,
            acr: None,
            act: None,
            scheme,
        }
    }

    /// Whoever a good token speaks for.
    pub(crate) fn of_token(claims: Arc<AccessToken>) -> Self {
        let client_id = Some(&claims.client_id).filter(|id| !id.as_str().is_empty());
        Self {
            client_id: client_id.cloned(),
            issuer: Some(claims.iss.clone()),
            auth_time: claims.auth_time,
            acr: claims.acr.clone(),
            act: claims.act.clone(),
            ..Self::new(
                claims.sub.clone(),
                claims.scope.clone(),
                Scheme::Bearer { claims },
            )
        }
    }
}
