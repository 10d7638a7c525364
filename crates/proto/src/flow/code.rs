use serde::{Deserialize, Serialize};

use super::call::{Call, Heard};
use super::code_setup::{Away, CodeSetup};
use super::id_check::document;
use super::post::refusal;
use super::token::{Granted, TokenFlow};
use super::{Flow, FlowError, Input, Response, Step};
use crate::dpop::Dpop;
use crate::grant::authorization_code::CodeExchange;
use crate::jose::{KeySet, jarm};
use crate::message::authorization::{AuthorizationError, AuthorizationResponse};
use crate::message::known::KnownSecrets;
use crate::message::par::ParResponse;
use crate::message::said::clean;
use crate::pkce::CodeVerifier;
use crate::{Cx, Params, Secret};

/// What must be remembered between the redirect and the callback, for a web application to carry in its session.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingLogin {
    state: String,
    code_verifier: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dpop_key: Option<String>,
}

/// A login by authorization code with PKCE (RFC 6749 §4.1, RFC 7636): redirect, callback, exchange. The request goes
/// ahead of the browser where the server takes it so (RFC 9126), signed where that is wanted (RFC 9101).
#[derive(Debug)]
pub struct CodeFlow {
    setup: CodeSetup,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Fresh,
    Pushing(Box<Call>, Away),
    Away(Away),
    /// A signed answer waits for the keys.
    Unsealing {
        away: Away,
        response: Secret,
        anew: bool,
    },
    Exchanging(Box<TokenFlow>),
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
    pub fn resume(mut setup: CodeSetup, pending: &PendingLogin) -> Option<Self> {
        if let Some(key) = &pending.dpop_key {
            let dpop = Dpop::from_private_jwk(&Secret::new(key.as_str())).ok()?;
            setup.token.endpoint.dpop = Some(dpop);
        }
        let away = Away {
            state: pending.state.clone(),
            verifier: CodeVerifier::parse(&pending.code_verifier)?,
            nonce: pending.nonce.clone(),
        };
        Some(Self {
            setup,
            stage: Stage::Away(away),
        })
    }

    /// What to remember while the browser is away. It is as secret as the login itself.
    pub fn pending(&self) -> Option<PendingLogin> {
        let Stage::Away(away) = &self.stage else {
            return None;
        };
        let dpop = self.setup.token.endpoint.dpop.as_ref();
        Some(PendingLogin {
            state: away.state.clone(),
            code_verifier: away.verifier.expose().to_owned(),
            nonce: away.nonce.clone(),
            dpop_key: dpop.map(|dpop| dpop.to_private_jwk().expose().to_owned()),
        })
    }

    fn depart(&mut self, cx: &mut Cx<'_>) -> Result<Step<Granted>, FlowError> {
        let away = Away::draw(self.setup.speaks_openid(), cx);
        let asked = self.setup.request(&away, cx)?;
        let Some(endpoint) = &self.setup.pushed_authorization_request_endpoint else {
            self.stage = Stage::Away(away);
            return self.setup.redirect(&asked);
        };
        let mut door = self.setup.token.endpoint.clone();
        door.url.clone_from(endpoint);
        let mut call = Call::new(door, asked);
        let request = call.request(cx)?;
        self.stage = Stage::Pushing(Box::new(call), away);
        Ok(Step::Send(request))
    }

    /// The server has taken the request and named it; the browser carries the name alone (RFC 9126 §4).
    fn pushed(
        &mut self,
        mut call: Box<Call>,
        away: Away,
        response: Response,
        cx: &mut Cx<'_>,
    ) -> Result<Step<Granted>, FlowError> {
        let answer = match call.hear(response, cx)? {
            Heard::Again(request) => {
                self.stage = Stage::Pushing(call, away);
                return Ok(Step::Send(request));
            }
            Heard::Answer(answer) => answer,
        };
        if !answer.status().is_success() {
            return Err(refusal(&answer, call.known()));
        }
        let pushed = ParResponse::parse(answer.body())
            .map_err(|fault| FlowError::BadAnswer(fault.to_owned()))?;
        let mut named = Params::new();
        named.push("client_id", self.setup.client_id());
        named.push("request_uri", pushed.request_uri);
        self.stage = Stage::Away(away);
        self.setup.redirect(&named)
    }

    fn arrive(
        &mut self,
        away: Away,
        params: &Params,
        cx: &mut Cx<'_>,
    ) -> Result<Step<Granted>, FlowError> {
        match (&self.setup.jarm, params.get("response")) {
            (Some(jwks_uri), Some(response)) => {
                let request = document(jwks_uri, false)?;
                self.stage = Stage::Unsealing {
                    away,
                    response: Secret::new(response),
                    anew: false,
                };
                Ok(Step::Send(request))
            }
            // An answer that is not signed could be anybody's.
            (Some(_), None) => {
                let text = "a signed answer was asked for, and the callback has none";
                Err(FlowError::BadAnswer(text.to_owned()))
            }
            (None, _) => self.exchange(&away, params, cx),
        }
    }

    /// The keys are here by which a signed answer is checked (JARM §2.4).
    fn unseal(
        &mut self,
        away: Away,
        response: Secret,
        anew: bool,
        keys: &Response,
        cx: &mut Cx<'_>,
    ) -> Result<Step<Granted>, FlowError> {
        if !keys.status().is_success() {
            return Err(refusal(keys, &KnownSecrets::default()));
        }
        let keys =
            KeySet::parse(keys.body()).map_err(|fault| FlowError::BadAnswer(fault.to_owned()))?;
        let issuer = self.setup.issuer.as_deref().unwrap_or_default();
        let client_id = self.setup.client_id();
        match jarm::check(response.expose(), &keys, issuer, client_id, cx.now) {
            Ok(params) => self.exchange(&away, &params, cx),
            Err(jarm::JarmFault::UnknownKey) if !anew => {
                let jwks_uri = self.setup.jarm.as_deref().unwrap_or_default();
                let request = document(jwks_uri, true)?;
                self.stage = Stage::Unsealing {
                    away,
                    response,
                    anew: true,
                };
                Ok(Step::Send(request))
            }
            Err(fault) => Err(FlowError::BadAnswer(fault.to_string())),
        }
    }

    /// The callback is believed only when `state` and `iss` are ours (RFC 6749 §10.12, RFC 9207 §2.4).
    fn exchange(
        &mut self,
        away: &Away,
        params: &Params,
        cx: &mut Cx<'_>,
    ) -> Result<Step<Granted>, FlowError> {
        let response = AuthorizationResponse::parse(params).ok_or_else(|| {
            FlowError::BadAnswer("the callback has neither a code nor an error".to_owned())
        })?;
        if response
            .state
            .as_deref()
            .is_none_or(|given| !Secret::new(away.state.as_str()).ct_eq(given))
        {
            return Err(FlowError::StateMismatch);
        }
        self.check_issuer(response.iss.as_deref())?;
        let code = response.outcome.map_err(|refusal| denied(&refusal, away))?;
        let grant = CodeExchange {
            code,
            redirect_uri: Some(self.setup.redirect_uri.clone()),
            code_verifier: Some(away.verifier.clone()),
        };
        let mut setup = self.setup.token.clone();
        if let Some(id_token) = &mut setup.id_token {
            id_token.nonce.clone_from(&away.nonce);
            id_token.required = away.nonce.is_some();
        }
        let mut flow = TokenFlow::new(setup, &grant);
        let step = flow.step(Input::Start, cx)?;
        self.stage = Stage::Exchanging(Box::new(flow));
        Ok(step)
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

/// A refusal that the browser has brought, fit to be shown.
fn denied(refusal: &AuthorizationError, away: &Away) -> FlowError {
    let sent = [Some(&away.state), away.nonce.as_ref()];
    let secrets: Vec<Secret> = sent.into_iter().flatten().map(Secret::new).collect();
    let known = secrets.iter().collect();
    FlowError::Refused {
        error: clean(&refusal.error, &known),
        description: refusal.description.as_ref().map(|text| clean(text, &known)),
        status: None,
        retry_after: None,
    }
}

impl Flow for CodeFlow {
    type Output = Granted;

    fn step(&mut self, input: Input, cx: &mut Cx<'_>) -> Result<Step<Granted>, FlowError> {
        match (std::mem::replace(&mut self.stage, Stage::Fresh), input) {
            (Stage::Fresh, Input::Start) => self.depart(cx),
            (Stage::Pushing(call, away), Input::Response(response)) => {
                self.pushed(call, away, response?, cx)
            }
            (Stage::Away(away), Input::Callback(params)) => self.arrive(away, &params, cx),
            (
                Stage::Unsealing {
                    away,
                    response,
                    anew,
                },
                Input::Response(keys),
            ) => self.unseal(away, response, anew, &keys?, cx),
            (Stage::Exchanging(mut flow), input) => {
                let step = flow.step(input, cx)?;
                self.stage = Stage::Exchanging(flow);
                Ok(step)
            }
            _ => Err(FlowError::OutOfTurn),
        }
    }
}

impl PendingLogin {
    /// `state`, by which a callback is known to belong to this login.
    pub fn state(&self) -> &str {
        &self.state
    }
}

impl std::fmt::Debug for PendingLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PendingLogin([redacted])")
    }
}

#[cfg(test)]
#[path = "code_tests.rs"]
mod tests;
