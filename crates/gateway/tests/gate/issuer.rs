//! An authorization server, as far as the guard sees one: metadata, keys, introspection.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Form, State};
use axum::routing::{get, post};
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::Cx;
use gatepass_proto::jose::SigningKey;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::api::{Document, document};

/// The issuer.
pub(crate) struct Issuer {
    pub(crate) url: String,
    key: SigningKey,
    /// Opaque tokens, and what is said of them.
    pub(crate) opaque: Arc<Mutex<HashMap<String, Value>>>,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Seen {
    url: String,
    keys: Value,
    opaque: Arc<Mutex<HashMap<String, Value>>>,
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let key = SigningKey::generate("ES256", &mut Cx::new(SystemClock.now(), &mut OsEntropy));
        let key = key.expect("a key");
        let opaque = Arc::new(Mutex::new(HashMap::new()));
        let seen = Seen {
            url: format!("http://{address}"),
            keys: json!({ "keys": [key.jwk()] }),
            opaque: opaque.clone(),
        };
        let router = Router::new()
            .route("/.well-known/oauth-authorization-server", get(metadata))
            .route("/.well-known/openid-configuration", get(metadata))
            .route(
                "/keys",
                get(async |State(seen): State<Seen>| document(&seen.keys)),
            )
            .route("/introspect", post(introspect))
            .with_state(seen.clone());
        let serving =
            tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
        Self {
            url: seen.url,
            key,
            opaque,
            serving,
        }
    }

    /// Nobody answers any more.
    pub(crate) async fn stop(&mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
    }

    /// A token of Ann's for `audience` with this scope; `change` says what is otherwise, `null` what is not there.
    pub(crate) fn token(&self, audience: &str, scope: &str, change: Value) -> String {
        self.signed(&self.key, audience, scope, change)
    }

    /// The same under a key that nobody knows.
    pub(crate) fn forged(&self, audience: &str, scope: &str) -> String {
        let key = SigningKey::generate("ES256", &mut Cx::new(SystemClock.now(), &mut OsEntropy));
        let key = key.expect("a key").with_kid(self.key.kid());
        self.signed(&key, audience, scope, json!({}))
    }

    fn signed(&self, key: &SigningKey, audience: &str, scope: &str, change: Value) -> String {
        let now = SystemClock.now().as_secs();
        let mut claims: Map<String, Value> = serde_json::from_value(json!({
            "iss": self.url, "aud": audience, "sub": "ann", "client_id": "tool", "scope": scope,
            "iat": now, "exp": now + 600, "jti": "token-1",
        }))
        .expect("claims");
        for (name, value) in change.as_object().expect("claims") {
            claims.insert(name.clone(), value.clone());
        }
        claims.retain(|_, value| !value.is_null());
        key.sign("at+jwt", &claims).expect("signed")
    }
}

async fn metadata(State(seen): State<Seen>) -> Document {
    let url = &seen.url;
    document(&json!({
        "issuer": url,
        "jwks_uri": format!("{url}/keys"),
        "introspection_endpoint": format!("{url}/introspect"),
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic"],
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }))
}

async fn introspect(
    State(seen): State<Seen>,
    Form(form): Form<HashMap<String, String>>,
) -> Document {
    let token = form.get("token").cloned().unwrap_or_default();
    let opaque = seen.opaque.lock().expect("not poisoned");
    let known = opaque.get(&token).cloned();
    document(&known.unwrap_or_else(|| json!({ "active": false })))
}
