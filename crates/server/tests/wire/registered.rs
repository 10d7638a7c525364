//! Clients that a test registers for itself.

use gatepass_proto::Scope;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_server::NewClient;

use crate::pairs::Pairs;
use crate::wire::Call;
use crate::world::World;

/// What a client is registered with.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) grants: Vec<String>,
    pub(crate) scope: &'static str,
    pub(crate) resources: Vec<String>,
    pub(crate) public: bool,
    pub(crate) details: ClientDetails,
}

/// A registered client.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) client_id: String,
    pub(crate) secret: String,
}

impl Registration {
    pub(crate) fn new(grants: &[&str], details: ClientDetails) -> Self {
        Self {
            grants: grants.iter().map(ToString::to_string).collect(),
            scope: "openid read write offline_access",
            resources: Vec::new(),
            public: false,
            details,
        }
    }
}

impl Registered {
    /// A post of this client with HTTP Basic.
    pub(crate) fn call(&self, path: &str, pairs: &[(&str, &str)]) -> Call {
        Call::post(path)
            .basic(&self.client_id, &self.secret)
            .form(&Pairs::of(pairs))
    }
}

impl World {
    pub(crate) async fn register(&self, registration: Registration) -> Registered {
        let scope: Scope = registration.scope.parse().expect("a scope");
        let new = NewClient {
            client_id: None,
            client_name: "Registered".to_owned(),
            public: registration.public,
            redirect_uris: Vec::new(),
            grant_types: registration.grants,
            default_scope: scope.clone(),
            scope,
            resources: registration.resources,
            require_pkce: false,
            json_body: false,
            auth_method: None,
            details: registration.details,
        };
        let admin = self.admin().await;
        let (client, secret) = admin.add_client(new).await.expect("registered");
        Registered {
            client_id: client.client_id.as_str().to_owned(),
            secret: secret.map_or_else(String::new, |secret| secret.expose().to_owned()),
        }
    }

    /// Locks the ready-made user's account.
    pub(crate) async fn lock_user(&self) {
        let admin = self.admin().await;
        admin.lock_user(&self.set().user).await.expect("locked");
    }
}
