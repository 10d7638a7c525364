//! For operators: whether the server lives, whether it can work, what it has done; and a name for each request.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use gatepass_http::OsEntropy;
use gatepass_proto::decide::record::Key;
use gatepass_proto::{Entropy as _, Timestamp};
use gatepass_store::Store;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use metrics::{Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// How long the database may take to say that it is there.
const READY: Duration = Duration::from_secs(2);
/// The bounds of the times that requests take, in seconds.
const BUCKETS: [f64; 11] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];
/// The answer's header with the request's name.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const ABOUT: Metadata<'static> = Metadata::new("gatepass_server", Level::INFO, None);

/// Counts what the server does.
#[derive(Clone)]
pub(crate) struct Meter(Arc<Inner>);

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Meter {
    pub(crate) fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // It fails for no bounds alone.
        let builder = builder
            .set_buckets(&BUCKETS)
            .unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        Self(Arc::new(Inner { recorder, handle }))
    }

    /// Counts what came of a notice to a client.
    pub(crate) fn notice(&self, kind: &'static str, outcome: &'static str) {
        let labels = vec![Label::new("kind", kind), Label::new("outcome", outcome)];
        let notices = metrics::Key::from_parts("gatepass_notices_total", labels);
        let notices = self.0.recorder.register_counter(&notices, &ABOUT);
        notices.increment(1);
    }

    /// Says when the certificate expires.
    pub(crate) fn certificate(&self, expires: Timestamp) {
        let key = metrics::Key::from_name("gatepass_certificate_expires_seconds");
        let gauge = self.0.recorder.register_gauge(&key, &ABOUT);
        // Exact for as long as anybody will use it: 2⁵³ seconds.
        gauge.set(expires.as_secs() as f64);
    }

    fn count(&self, route: &str, method: &Method, status: StatusCode, took: Duration) {
        let labels = vec![
            Label::new("route", route.to_owned()),
            Label::new("method", known(method)),
            Label::new("status", status.as_str().to_owned()),
        ];
        let recorder = &self.0.recorder;
        let requests = metrics::Key::from_parts("gatepass_requests_total", labels);
        recorder.register_counter(&requests, &ABOUT).increment(1);
        let labels = vec![Label::new("route", route.to_owned())];
        let seconds = metrics::Key::from_parts("gatepass_request_seconds", labels);
        let seconds = recorder.register_histogram(&seconds, &ABOUT);
        seconds.record(took.as_secs_f64());
    }
}

/// Anybody may ask with a method of their own making, which must not make a metric.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Counts a request of a route.
pub(crate) async fn measure(State(meter): State<Meter>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let answer = next.run(request).await;
    if let Some(route) = route {
        meter.count(route.as_str(), &method, answer.status(), began.elapsed());
    }
    answer
}

/// What a request is called in the log and in its answer.
#[derive(Clone)]
pub(crate) struct RequestId(String);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Names a request. A name that comes with it is not taken: it is somebody else's, and may be anything.
pub(crate) async fn name(mut request: Request, next: Next) -> Response {
    let mut random = [0; 8];
    OsEntropy.fill(&mut random);
    let id = format!("{:016x}", u64::from_be_bytes(random));
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut answer = next.run(request).await;
    if let Ok(value) = HeaderValue::try_from(id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    answer
}

/// `/health`, `/ready` and `/metrics`.
pub(crate) fn router(meter: Meter, store: Arc<dyn Store>) -> Router {
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    let metrics = move || {
        let (text, body) = (text.clone(), meter.0.handle.render());
        async move { ([(CONTENT_TYPE, text)], body) }
    };
    Router::new()
        .route("/health", get(|| async { "ok\n" }))
        .route("/ready", get(move || ready(Arc::clone(&store))))
        .route("/metrics", get(metrics))
}

/// Whether the database answers. What it says of its trouble is in the log.
async fn ready(store: Arc<dyn Store>) -> Response {
    let keys = [Key::SealedKey("refresh-1".to_owned())];
    match tokio::time::timeout(READY, store.load(&keys)).await {
        Ok(Ok(_)) => "ready\n".into_response(),
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready");
            let text = "the database does not answer as it should\n";
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
        Err(_) => {
            let text = "the database does not answer in time\n";
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

/// Serves operators until it is aborted.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    let served = async {
        let server = axum_server::from_tcp(listener)?;
        server.serve(router.into_make_service()).await
    };
    if let Err(error) = served.await {
        tracing::error!(%error, "the listener for operators broke");
    }
}
