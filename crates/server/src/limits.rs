//! Bounds on everything that a peer may take its time or room with.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use http::StatusCode;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

/// A request's whole time.
const REQUEST: Duration = Duration::from_secs(30);
/// The time a peer has for its headers.
const HEADERS: Duration = Duration::from_secs(10);
/// The most bytes of one connection's header buffer.
const HEADER_BYTES: usize = 32 * 1024;

/// Wraps the routes. The trace has the path, never the query, which may hold a code.
pub(crate) fn around(router: Router) -> Router {
    let span = |request: &Request| tracing::info_span!("request", method = %request.method(), path = request.uri().path());
    router
        .layer(CatchPanicLayer::new())
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            REQUEST,
        ))
        .layer(TraceLayer::new_for_http().make_span_with(span))
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
