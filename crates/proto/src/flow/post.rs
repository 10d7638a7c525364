//! The conversations that are one question, introspection first; and how a refusal is read.

use http::StatusCode;
use http::header::RETRY_AFTER;

use super::call::{Call, Endpoint, Heard};
use super::{Flow, FlowError, Input, Response, Step};
use crate::message::introspection::{IntrospectionRequest, IntrospectionResponse};
use crate::message::known::KnownSecrets;
use crate::message::quirks::Quirks;
use crate::message::said::said;
use crate::message::token::ErrorResponse;
use crate::{Cx, Params};

/// The whole seconds of `Retry-After`, where the server said so.
pub fn retry_after(response: &Response) -> Option<u64> {
    let value = response.headers().get(RETRY_AFTER)?;
    value.to_str().ok()?.trim().parse().ok()
}

/// The refusal in an answer that is not a success: the server's own words where it has any, without the secrets that
/// its request had.
pub(super) fn refusal(response: &Response, known: &KnownSecrets) -> FlowError {
    refusal_by(response, &Quirks::default(), known)
}

/// The refusal of a server with these quirks.
pub(super) fn refusal_by(response: &Response, quirks: &Quirks, known: &KnownSecrets) -> FlowError {
    let status = response.status();
    let retry_after = retry_after(response);
    if let Some(refusal) = ErrorResponse::parse_failure(response.body(), quirks, known) {
        return FlowError::Refused {
            description: refusal.explanation(),
            error: refusal.error,
            status: Some(status),
            retry_after,
        };
    }
    let said = said(response.body(), known).map_or(String::new(), |text| format!(": {text}"));
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return FlowError::Refused {
            error: "temporarily_unavailable".to_owned(),
            description: Some(format!("the server answered {status}{said}")),
            status: Some(status),
            retry_after,
        };
    }
    FlowError::BadAnswer(format!("status {status} without an OAuth error{said}"))
}

/// A question whose answer is read at once.
#[derive(Debug)]
pub(super) struct Ask(Call);

impl Ask {
    pub(super) fn new(endpoint: Endpoint, params: Params) -> Self {
        Self(Call::new(endpoint, params))
    }

    pub(super) fn step<T>(
        &mut self,
        input: Input,
        cx: &mut Cx<'_>,
        read: impl FnOnce(&[u8]) -> Result<T, FlowError>,
    ) -> Result<Step<T>, FlowError> {
        match input {
            Input::Start => self.0.request(cx).map(Step::Send),
            Input::Response(response) => match self.0.hear(response?, cx)? {
                Heard::Again(request) => Ok(Step::Send(request)),
                Heard::Answer(answer) if answer.status().is_success() => {
                    read(answer.body()).map(Step::Done)
                }
                Heard::Answer(answer) => Err(refusal(&answer, self.0.known())),
            },
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

/// Asks at the `introspection_endpoint` whether a token is good (RFC 7662).
#[derive(Debug)]
pub struct IntrospectFlow(Ask);

impl IntrospectFlow {
    /// What is asked about, and where.
    pub fn new(endpoint: Endpoint, request: &IntrospectionRequest) -> Self {
        Self(Ask::new(endpoint, request.to_params()))
    }
}

impl Flow for IntrospectFlow {
    type Output = IntrospectionResponse;

    fn step(
        &mut self,
        input: Input,
        cx: &mut Cx<'_>,
    ) -> Result<Step<IntrospectionResponse>, FlowError> {
        self.0.step(input, cx, |body| {
            serde_json::from_slice(body)
                .map_err(|_| FlowError::BadAnswer("not an introspection response".to_owned()))
        })
    }
}

#[cfg(test)]
#[path = "post_tests.rs"]
mod tests;
