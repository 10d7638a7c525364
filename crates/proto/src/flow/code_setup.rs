use serde_json::Value;
use url::Url;

use super::token::{Granted, TokenSetup};
use super::{FlowError, Step};
use crate::base::opaque;
use crate::dpop::Dpop;
use crate::jose::request_object;
use crate::message::authorization::AuthorizationRequest;
use crate::pkce::CodeVerifier;
use crate::{Cx, Params, Scope};

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

/// What is remembered while the browser is away.
#[derive(Clone, Debug)]
pub(super) struct Away {
    pub(super) state: String,
    pub(super) verifier: CodeVerifier,
    pub(super) nonce: Option<String>,
}

impl CodeSetup {
    pub(super) fn client_id(&self) -> &str {
        self.token.endpoint.client.client_id.as_str()
    }

    /// Whether the answer will hold an ID token.
    pub(super) fn speaks_openid(&self) -> bool {
        let asked = self.scope.as_ref();
        asked.is_some_and(|scope| scope.contains("openid")) && self.token.id_token.is_some()
    }

    /// The authorization request, signed where that is wanted.
    pub(super) fn request(&self, away: &Away, cx: &mut Cx<'_>) -> Result<Params, FlowError> {
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

    pub(super) fn redirect(&self, params: &Params) -> Result<Step<Granted>, FlowError> {
        let url: Result<Url, _> = params.append_to(&self.authorization_endpoint).parse();
        let url = url
            .map_err(|_| FlowError::Setup("the authorization endpoint is not a URL".to_owned()))?;
        Ok(Step::Redirect(url))
    }
}

impl Away {
    pub(super) fn draw(openid: bool, cx: &mut Cx<'_>) -> Self {
        let mut text = || opaque::encode("", &cx.bytes::<16>()).expose().to_owned();
        let (state, nonce) = (text(), openid.then(&mut text));
        Self {
            state,
            nonce,
            verifier: CodeVerifier::generate(cx),
        }
    }
}
