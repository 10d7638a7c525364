use serde::{Deserialize, Serialize};

use super::token::{TokenFlow, read};
use super::{Flow, FlowError, Input, Step};
use crate::base::opaque;
use crate::client_auth::ClientCredentials;
use crate::grant::authorization_code::CodeExchange;
use crate::message::authorization::{AuthorizationRequest, AuthorizationResponse};
use crate::message::token::TokenResponse;
use crate::pkce::CodeVerifier;
use crate::{Cx, Params, Scope, Secret};

/// What a login by authorization code needs to know.
#[derive(Clone, Debug)]
pub struct CodeSetup {
    /// Who we are.
    pub client: ClientCredentials,
    /// The issuer, against which `iss` is compared; `None` when only the endpoints are known.
    pub issuer: Option<String>,
    /// Whether the server promises `iss` in its answers (RFC 9207 §3), so that a missing one is refused.
    pub iss_promised: bool,
    /// `authorization_endpoint`.
    pub authorization_endpoint: String,
    /// `token_endpoint`.
    pub token_endpoint: String,
    /// Where the browser comes back to.
    pub redirect_uri: String,
    /// `scope`.
    pub scope: Option<Scope>,
    /// `resource` (RFC 8707), any number.
    pub resource: Vec<String>,
}

/// What must be remembered between the redirect and the callback, for a web application to carry in its session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingLogin {
    state: String,
    code_verifier: String,
}

/// A login by authorization code with PKCE (RFC 6749 §4.1, RFC 7636): redirect, callback, exchange.
#[derive(Debug)]
pub struct CodeFlow {
    setup: CodeSetup,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Fresh,
    Away {
        state: String,
        verifier: CodeVerifier,
    },
    Exchanging,
}

impl CodeFlow {
    /// A login that has not begun.
    pub fn new(setup: CodeSetup) -> Self {
        Self {
            setup,
            stage: Stage::Fresh,
        }
    }

    /// A login whose browser is away, taken up again from what [`CodeFlow::pending`] gave.
    pub fn resume(setup: CodeSetup, pending: &PendingLogin) -> Option<Self> {
        let verifier = CodeVerifier::parse(&pending.code_verifier)?;
        Some(Self {
            setup,
            stage: Stage::Away {
                state: pending.state.clone(),
                verifier,
            },
        })
    }

    /// What to remember while the browser is away. It is as secret as the login itself.
    pub fn pending(&self) -> Option<PendingLogin> {
        match &self.stage {
            Stage::Away { state, verifier } => Some(PendingLogin {
                state: state.clone(),
                code_verifier: verifier.expose().to_owned(),
            }),
            _ => None,
        }
    }

    fn depart(&mut self, cx: &mut Cx<'_>) -> Result<Step<TokenResponse>, FlowError> {
        let state = opaque::encode("", &cx.bytes::<16>()).expose().to_owned();
        let verifier = CodeVerifier::generate(cx);
        let request = AuthorizationRequest {
            client_id: self.setup.client.client_id.clone(),
            redirect_uri: Some(self.setup.redirect_uri.clone()),
            scope: self.setup.scope.clone(),
            state: Some(state.clone()),
            code_challenge: Some(verifier.challenge()),
            resource: self.setup.resource.clone(),
        };
        let url = request
            .to_params()
            .append_to(&self.setup.authorization_endpoint);
        let url = url
            .parse()
            .map_err(|_| FlowError::Setup("the authorization endpoint is not a URL".to_owned()))?;
        self.stage = Stage::Away { state, verifier };
        Ok(Step::Redirect(url))
    }

    /// The callback is believed only when `state` and `iss` are ours (RFC 6749 §10.12, RFC 9207 §2.4).
    fn arrive(&mut self, params: &Params) -> Result<Step<TokenResponse>, FlowError> {
        let Stage::Away { state, verifier } = &self.stage else {
            return Err(FlowError::OutOfTurn);
        };
        let response = AuthorizationResponse::parse(params).ok_or_else(|| {
            FlowError::BadAnswer("the callback has neither a code nor an error".to_owned())
        })?;
        if response
            .state
            .as_deref()
            .is_none_or(|given| !Secret::new(state.as_str()).ct_eq(given))
        {
            return Err(FlowError::StateMismatch);
        }
        self.check_issuer(response.iss.as_deref())?;
        let code = response.outcome.map_err(|refusal| FlowError::Refused {
            error: refusal.error,
            description: refusal.description,
            status: None,
            retry_after: None,
        })?;
        let exchange = CodeExchange {
            code,
            redirect_uri: Some(self.setup.redirect_uri.clone()),
            code_verifier: Some(verifier.clone()),
        };
        let flow = TokenFlow::new(
            self.setup.token_endpoint.as_str(),
            self.setup.client.clone(),
            &exchange,
        );
        let request = flow.request()?;
        self.stage = Stage::Exchanging;
        Ok(Step::Send(request))
    }

    fn check_issuer(&self, iss: Option<&str>) -> Result<(), FlowError> {
        let Some(expected) = &self.setup.issuer else {
            return Ok(());
        };
        match iss {
            Some(got) if got == expected => Ok(()),
            None if !self.setup.iss_promised => Ok(()),
            got => Err(FlowError::IssuerMismatch {
                expected: expected.clone(),
                got: got.unwrap_or_default().to_owned(),
            }),
        }
    }
}

impl Flow for CodeFlow {
    type Output = TokenResponse;

    fn step(&mut self, input: Input, cx: &mut Cx<'_>) -> Result<Step<TokenResponse>, FlowError> {
        match (&self.stage, input) {
            (Stage::Fresh, Input::Start) => self.depart(cx),
            (Stage::Away { .. }, Input::Callback(params)) => self.arrive(&params),
            (Stage::Exchanging, Input::Response(response)) => read(&response?).map(Step::Done),
            _ => Err(FlowError::OutOfTurn),
        }
    }
}
