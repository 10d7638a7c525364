//! An authorization server with its API, and a local proxy in front of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::routing::post;
use gatepass_client::{Credential, Endpoints, Grant, OAuth, SecretRef, Session};
use gatepass_gateway::{InjectSettings, Injector, Reached};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What the API's owner knows.
#[derive(Default)]
pub(crate) struct Desk {
    /// The newest token, which alone is taken.
    pub(crate) generation: u32,
    /// How many tokens were made.
    pub(crate) made: u32,
    /// The headers of the requests that came, and their bodies' lengths.
    pub(crate) seen: Vec<(HeaderMap, usize)>,
    /// Whether the token endpoint is out of order.
    pub(crate) closed: bool,
}

/// An authorization server that is an API too.
#[derive(Clone, Default)]
pub(crate) struct Api {
    desk: Arc<Mutex<Desk>>,
    pub(crate) origin: String,
}

impl Api {
    pub(crate) async fn start() -> Self {
        let mut api = Self::default();
        let listener = listen().await;
        api.origin = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().route("/token", post(token)).fallback(answer);
        serve(listener, router.with_state(api.clone()));
        api
    }

    pub(crate) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().expect("whole")
    }

    /// A client that acts for itself, for these origins.
    pub(crate) fn session(&self, origins: &[&str]) -> Session {
        let mut oauth = OAuth::new(None, Some("cl".into()), None, Grant::ClientCredentials);
        oauth.client_secret = Some(SecretRef::given("s"));
        oauth.endpoints = Endpoints {
            token: Some(format!("{}/token", self.origin)),
            ..Endpoints::default()
        };
        let session = Session::builder(Credential::from(oauth));
        let session = origins
            .iter()
            .fold(session, |session, origin| session.api(origin));
        session.build().expect("a session")
    }

    /// A proxy in front of it.
    pub(crate) async fn proxy(&self) -> SocketAddr {
        proxy(self.session(&[&self.origin]), &self.origin, |_| {}).await
    }
}

/// A proxy in front of `upstream`, with changed settings.
pub(crate) async fn proxy(
    session: Session,
    upstream: &str,
    change: impl FnOnce(&mut InjectSettings),
) -> SocketAddr {
    let listener = listen().await;
    let address = listener.local_addr().expect("an address");
    let mut settings = InjectSettings::new(Reached::At(address));
    change(&mut settings);
    let upstream = upstream.parse().expect("a URL");
    let injector = Injector::new(session, &upstream, settings).expect("a proxy");
    serve(listener, injector.router());
    address
}

pub(crate) async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

pub(crate) fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

async fn token(State(api): State<Api>) -> Response<Body> {
    let mut desk = api.desk();
    if desk.closed {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    desk.made += 1;
    let token = format!("t{}", desk.generation);
    let told = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600 });
    let answer = Response::builder().header("content-type", "application/json");
    answer
        .body(Body::from(told.to_string()))
        .expect("an answer")
}

async fn answer(State(api): State<Api>, request: Request<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let length = body.collect().await.map_or(0, |body| body.to_bytes().len());
    let mut desk = api.desk();
    desk.seen.push((head.headers.clone(), length));
    let expected = format!("Bearer t{}", desk.generation);
    let answer = Response::builder().header("set-cookie", "a=b");
    let given = head
        .headers
        .get_all("authorization")
        .iter()
        .collect::<Vec<_>>();
    let answer = match given.as_slice() {
        [only] if **only == expected.as_str() => answer.status(200),
        _ => answer
            .status(401)
            .header("www-authenticate", "Bearer error=\"invalid_token\""),
    };
    let told = format!("{} {} {length}", head.method, head.uri);
    answer.body(Body::from(told)).expect("an answer")
}

/// The answer to a request whose URI is a path.
pub(crate) async fn send(proxy: SocketAddr, mut request: Request<Body>) -> Response<Incoming> {
    let uri = format!("http://{proxy}{}", request.uri());
    *request.uri_mut() = uri.parse().expect("a URI");
    let client: legacy::Client<HttpConnector, Body> =
        legacy::Client::builder(TokioExecutor::new()).build_http();
    client.request(request).await.expect("an answer")
}

pub(crate) async fn get(proxy: SocketAddr, path: &str) -> (u16, String) {
    read(
        send(
            proxy,
            Request::get(path).body(Body::empty()).expect("a request"),
        )
        .await,
    )
    .await
}

pub(crate) async fn read(answer: Response<Incoming>) -> (u16, String) {
    let status = answer.status().as_u16();
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

/// The `error` of an answer of the proxy's own, and its status.
pub(crate) async fn error(answer: Response<Incoming>) -> (u16, String) {
    let (status, text) = read(answer).await;
    let told: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    (status, told["error"].as_str().expect("a word").to_owned())
}
