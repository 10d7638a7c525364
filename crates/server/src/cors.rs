//! Which endpoints a script of another origin may use: those that take no cookie and look at none, so that nothing of the
//! person at the browser goes with the request. The authorization endpoint and every page are for navigation alone.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
};
use http::{HeaderValue, Method, StatusCode};

/// Never together with `Access-Control-Allow-Credentials`: a browser sends no cookie, and takes none.
const ANYBODY: HeaderValue = HeaderValue::from_static("*");
/// What the endpoints have, each with its own answer to what it has not.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE");
/// What a script may send beside what it always may. Clients of the Model Context Protocol send its version everywhere.
const SENT: HeaderValue =
    HeaderValue::from_static("authorization, content-type, dpop, mcp-protocol-version");
/// What a script may read of an answer beside what it always may.
const READ: HeaderValue =
    HeaderValue::from_static("www-authenticate, dpop-nonce, retry-after, location");
/// How long a browser need not ask again, in seconds.
const DAY: HeaderValue = HeaderValue::from_static("86400");

/// Answers a preflight, and lets anybody read what others are answered.
pub(crate) async fn anybody(request: Request, next: Next) -> Response {
    let asked = request.headers();
    let is_preflight = request.method() == Method::OPTIONS
        && asked.contains_key(ORIGIN)
        && asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match is_preflight {
        true => preflight(),
        false => readable(next.run(request).await),
    };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANYBODY);
    response
}

fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, SENT);
    headers.insert(ACCESS_CONTROL_MAX_AGE, DAY);
    response
}

fn readable(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, READ);
    response
}
