use super::post::{form, refusal};
use super::{Flow, FlowError, Input, Request, Response, Step};
use crate::client_auth::ClientCredentials;
use crate::grant::GrantParams;
use crate::message::token::{ErrorResponse, TokenResponse};
use crate::{Cx, Params};

/// Asks the token endpoint once, by any grant.
#[derive(Debug)]
pub struct TokenFlow {
    endpoint: String,
    client: ClientCredentials,
    params: Params,
}

impl TokenFlow {
    /// A request to `token_endpoint` by `client` with the parameters of `grant`.
    pub fn new(
        token_endpoint: impl Into<String>,
        client: ClientCredentials,
        grant: &impl GrantParams,
    ) -> Self {
        Self {
            endpoint: token_endpoint.into(),
            client,
            params: grant.to_params(),
        }
    }

    pub(super) fn request(&self) -> Result<Request, FlowError> {
        form(&self.endpoint, &self.client, self.params.clone())
    }
}

impl Flow for TokenFlow {
    type Output = TokenResponse;

    fn step(&mut self, input: Input, _: &mut Cx<'_>) -> Result<Step<TokenResponse>, FlowError> {
        match input {
            Input::Start => self.request().map(Step::Send),
            Input::Response(response) => read(&response?).map(Step::Done),
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

/// Reads a token answer. Some servers send their errors with status 200.
pub(super) fn read(response: &Response) -> Result<TokenResponse, FlowError> {
    if !response.status().is_success() || ErrorResponse::parse(response.body()).is_some() {
        return Err(refusal(response));
    }
    TokenResponse::parse(response.body()).map_err(|fault| FlowError::BadAnswer(fault.to_owned()))
}
