//! What goes wrong here, as an answer.

use std::borrow::Cow;

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};

use crate::outcome::Outcome;

/// Why a request was not sent on, or has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    /// A word for programs.
    pub(crate) error: &'static str,
    /// A sentence for people.
    pub(crate) description: Cow<'static, str>,
    /// `WWW-Authenticate`.
    challenge: Option<&'static str>,
}

impl Fault {
    /// A fault of these.
    pub(crate) fn new(
        status: StatusCode,
        error: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            error,
            description: description.into(),
            challenge: None,
        }
    }

    /// The same, with what it takes to pass.
    pub(crate) fn challenging(self, challenge: &'static str) -> Self {
        Self {
            challenge: Some(challenge),
            ..self
        }
    }

    /// The request makes no sense, or more than one.
    pub(crate) fn request(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// The path leads elsewhere.
    pub(super) fn path() -> Self {
        Self::request("the path leads out of the upstream; expected one without `..`")
    }

    /// Something that is not offered.
    pub(super) fn not_offered(description: &'static str) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", description)
    }

    /// The body is too long.
    pub(super) fn too_large() -> Self {
        let description = "the body of the request is longer than is taken here";
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "request_too_large",
            description,
        )
    }

    /// The client sends no more of its body.
    pub(crate) fn client_is_silent() -> Self {
        let description = "the rest of the request's body did not come in time";
        Self::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", description)
    }

    /// The upstream cannot be reached, or answers what is no answer.
    pub(super) fn upstream(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "bad_gateway", description)
    }

    /// The upstream does not answer.
    pub(super) fn upstream_is_silent(description: &'static str) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "gateway_timeout", description)
    }

    /// The answer.
    pub(crate) fn into_answer(self) -> Response<Body> {
        let told = serde_json::json!({
            "error": self.error,
            "error_description": self.description,
        });
        let mut answer = Response::new(Body::from(told.to_string()));
        *answer.status_mut() = self.status;
        answer.extensions_mut().insert(Outcome::Error(self.error));
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        answer
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.error, self.description)
    }
}

impl std::error::Error for Fault {}
