//! [`Identity`] as an argument of an axum handler.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use crate::identity::Identity;

/// A handler asks who calls, and no guard stands before it. That is an error of the program, so the answer is 500 and the
/// log says why; it is not that the caller lacks credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no guard stands before this route, or a rule leaves it open; take Option<Identity> there")]
pub struct NoIdentity;

impl IntoResponse for NoIdentity {
    fn into_response(self) -> Response {
        tracing::error!(error = %self, "a handler asks for an identity that is not there");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Identity {
    type Rejection = NoIdentity;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoIdentity> {
        parts.extensions.get().cloned().ok_or(NoIdentity)
    }
}

/// `None` where a rule leaves the route open.
impl<S: Sync> OptionalFromRequestParts<S> for Identity {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(parts.extensions.get().cloned())
    }
}
