//! Bounds on everything that a peer may take its time or room with.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::response::Response;
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::meter::{self, Meter};
use crate::operations::{self, RequestId};
use crate::patience::{Patience, Patient};

/// A request's whole time.
const REQUEST: Duration = Duration::from_secs(30);
/// The time a peer has for its headers.
const HEADERS: Duration = Duration::from_secs(10);
/// The time between two things that a peer sends; longer than [`REQUEST`], during which it may just be waiting.
const SILENCE: Duration = Duration::from_secs(60);
/// After how many seconds what does not work now may work again.
const AGAIN: HeaderValue = HeaderValue::from_static("1");
/// The most bytes of one connection's header buffer.
const HEADER_BYTES: usize = 32 * 1024;

/// Wraps the routes. What does not say that it may be kept may not be: 404 and 405 would otherwise be (RFC 9110
/// §15.1). The trace has the path, never the query, which may hold a code.
pub(crate) fn around(router: Router, meter: Meter) -> Router {
    let span = |request: &Request| {
        let id = request.extensions().get::<RequestId>();
        tracing::info_span!("request", id = id.map(tracing::field::display), method = %request.method(), path = request.uri().path())
    };
    let no_store = HeaderValue::from_static("no-store");
    // Beneath the routing, so that a metric is of a route and not of whatever somebody asks for.
    let router = router.route_layer(middleware::from_fn_with_state(meter, meter::measure));
    let router = router.layer(middleware::map_response(again_soon));
    router.layer(
        ServiceBuilder::new()
            .layer(middleware::from_fn(operations::name))
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .layer(SetResponseHeaderLayer::if_not_present(
                CACHE_CONTROL,
                no_store,
            ))
            .layer(TimeoutLayer::with_status_code(
                StatusCode::REQUEST_TIMEOUT,
                REQUEST,
            ))
            .layer(CatchPanicLayer::new()),
    )
}

/// Says when to come again to whoever is told that it does not work now (RFC 9110 §15.6.4).
async fn again_soon(mut answer: Response) -> Response {
    if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
        let headers = answer.headers_mut();
        headers.entry(RETRY_AFTER).or_insert(AGAIN);
    }
    answer
}

/// Ends a connection whose peer is silent.
pub(crate) fn patient<A>(acceptor: A) -> Patient<A> {
    let patience = Patience {
        greeting: HEADERS,
        silence: SILENCE,
    };
    Patient::new(acceptor, patience)
}

/// Bounds a connection before there is a request.
pub(crate) fn connections(builder: &mut Builder<TokioExecutor>) {
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(HEADER_BYTES);
    builder
        .http2()
        .max_concurrent_streams(128)
        .max_header_list_size(16 * 1024);
}
