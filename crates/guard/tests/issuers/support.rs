//! An issuer that does what it is told, a clock that goes when it is told to, and a guard between them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use gatepass_guard::{Guard, GuardBuilder, Identity, Introspection, Issuer, Refusal, Requirement};
use gatepass_http::{Clock, Egress, HttpTransport, OsEntropy};
use gatepass_proto::client_auth::ClientCredentials;
use gatepass_proto::jose::SigningKey;
use gatepass_proto::jose::access_token::TYP;
use gatepass_proto::{Cx, Params, Scope, Secret, Timestamp};
use http::request::Builder;
use http::{Request as HttpRequest, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

pub(crate) const NOW: u64 = 1_800_000_000;
pub(crate) const AUDIENCE: &str = "https://api.example";

pub(crate) static KEY: LazyLock<Arc<SigningKey>> = LazyLock::new(|| Arc::new(new_key()));

pub(crate) fn new_key() -> SigningKey {
    let mut cx_entropy = OsEntropy;
    SigningKey::generate("ES256", &mut Cx::new(now(), &mut cx_entropy)).expect("a key")
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_secs(NOW)
}

/// A clock that goes when it is told to.
#[derive(Debug)]
pub(crate) struct Hands(AtomicU64);

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    async fn wait_until(&self, _: Timestamp) {}
}

impl Hands {
    pub(crate) fn move_on(&self, seconds: u64) {
        self.0.fetch_add(seconds * 1000, Ordering::Relaxed);
    }
}

/// How the issuer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Well,
    /// 503 to everything.
    Down,
    /// Not at all.
    Silent,
    /// Without an end.
    Endless,
}

#[derive(Debug)]
pub(crate) struct Says {
    pub(crate) mode: Mode,
    /// By path.
    pub(crate) documents: BTreeMap<String, Value>,
    /// By token.
    pub(crate) tokens: BTreeMap<String, Value>,
    /// How often each path was asked for.
    pub(crate) asked: BTreeMap<String, usize>,
    /// The `Authorization` and form of each question about a token.
    pub(crate) questions: Vec<(Option<String>, String)>,
}

/// The issuer, while it is up.
pub(crate) struct World {
    pub(crate) issuer: String,
    pub(crate) says: Arc<Mutex<Says>>,
    pub(crate) hands: Arc<Hands>,
    server: AbortHandle,
}

impl World {
    /// An issuer with RFC 8414 metadata under a path of its own.
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let issuer = format!("{origin}/tenant");
        let metadata = json!({
            "issuer": issuer, "jwks_uri": format!("{origin}/keys"),
            "introspection_endpoint": format!("{origin}/introspect"),
        });
        let says = Arc::new(Mutex::new(Says {
            mode: Mode::Well,
            documents: BTreeMap::from([
                (
                    "/.well-known/oauth-authorization-server/tenant".to_owned(),
                    metadata,
                ),
                ("/keys".to_owned(), json!({ "keys": [KEY.jwk()] })),
            ]),
            tokens: BTreeMap::new(),
            asked: BTreeMap::new(),
            questions: Vec::new(),
        }));
        let router = Router::new().fallback(answer).with_state(says.clone());
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            issuer,
            says,
            hands: Arc::new(Hands(AtomicU64::new(NOW * 1000))),
            server: server.abort_handle(),
        }
    }

    pub(crate) fn say(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().expect("unpoisoned"));
    }

    pub(crate) fn mode(&self, mode: Mode) {
        self.say(|says| says.mode = mode);
    }

    /// How often this path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let says = self.says.lock().expect("unpoisoned");
        says.asked.get(path).copied().unwrap_or_default()
    }

    /// How often anything was.
    pub(crate) fn asked_at_all(&self) -> usize {
        self.says.lock().expect("unpoisoned").asked.values().sum()
    }

    /// The issuer is gone, and its port with it.
    pub(crate) fn pull_the_plug(&self) {
        self.server.abort();
    }

    pub(crate) fn issuer(&self) -> Issuer {
        Issuer::new(&self.issuer, AUDIENCE)
    }

    pub(crate) fn introspected(&self) -> Issuer {
        self.issuer().introspection(introspection())
    }

    pub(crate) fn builder(&self, issuer: Issuer) -> GuardBuilder {
        Guard::builder().issuer(issuer).clock(self.hands.clone())
    }

    pub(crate) fn guard(&self) -> Guard {
        self.builder(self.issuer()).build()
    }

    /// A token of the issuer, changed.
    pub(crate) fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        self.signed(&KEY, TYP, change)
    }

    pub(crate) fn signed(
        &self,
        key: &SigningKey,
        typ: &'static str,
        change: impl FnOnce(&mut Value),
    ) -> String {
        let mut claims = json!({
            "iss": self.issuer, "sub": "us_ada", "aud": AUDIENCE, "client_id": "cl_1",
            "scope": "read", "iat": NOW, "exp": NOW + 600, "jti": "j1",
        });
        change(&mut claims);
        key.sign(typ, &claims).expect("signs")
    }

    /// Has the issuer know an opaque token.
    pub(crate) fn knows(&self, token: &str, change: impl FnOnce(&mut Value)) {
        let mut answer = json!({
            "active": true, "iss": self.issuer, "sub": "us_ada", "aud": AUDIENCE, "client_id": "cl_1",
            "scope": "read", "iat": NOW, "exp": NOW + 600, "token_type": "Bearer",
        });
        change(&mut answer);
        self.say(|says| drop(says.tokens.insert(token.to_owned(), answer)));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub(crate) fn introspection() -> Introspection {
    let secret = Secret::new("a secret of the service");
    Introspection::new(ClientCredentials::confidential("api", secret))
}

/// The network, for those who do not wait long.
pub(crate) fn impatient() -> HttpTransport {
    let egress = Egress {
        timeout: Duration::from_millis(200),
        ..Egress::default()
    };
    HttpTransport::new(egress).expect("a transport")
}

pub(crate) fn get() -> Builder {
    HttpRequest::get("/items")
}

/// What the guard says to a request.
pub(crate) async fn check(guard: &Guard, request: Builder) -> Result<Identity, Refusal> {
    let required = Requirement::from("read".parse::<Scope>().expect("a scope"));
    let mut request = request.body(()).expect("a request");
    guard.check(&mut request, &required).await
}

/// The same, of a Bearer token.
pub(crate) async fn bearer(guard: &Guard, token: &str) -> Result<Identity, Refusal> {
    check(
        guard,
        get().header("Authorization", format!("Bearer {token}")),
    )
    .await
}

/// The status of that.
pub(crate) async fn status(guard: &Guard, token: &str) -> u16 {
    let outcome = bearer(guard, token).await;
    outcome.map_or_else(|why| why.status().as_u16(), |_| 200)
}

async fn answer(State(says): State<Arc<Mutex<Says>>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let mode = {
        let mut says = says.lock().expect("unpoisoned");
        *says.asked.entry(path.clone()).or_default() += 1;
        says.mode
    };
    match mode {
        Mode::Well if path == "/introspect" => introspect(&says, request).await,
        Mode::Well => {
            let document = says
                .lock()
                .expect("unpoisoned")
                .documents
                .get(&path)
                .cloned();
            match document {
                Some(document) => json_answer(&document),
                None => StatusCode::NOT_FOUND.into_response(),
            }
        }
        Mode::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mode::Silent => std::future::pending().await,
        Mode::Endless => {
            let piece = || {
                Some((
                    Ok::<_, std::io::Error>(Bytes::from_static(&[b' '; 65536])),
                    (),
                ))
            };
            let pieces = futures_util::stream::unfold((), move |()| async move { piece() });
            Body::from_stream(pieces).into_response()
        }
    }
}

async fn introspect(says: &Mutex<Says>, request: Request) -> Response {
    let authorization = request.headers().get("authorization");
    let authorization = authorization.map(|value| value.to_str().expect("ASCII").to_owned());
    let body = axum::body::to_bytes(request.into_body(), 65536).await;
    let form = String::from_utf8(body.expect("a body").to_vec()).expect("UTF-8");
    let params = Params::parse_form(form.as_bytes()).expect("a form");
    let token = params.get("token").expect("a token").to_owned();
    let mut says = says.lock().expect("unpoisoned");
    says.questions.push((authorization, form));
    let answer = says.tokens.get(&token).cloned();
    json_answer(&answer.unwrap_or_else(|| json!({ "active": false })))
}

fn json_answer(document: &Value) -> Response {
    let kind = [("content-type", "application/json")];
    (kind, document.to_string()).into_response()
}
