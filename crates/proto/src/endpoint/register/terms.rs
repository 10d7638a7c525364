//! On what terms clients register themselves.

use serde_json::{Map, Value};

use crate::message::metadata::ServerMetadata;
use crate::{ClientId, Scope};

/// Who may register a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// Nobody but an operator.
    #[default]
    Closed,
    /// Whoever has an initial access token.
    Invited,
    /// Everybody.
    Open,
}

/// What clients may be that register themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationPolicy {
    /// Who may register one.
    pub admission: Admission,
    /// The most that one may ask for; what the server's metadata names where this is empty.
    pub scope: Scope,
    /// Whether PKCE is demanded of those that can keep a secret; of the others it always is.
    pub require_pkce: bool,
}

impl Default for RegistrationPolicy {
    fn default() -> Self {
        Self {
            admission: Admission::Closed,
            scope: Scope::empty(),
            require_pkce: true,
        }
    }
}

/// The policy, and what the server says of itself: no client may register what is not there.
#[derive(Clone, Debug)]
pub struct Terms {
    pub(super) policy: RegistrationPolicy,
    served: Map<String, Value>,
    endpoint: String,
    /// Whether this server is one on this machine, without TLS: then so may a client's documents be.
    pub(super) is_local: bool,
}

impl Terms {
    /// The terms of a server that publishes `served` and takes registrations at `endpoint`.
    pub fn new(
        policy: RegistrationPolicy,
        served: &ServerMetadata,
        endpoint: impl Into<String>,
    ) -> Self {
        let is_local = served.issuer.starts_with("http://");
        let served = match serde_json::to_value(served) {
            Ok(Value::Object(served)) => served,
            _ => Map::new(),
        };
        Self {
            policy,
            served,
            endpoint: endpoint.into(),
            is_local,
        }
    }

    /// The values that the server lists under this name.
    pub(super) fn listed(&self, name: &str) -> Vec<&str> {
        let list = self.served.get(name).and_then(Value::as_array);
        let values = list.into_iter().flatten();
        values.filter_map(Value::as_str).collect()
    }

    /// Whether the server says anything under this name that is not no.
    pub(super) fn has(&self, name: &str) -> bool {
        match self.served.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Array(list)) => !list.is_empty(),
            Some(_) => true,
        }
    }

    /// `registration_client_uri`.
    pub(super) fn place_of(&self, client_id: &ClientId) -> String {
        format!("{}/{client_id}", self.endpoint)
    }
}
