//! Our own server as the OpenID provider.

use std::net::SocketAddr;

use gatepass_gateway::login::{Allow, LoginSettings};
use gatepass_proto::ClientId;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_server::{Admin, ClaimChanges, Config, DevSet, NewClient, Server};
use tempfile::TempDir;
use url::Url;

use crate::browser::Browser;
use crate::service::{Place, Service, given};

pub(crate) struct Provider {
    pub(crate) issuer: String,
    pub(crate) set: DevSet,
    pub(crate) admin: Admin,
    pub(crate) folder: TempDir,
}

/// What a client is registered with besides its redirect URI.
#[derive(Clone, Copy, Default)]
pub(crate) struct Registered {
    /// The provider tells it of logouts.
    pub(crate) told: bool,
    /// Where the browser may go after one.
    pub(crate) onward: bool,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("gatepass.db").display().to_string();
        let mut config = Config::new(SocketAddr::from(([127, 0, 0, 1], 0)), database.as_str());
        config.dev = true;
        config.outbound.allow_private_hosts = true;
        let server = Server::bind(&config).await.expect("it starts");
        let (issuer, set) = (server.issuer().to_owned(), server.dev_set().cloned());
        tokio::spawn(server.run(std::future::pending()));
        let admin = Admin::open(&database).await.expect("the database");
        let set = set.expect("with dev");
        let provider = Self {
            issuer,
            set,
            admin,
            folder,
        };
        provider
            .says(&[("email", "dev@example.com"), ("email_verified", "true")])
            .await;
        provider
    }

    /// Sets claims of the one person.
    pub(crate) async fn says(&self, claims: &[(&str, &str)]) {
        let mut changes = ClaimChanges::new();
        for (name, text) in claims {
            changes.set(name, text).expect("a claim");
        }
        self.admin
            .set_claims(&self.set.user, &changes)
            .await
            .expect("set");
    }

    /// The settings of a client that is registered for this place.
    pub(crate) async fn settings(&self, place: &Place, registered: Registered) -> LoginSettings {
        let mut details = ClientDetails::default();
        if registered.told {
            details.backchannel_logout_uri = Some(place.at("/.gatepass/backchannel_logout"));
        }
        if registered.onward {
            details.post_logout_redirect_uris = vec![place.at("/.gatepass/logged_out")];
        }
        let new = NewClient {
            client_id: None,
            client_name: "Service".to_owned(),
            public: false,
            redirect_uris: vec![place.at("/.gatepass/callback")],
            grant_types: vec!["authorization_code".to_owned()],
            scope: "openid email profile".parse().expect("a scope"),
            default_scope: "openid".parse().expect("a scope"),
            resources: Vec::new(),
            require_pkce: true,
            json_body: false,
            auth_method: None,
            details,
        };
        let (client, secret) = self.admin.add_client(new).await.expect("registered");
        let id = ClientId::new(client.client_id.as_str());
        LoginSettings {
            client_secret: given(secret.expect("a secret").expose()),
            ..LoginSettings::new(self.issuer.as_str(), id, Allow::Everyone)
        }
    }

    /// A service with the usual settings.
    pub(crate) async fn service(&self, registered: Registered) -> Service {
        let place = Place::new().await;
        let settings = self.settings(&place, registered).await;
        place.serve(settings).await
    }

    /// A browser, and the person before it.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new()
            .typing("username", &self.set.user)
            .typing("password", &self.set.password)
    }

    pub(crate) fn at(&self, path: &str) -> Url {
        format!("{}{path}", self.issuer).parse().expect("a URL")
    }
}
