//! Bounds on the time that a request may take, and what every answer says.

use std::time::Duration;

use axum::Router;
use axum::middleware;
use axum::response::Response;
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::meter::{self, Meter};

/// A request's whole time.
const REQUEST: Duration = Duration::from_secs(30);
/// After how many seconds what does not work now may work again.
const AGAIN: HeaderValue = HeaderValue::from_static("1");

/// Wraps the server's own routes. What does not say that it may be kept may not be: 404 and 405 would otherwise be
/// (RFC 9110 §15.1).
pub(crate) fn around(router: Router, meter: Meter) -> Router {
    let no_store = HeaderValue::from_static("no-store");
    // Beneath the routing, so that a metric is of a route and not of whatever somebody asks for.
    let router = router.route_layer(middleware::from_fn_with_state(meter, meter::measure));
    let router = router.layer(middleware::map_response(again_soon));
    router.layer(
        ServiceBuilder::new()
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
