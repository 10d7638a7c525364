use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::call::{Call, Heard};
use super::id_check::document;
use super::post::refusal;
use super::token::{Granted, TokenFlow, TokenSetup};
use super::{Flow, FlowError, Input, Response, Step};
use crate::base::opaque;
use crate::dpop::Dpop;
use crate::grant::authorization_code::CodeExchange;
use crate::jose::{KeySet, jarm, request_object};
use crate::message::authorization::{AuthorizationRequest, AuthorizationResponse};
use crate::message::par::ParResponse;
use crate::pkce::CodeVerifier;
use crate::{Cx, Params, Scope, Secret};

/// What a login by authorization code needs to know.
#[derive(Clone, Debug)]
pub struct CodeSetup {
    /// The token endpoint, and who we are.
    pub token: TokenSetup,
    /// The issuer, against which `iss` is compared; `None` when only the endpoints are known.
    pub issuer: Option<String>,
    /// Whether the server promises `iss` in its answers (RFC 9207 §3), so that a missing one is refused.
    pub iss_promised: bool,
    /// `authorization_endpoint`.
    pub authorization_endpoint: String,
    /// Where the request goes ahead of the browser (RFC 9126), where it does.
    pub pushed_authorization_request_endpoint: Option<String>,
    /// Whether the request is signed (RFC 9101); the client needs a key for that.
    pub request_object: bool,
    /// The `jwks_uri` by which a signed answer is checked (JARM, `response_mode=jwt`), where one is asked for.
    pub jarm: Option<String>,
    /// Where the browser comes back to.
    pub redirect_uri: String,
    /// `scope`.
    pub scope: Option<Scope>,
    /// `resource` (RFC 8707), any number.
    pub resource: Vec<String>,
    /// `authorization_details` (RFC 9396).
    pub authorization_details: Option<Value>,
    /// What else the request says: `prompt`, `login_hint`, `max_age`, `acr_values` …
    pub params: Vec<(String, String)>,
}

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

/// What is remembered while the browser is away.
#[derive(Clone, Debug)]
struct Away {
    state: String,
    verifier: CodeVerifier,
    nonce: Option<String>,
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
            return Err(refusal(&answer));
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
            return Err(refusal(keys));
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
        let code = response.outcome.map_err(|refusal| FlowError::Refused {
            error: refusal.error,
            description: refusal.description,
            status: None,
            retry_after: None,
        })?;
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

impl CodeSetup {
    fn client_id(&self) -> &str {
        self.token.endpoint.client.client_id.as_str()
    }

    /// Whether the answer will hold an ID token.
    fn speaks_openid(&self) -> bool {
        let asked = self.scope.as_ref();
        asked.is_some_and(|scope| scope.contains("openid")) && self.token.id_token.is_some()
    }

    /// The authorization request, signed where that is wanted.
    fn request(&self, away: &Away, cx: &mut Cx<'_>) -> Result<Params, FlowError> {
        let params = self.params(away)?;
        if !self.request_object {
            return Ok(params);
        }
        let client = &self.token.endpoint.client;
        let lack = |text: &str| FlowError::Setup(text.to_owned());
        let key = client
            .key
            .as_deref()
            .ok_or_else(|| lack("a signed request needs a client key"))?;
        let issuer = self
            .issuer
            .as_deref()
            .ok_or_else(|| lack("a signed request needs the issuer, whom it is for"))?;
        let signed = request_object::sign(&params, key, client.client_id.as_str(), issuer, cx)
            .map_err(|error| FlowError::Setup(error.to_string()))?;
        let mut sealed = Params::new();
        sealed.push("client_id", self.client_id());
        sealed.push("request", signed);
        // OpenID Connect Core §6.1 wants these beside it; RFC 9101 §5 lets them be.
        for name in ["response_type", "scope"] {
            sealed.push_some(name, params.get(name));
        }
        Ok(sealed)
    }

    fn params(&self, away: &Away) -> Result<Params, FlowError> {
        let quirks = &self.token.quirks;
        let request = AuthorizationRequest {
            client_id: self.token.endpoint.client.client_id.clone(),
            redirect_uri: Some(self.redirect_uri.clone()),
            scope: None,
            state: Some(away.state.clone()),
            code_challenge: quirks.pkce.then(|| away.verifier.challenge()),
            resource: self.resource.clone(),
        };
        let mut params = request.to_params();
        params.push_some(
            "scope",
            self.scope.as_ref().map(|scope| quirks.write_scope(scope)),
        );
        params.push_some("nonce", away.nonce.as_deref());
        params.push_some("response_mode", self.jarm.as_ref().map(|_| "jwt"));
        params.push_some(
            "authorization_details",
            self.authorization_details.as_ref().map(Value::to_string),
        );
        let dpop = self.token.endpoint.dpop.as_ref();
        params.push_some("dpop_jkt", dpop.map(Dpop::jkt));
        // What is said for this login counts more than what a preset says for all.
        let mut more = quirks.authorize_params.clone();
        more.extend(self.params.iter().cloned());
        for (name, value) in more {
            if params.get(&name).is_some() {
                let text = format!("{name} is set by gatepass; it cannot be set again");
                return Err(FlowError::Setup(text));
            }
            params.push(name, value);
        }
        Ok(params)
    }

    fn redirect(&self, params: &Params) -> Result<Step<Granted>, FlowError> {
        let url: Result<Url, _> = params.append_to(&self.authorization_endpoint).parse();
        let url = url
            .map_err(|_| FlowError::Setup("the authorization endpoint is not a URL".to_owned()))?;
        Ok(Step::Redirect(url))
    }
}

impl Away {
    fn draw(openid: bool, cx: &mut Cx<'_>) -> Self {
        let mut text = || opaque::encode("", &cx.bytes::<16>()).expose().to_owned();
        let (state, nonce) = (text(), openid.then(&mut text));
        Self {
            state,
            nonce,
            verifier: CodeVerifier::generate(cx),
        }
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
