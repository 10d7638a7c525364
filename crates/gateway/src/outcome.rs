//! What became of a request that did not pass.

use axum::body::Body;
use http::Response;

/// What became of a request. It stands in the extensions of the answer, until it is counted; an answer without one is the
/// API's, so that a request that passes pays nothing for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was answered at one of the gate's own places.
    Own,
    /// Whoever asked was sent to log in.
    LogIn,
    /// It was refused, or could not be carried out, with this `error`.
    Error(&'static str),
}

impl Outcome {
    /// Writes it on an answer.
    pub(crate) fn mark(self, mut answer: Response<Body>) -> Response<Body> {
        answer.extensions_mut().insert(self);
        answer
    }

    /// Writes it on an answer on which nothing is written yet.
    pub(crate) fn mark_unmarked(self, answer: Response<Body>) -> Response<Body> {
        match Self::is_the_apis(&answer) {
            true => self.mark(answer),
            false => answer,
        }
    }

    /// Takes it from an answer.
    pub(crate) fn take(answer: &mut Response<Body>) -> Option<Self> {
        answer.extensions_mut().remove()
    }

    /// Whether the API has answered.
    pub(crate) fn is_the_apis(answer: &Response<Body>) -> bool {
        answer.extensions().get::<Self>().is_none()
    }
}
