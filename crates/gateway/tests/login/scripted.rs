//! A provider that says what a test tells it to say, also what none should.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use gatepass_gateway::login::{Allow, LoginSettings};
use gatepass_http::{Clock as _, OsEntropy, SystemClock};
use gatepass_proto::jose::{KeySet, SigningKey};
use gatepass_proto::{ClientId, Cx, Params};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::browser::{Answer, Browser};
use crate::service::{Place, Service};

pub(crate) const CLIENT_ID: &str = "guard";

pub(crate) struct Scripted {
    pub(crate) issuer: String,
    pub(crate) key: SigningKey,
    said: Arc<Mutex<Said>>,
}

/// What it says.
struct Said {
    issuer: String,
    jwks: Value,
    /// Members of the metadata that are set, or taken away by `null`.
    metadata: Value,
    token: Option<String>,
    userinfo: (StatusCode, Value),
}

impl Scripted {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let issuer = format!("http://{address}");
        let key = key();
        let said = Arc::new(Mutex::new(Said {
            issuer: issuer.clone(),
            jwks: KeySet::of([key.jwk()]).to_json(),
            metadata: json!({}),
            token: None,
            userinfo: (StatusCode::OK, json!({ "sub": "ann" })),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(said.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, key, said }
    }

    /// Somebody who signs by a key of their own that is called like the real one.
    pub(crate) fn forging(self) -> Self {
        Self {
            key: key().with_kid(self.key.kid()),
            ..self
        }
    }

    pub(crate) fn settings(&self) -> LoginSettings {
        LoginSettings::new(
            self.issuer.as_str(),
            ClientId::new(CLIENT_ID),
            Allow::Everyone,
        )
    }

    pub(crate) async fn service(&self) -> Service {
        Place::new().await.serve(self.settings()).await
    }

    pub(crate) fn metadata(&self, members: Value) {
        self.said.lock().expect("not poisoned").metadata = members;
    }

    pub(crate) fn userinfo(&self, status: StatusCode, claims: Value) {
        self.said.lock().expect("not poisoned").userinfo = (status, claims);
    }

    /// The claims of a good ID token for the login that this answer begins.
    pub(crate) fn claims(&self, away: &Answer) -> Value {
        let now = SystemClock.now().as_secs();
        json!({
            "iss": self.issuer, "sub": "ann", "aud": CLIENT_ID, "iat": now, "exp": now + 300, "sid": "s1",
            "nonce": away.asks("nonce"), "preferred_username": "ann",
        })
    }

    /// The browser comes back from a login that gives these claims.
    pub(crate) async fn come_back(
        &self,
        service: &Service,
        browser: &mut Browser,
        away: &Answer,
        claims: &Value,
    ) -> Answer {
        let token = self.key.sign("JWT", claims).expect("signed");
        self.said.lock().expect("not poisoned").token = Some(token);
        let state = away.asks("state").expect("a state");
        let query = format!("/.gatepass/callback?code=c&state={state}");
        browser.open(&service.at(&query)).await
    }

    /// A login from the first page to the session.
    pub(crate) async fn log_in(&self, service: &Service, browser: &mut Browser) {
        let away = browser.open(&service.at("/")).await;
        let back = self
            .come_back(service, browser, &away, &self.claims(&away))
            .await;
        assert_eq!(back.location(), service.origin, "{back:?}");
    }
}

pub(crate) fn key() -> SigningKey {
    let mut entropy = OsEntropy;
    let mut cx = Cx::new(SystemClock.now(), &mut entropy);
    SigningKey::generate("ES256", &mut cx).expect("a key")
}

type Shared = State<Arc<Mutex<Said>>>;

fn document(value: &Value) -> Response {
    let json = [("content-type", "application/json")];
    (json, value.to_string()).into_response()
}

async fn metadata(State(said): Shared) -> Response {
    let said = said.lock().expect("not poisoned");
    let at = |path: &str| format!("{}{path}", said.issuer);
    let mut document_of = json!({
        "issuer": said.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "end_session_endpoint": at("/logout?tenant=1"),
        "jwks_uri": at("/jwks"),
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["none"],
    });
    for (name, value) in said.metadata.as_object().expect("members") {
        document_of[name] = value.clone();
    }
    document(&document_of)
}

async fn jwks(State(said): Shared) -> Response {
    document(&said.lock().expect("not poisoned").jwks)
}

async fn token(State(said): Shared, body: String) -> Response {
    let form = Params::parse_form(body.as_bytes()).expect("a form");
    assert!(
        form.get("code_verifier")
            .is_some_and(|verifier| verifier.len() >= 43)
    );
    match said.lock().expect("not poisoned").token.take() {
        Some(token) => document(&json!({
            "access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": token,
        })),
        None => {
            let refused = json!({ "error": "invalid_grant" });
            (StatusCode::BAD_REQUEST, document(&refused)).into_response()
        }
    }
}

async fn userinfo(State(said): Shared) -> Response {
    let (status, claims) = said.lock().expect("not poisoned").userinfo.clone();
    (status, document(&claims)).into_response()
}
