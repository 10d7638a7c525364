//! Direct answers of the protocol's endpoints.

use axum::response::{IntoResponse, Response};
use gatepass_proto::message::challenge::Challenge;
use gatepass_proto::{ErrorCode, OAuthError};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// A JSON body that nobody may keep (RFC 6749 §5.1).
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let Ok(body) = serde_json::to_vec(body) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// What a judgement came to: the body of a success, or the refusal.
pub(crate) fn outcome(outcome: Result<impl Serialize, OAuthError>, realm: &str) -> Response {
    match outcome {
        Ok(body) => json(StatusCode::OK, &body),
        Err(error) => refusal(&error, realm),
    }
}

/// A refusal in the standard's words (RFC 6749 §5.2). `realm` names us where the status asks for a challenge.
pub(crate) fn refusal(error: &OAuthError, realm: &str) -> Response {
    let challenge = Challenge::new("Basic")
        .with("realm", realm)
        .with("charset", "UTF-8");
    let challenge = (error.code() == ErrorCode::InvalidClient).then_some(challenge);
    refusal_as(error.status(), error, challenge.as_ref())
}

/// A refusal with another status and challenge than the standard's default.
pub(crate) fn refusal_as(
    status: StatusCode,
    error: &OAuthError,
    challenge: Option<&Challenge>,
) -> Response {
    tracing::info!(code = %error.code(), description = error.description(), hint = error.private_hint(), "refused");
    let mut response = json(status, &error.to_json());
    let headers = response.headers_mut();
    if let Some(value) =
        challenge.and_then(|challenge| HeaderValue::from_str(&challenge.to_string()).ok())
    {
        headers.insert(WWW_AUTHENTICATE, value);
    }
    if let Some(value) = retry_after(error) {
        headers.insert(RETRY_AFTER, value);
    }
    response
}

/// Whole seconds, rounded up, so that nobody comes too early.
pub(crate) fn retry_after(error: &OAuthError) -> Option<HeaderValue> {
    let wait = error.retry_after()?;
    Some(HeaderValue::from(
        wait.as_secs() + u64::from(wait.subsec_nanos() > 0),
    ))
}
