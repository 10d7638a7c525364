//! Requests to the endpoints that take a form and a client's proof, and the conversations that are one of them.

use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method};

use super::{Flow, FlowError, Input, Request, Response, Step};
use crate::client_auth::{ClientCredentials, Draft};
use crate::message::introspection::{IntrospectionRequest, IntrospectionResponse};
use crate::message::revocation::RevocationRequest;
use crate::message::token::ErrorResponse;
use crate::{Cx, Params};

/// A form with the client's proof attached.
pub(super) fn form(
    endpoint: &str,
    client: &ClientCredentials,
    params: Params,
) -> Result<Request, FlowError> {
    let mut draft = Draft {
        params,
        ..Draft::default()
    };
    client
        .attach(&mut draft)
        .map_err(|lack| FlowError::Setup(lack.to_owned()))?;
    let mut request = http::Request::builder()
        .method(Method::POST)
        .uri(endpoint)
        .body(draft.params.to_form().into_bytes())
        .map_err(|_| FlowError::Setup(format!("{endpoint:?} is not a URL")))?;
    let headers = request.headers_mut();
    headers.extend(draft.headers);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    Ok(request)
}

/// The whole seconds of `Retry-After`, where the server said so.
pub fn retry_after(response: &Response) -> Option<u64> {
    let value = response.headers().get(RETRY_AFTER)?;
    value.to_str().ok()?.trim().parse().ok()
}

/// The refusal in an answer that is not a success: the server's own words where it has any.
pub(super) fn refusal(response: &Response) -> FlowError {
    let status = response.status();
    let retry_after = retry_after(response);
    match ErrorResponse::parse(response.body()) {
        Some(ErrorResponse { error, description }) => FlowError::Refused {
            error,
            description,
            status: Some(status),
            retry_after,
        },
        None if status.is_server_error() || status.as_u16() == 429 => FlowError::Refused {
            error: "temporarily_unavailable".to_owned(),
            description: Some(format!("the server answered {status}")),
            status: Some(status),
            retry_after,
        },
        None => FlowError::BadAnswer(format!("status {status} without an OAuth error")),
    }
}

/// Revokes one token (RFC 7009).
#[derive(Debug)]
pub struct RevokeFlow {
    /// `revocation_endpoint`.
    pub endpoint: String,
    /// Who we are.
    pub client: ClientCredentials,
    /// What to revoke.
    pub request: RevocationRequest,
}

impl Flow for RevokeFlow {
    type Output = ();

    fn step(&mut self, input: Input, _: &mut Cx<'_>) -> Result<Step<()>, FlowError> {
        match input {
            Input::Start => Ok(Step::Send(form(
                &self.endpoint,
                &self.client,
                self.request.to_params(),
            )?)),
            Input::Response(response) => {
                let response = response?;
                if response.status().is_success() {
                    Ok(Step::Done(()))
                } else {
                    Err(refusal(&response))
                }
            }
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

/// Asks whether a token is good (RFC 7662).
#[derive(Debug)]
pub struct IntrospectFlow {
    /// `introspection_endpoint`.
    pub endpoint: String,
    /// Who we are.
    pub client: ClientCredentials,
    /// What to ask about.
    pub request: IntrospectionRequest,
}

impl Flow for IntrospectFlow {
    type Output = IntrospectionResponse;

    fn step(
        &mut self,
        input: Input,
        _: &mut Cx<'_>,
    ) -> Result<Step<IntrospectionResponse>, FlowError> {
        match input {
            Input::Start => Ok(Step::Send(form(
                &self.endpoint,
                &self.client,
                self.request.to_params(),
            )?)),
            Input::Response(response) => {
                let response = response?;
                if !response.status().is_success() {
                    return Err(refusal(&response));
                }
                serde_json::from_slice(response.body())
                    .map(Step::Done)
                    .map_err(|_| FlowError::BadAnswer("not an introspection response".to_owned()))
            }
            _ => Err(FlowError::OutOfTurn),
        }
    }
}
