//! Our own client against our own server, over sockets: how it proves itself, and to what its tokens are bound.

use std::time::Duration;

use gatepass_client::{ClientKey, Credential, Grant, OAuth, SecretRef, Session};
use gatepass_http::{OsEntropy, SystemClock};
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::jose::SigningKey;
use gatepass_proto::{Cx, Scope};
use gatepass_server::{Admin, Config, NewClient, Server};
use serde_json::json;
use tempfile::TempDir;

/// A server with the API of `--dev`; it ends with the test's runtime.
struct World {
    issuer: String,
    database: String,
    _folder: TempDir,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("gatepass.db").display().to_string();
        let mut config = Config::new(([127, 0, 0, 1], 0).into(), database.clone());
        config.dev = true;
        let server = Server::bind(&config).await.expect("it starts");
        let issuer = server.issuer().to_owned();
        tokio::spawn(server.run(std::future::pending()));
        Self {
            issuer,
            database,
            _folder: folder,
        }
    }

    /// Registers a client that acts for itself by this method, and gives what it knows of itself.
    async fn client(&self, method: &str, dpop: bool) -> OAuth {
        let scope: Scope = "read".parse().expect("a scope");
        let key = key();
        let details = ClientDetails {
            jwks: (method == "private_key_jwt").then(|| json!({ "keys": [key.jwk()] })),
            dpop_bound_access_tokens: dpop,
            ..ClientDetails::default()
        };
        let new = NewClient {
            client_id: None,
            client_name: "own".to_owned(),
            public: false,
            redirect_uris: Vec::new(),
            grant_types: vec!["client_credentials".to_owned()],
            scope: scope.clone(),
            default_scope: scope,
            resources: Vec::new(),
            require_pkce: true,
            json_body: false,
            auth_method: Some(method.to_owned()),
            details,
        };
        let admin = Admin::open(&self.database).await.expect("the database");
        let (client, secret) = admin.add_client(new).await.expect("a client");
        let secret = secret.map(|secret| SecretRef::given(secret.expose()));
        let issuer = Some(self.issuer.clone());
        let id = Some(client.client_id.to_string());
        let mut oauth = OAuth::new(issuer, id, secret, Grant::ClientCredentials);
        if method == "private_key_jwt" {
            let jwk = key.to_private_jwk().expect("a private key");
            oauth.client_key = Some(ClientKey {
                key: SecretRef::given(jwk.expose()),
                kid: None,
                alg: None,
            });
        }
        oauth.client_auth = Some(method.to_owned());
        oauth.dpop = dpop;
        oauth
    }

    fn session(&self, oauth: OAuth) -> Session {
        let session = Session::builder(Credential::from(oauth)).api(&self.issuer);
        session.build().expect("a session")
    }
}

fn key() -> SigningKey {
    let mut entropy = OsEntropy;
    let cx = &mut Cx::new(gatepass_http::Clock::now(&SystemClock), &mut entropy);
    SigningKey::generate("ES256", cx).expect("a key")
}

/// Each method, each with and without a key of the token's own; a token is good at the API, and another one after it.
#[tokio::test]
async fn every_method_opens_the_api() {
    let world = World::start().await;
    for method in [
        "client_secret_basic",
        "client_secret_post",
        "client_secret_jwt",
        "private_key_jwt",
    ] {
        for dpop in [false, true] {
            let oauth = world.client(method, dpop).await;
            let session = world.session(oauth);
            let token = session.token(Duration::ZERO).await;
            let token = token.unwrap_or_else(|error| panic!("{method} {dpop}: {error}"));
            let kind = if dpop { "DPoP" } else { "Bearer" };
            assert_eq!(token.token_type, kind, "{method}");
            for _ in 0..2 {
                let url = format!("{}/api/data", world.issuer);
                let answer = session.get(&url).send().await.expect("an answer");
                assert_eq!(answer.status(), 200, "{method} {dpop}");
            }
            let next = session.refresh().await.expect("another token");
            assert_ne!(next.access_token, token.access_token, "{method} {dpop}");
        }
    }
}

/// The wrong key or secret, and the right one for another method, are refused.
#[tokio::test]
async fn whoever_has_something_else_gets_nothing() {
    let world = World::start().await;
    for method in ["client_secret_jwt", "private_key_jwt"] {
        let mut oauth = world.client(method, false).await;
        let jwk = key().to_private_jwk().expect("a private key");
        oauth.client_key = oauth.client_key.map(|own| ClientKey {
            key: SecretRef::given(jwk.expose()),
            ..own
        });
        let wrong = SecretRef::given("0123456789012345678901234567890123456789");
        oauth.client_secret = oauth.client_secret.map(|_| wrong);
        let refused = world.session(oauth).token(Duration::ZERO).await;
        let error = refused.expect_err("refused").to_string();
        assert!(error.contains("invalid_client"), "{method}: {error}");
    }
    // A server that wants DPoP of a client says so to one that does not.
    let mut oauth = world.client("private_key_jwt", true).await;
    oauth.dpop = false;
    let refused = world.session(oauth).token(Duration::ZERO).await;
    let error = refused.expect_err("refused").to_string();
    assert!(error.contains("DPoP"), "{error}");
}
