//! A name for each request, for the log and for whoever has asked.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use gatepass_http::OsEntropy;
use gatepass_proto::Entropy as _;
use http::{HeaderName, HeaderValue};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

/// The answer's header with the request's name.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a request is called in the log and in its answer.
#[derive(Clone, Debug)]
pub struct RequestId(String);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Wraps a whole router: each request has a name and a span of its own in the log, and one that panics is answered. The
/// span has the path, never the query, which may hold a code.
pub fn named(router: Router) -> Router {
    let span = |request: &Request| {
        let id = request.extensions().get::<RequestId>();
        tracing::info_span!("request", id = id.map(tracing::field::display), method = %request.method(), path = request.uri().path())
    };
    router.layer(
        ServiceBuilder::new()
            .layer(from_fn(name))
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .layer(CatchPanicLayer::new()),
    )
}

/// Names a request. A name that comes with it is not taken: it is somebody else's, and may be anything. One that its answer
/// has already, from a server behind us, stays.
async fn name(mut request: Request, next: Next) -> Response {
    let mut random = [0; 8];
    OsEntropy.fill(&mut random);
    let id = format!("{:016x}", u64::from_be_bytes(random));
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut answer = next.run(request).await;
    if let Ok(value) = HeaderValue::try_from(id) {
        answer.headers_mut().entry(REQUEST_ID).or_insert(value);
    }
    answer
}
