//! The answers that the gate gives by itself.

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::outcome::Outcome;

/// A document in JSON that nobody may keep.
pub(crate) fn answer(status: StatusCode, document: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(document.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A refusal, with what to do about it.
pub(crate) fn refuse(status: StatusCode, error: &'static str, description: &str) -> Response<Body> {
    tracing::debug!(status = status.as_u16(), error, description, "refused");
    let document = json!({ "error": error, "error_description": description });
    Outcome::Error(error).mark(answer(status, &document))
}
