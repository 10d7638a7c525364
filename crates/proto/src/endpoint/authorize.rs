//! The authorization endpoint (RFC 6749 §3.1): may this request be put before a user, and what does their
//! consent make.

use std::time::Duration;

pub use super::fetched::{Fetched, keep};
pub use super::next::{Login, Next, forget, next};
use super::next::{named, remember};
use super::resolve::{self, Resolved, Way};
use crate::base::opaque;
use crate::decide::change::Change;
use crate::decide::details::GrantDetails;
use crate::decide::record::{Client, Code, Record};
use crate::decide::{Done, Facts, Halt, Judged, Rules, policy, redirect};
use crate::message::authentication::AuthenticationRequest;
use crate::message::authorization::{AuthorizationRequest, AuthorizationResponse, OUT_OF_BAND};
use crate::message::response_mode::ResponseMode;
use crate::pkce::CodeChallenge;
use crate::{
    ClientId, Cx, Digest, ErrorCode, GrantId, OAuthError, Params, Scope, Secret, Timestamp,
};

/// Where the browser goes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo {
    redirect_uri: String,
    named: bool,
    state: Option<String>,
    issuer: String,
    /// How the answer travels.
    pub mode: ResponseMode,
    /// For whom a signed answer is.
    pub client_id: ClientId,
    /// By which algorithm it is signed (`authorization_signed_response_alg`).
    pub signed_by: String,
}

/// A request that may be put before a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Who asks.
    pub client: Client,
    /// For what.
    pub scope: Scope,
    /// For which resources.
    pub audience: Vec<String>,
    /// Where the answer goes.
    pub return_to: ReturnTo,
    /// What of it the grant will hold, as far as it is known before the consent.
    pub details: GrantDetails,
    /// What it says of the login.
    pub authentication: AuthenticationRequest,
    /// `sub` of each person that `id_token_hint` and `claims` name; the login must be of all of them.
    pub(super) subjects: Vec<String>,
    code_challenge: Option<CodeChallenge>,
    pushed: Option<Digest>,
}

/// What becomes of an authorization request whose client and redirect URI are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorize {
    /// Put it before the user.
    Ask(Box<Authorization>),
    /// It was fetched from its client's site: [`keep`] it, and have the browser come again with what that gives.
    Keep(Fetched),
    /// Send the browser back with this error.
    Back(ReturnTo, OAuthError),
}

impl ReturnTo {
    /// The redirect URI, without parameters.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Whether the answer is shown on a page instead of sent to a redirect URI.
    pub fn is_out_of_band(&self) -> bool {
        self.redirect_uri == OUT_OF_BAND
    }

    /// The parameters of the answer: a code or a refusal, in either case with `iss` (RFC 9207 §2).
    pub fn response(&self, outcome: Result<Secret, &OAuthError>) -> Params {
        let response = AuthorizationResponse {
            outcome: outcome.map_err(Into::into),
            state: self.state.clone(),
            iss: Some(self.issuer.clone()),
        };
        response.to_params()
    }

    /// The address to send the browser to with a code or a refusal, where the answer is not signed and not posted.
    pub fn url(&self, outcome: Result<Secret, &OAuthError>) -> String {
        self.response(outcome).append_to(&self.redirect_uri)
    }
}

/// Judges an authorization request. The order matters: until the client and the redirect URI are known to belong
/// together nothing may be sent anywhere (RFC 9700 §4.11), so those refusals are for a page of our own.
///
/// # Errors
///
/// [`crate::decide::Halt::Need`] while facts are lacking; [`crate::decide::Halt::Refuse`] for the page.
pub fn authorize(
    params: &Params,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Judged<Authorize> {
    let client_id = params
        .get("client_id")
        .ok_or_else(|| OAuthError::invalid_request("client_id is missing"))?;
    let client = facts.client(&ClientId::new(client_id));
    let client = client
        .map_err(to_a_person)?
        .ok_or_else(|| OAuthError::invalid_request("no client has this client_id"))?;
    let asked = resolve::brought(client, params, facts, rules, now)?;
    let return_to = return_to(client, &asked.params, rules)?;
    let value = match admit(client, &asked, rules) {
        Ok(_) if asked.way == Way::Fetched => Authorize::Keep(Fetched::of(client, &asked)),
        Ok(admitted) => Authorize::Ask(Box::new(Authorization {
            client: client.clone(),
            scope: admitted.scope,
            audience: admitted.audience,
            return_to,
            details: admitted.details,
            authentication: admitted.authentication,
            subjects: admitted.subjects,
            code_challenge: admitted.code_challenge,
            pushed: match asked.way {
                Way::Pushed(digest) => Some(digest),
                Way::Browser | Way::Fetched | Way::Pushing => None,
            },
        })),
        Err(error) => Authorize::Back(return_to, error),
    };
    Ok(Done {
        changes: asked.changes,
        value,
    })
}

/// `invalid_client` is about a proof, and a browser brings none (RFC 6749 §4.1.2.1).
fn to_a_person(halt: Halt) -> Halt {
    match halt {
        Halt::Refuse(refusal) if refusal.error.code() == ErrorCode::InvalidClient => {
            OAuthError::invalid_request(refusal.error.description().to_owned()).into()
        }
        other => other,
    }
}

/// Judges a request that is pushed: in the same way, but all that is wrong with it is said to the client itself (RFC 9126
/// §2.3).
pub(super) fn check(
    client: &Client,
    asked: &Resolved<'_>,
    rules: &Rules,
) -> Result<(), OAuthError> {
    return_to(client, &asked.params, rules)?;
    admit(client, asked, rules)?;
    Ok(())
}

fn return_to(client: &Client, params: &Params, rules: &Rules) -> Result<ReturnTo, OAuthError> {
    let named = params.get("redirect_uri");
    let redirect_uri = match (named, client.redirect_uris.as_slice()) {
        (Some(given), registered) => registered
            .iter()
            .any(|own| redirect::matches(own, given))
            .then_some(given)
            .ok_or_else(|| {
                OAuthError::invalid_request("redirect_uri is not registered for this client")
            })?,
        (None, [only]) => only,
        (None, _) => return Err(OAuthError::invalid_request("redirect_uri is missing")),
    };
    Ok(ReturnTo {
        redirect_uri: redirect_uri.to_owned(),
        named: named.is_some(),
        state: params.get("state").map(str::to_owned),
        issuer: rules.issuer.clone(),
        mode: params
            .get("response_mode")
            .and_then(ResponseMode::parse)
            .unwrap_or_default(),
        client_id: client.client_id.clone(),
        signed_by: answer_alg(client).to_owned(),
    })
}

/// JARM §3: RS256 for clients that ask for nothing, but where FAPI forbids it.
fn answer_alg(client: &Client) -> &str {
    let details = &client.details;
    match &details.authorization_signed_response_alg {
        Some(registered) => registered,
        None if details.fapi || details.fapi_message_signing => "ES256",
        None => "RS256",
    }
}

struct Admitted {
    scope: Scope,
    audience: Vec<String>,
    code_challenge: Option<CodeChallenge>,
    details: GrantDetails,
    authentication: AuthenticationRequest,
    subjects: Vec<String>,
}

fn admit(client: &Client, asked: &Resolved<'_>, rules: &Rules) -> Result<Admitted, OAuthError> {
    asked.check_way(client, rules)?;
    check_fapi(client, &asked.params)?;
    let request = AuthorizationRequest::parse(&asked.params)?;
    if !client.may_use("authorization_code") {
        let text = "this client may not use the authorization code grant";
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, text));
    }
    let must_prove = client.require_pkce || client.is_public() || client.details.fapi;
    if request.code_challenge.is_none() && must_prove {
        return Err(OAuthError::invalid_request(
            "code_challenge is missing: this client must use PKCE",
        ));
    }
    let scope = policy::scope(client, request.scope.as_ref())?;
    let audience = policy::audience(client, rules, request.resource.iter().map(String::as_str))?;
    let authentication = AuthenticationRequest::parse(&asked.params)?;
    Ok(Admitted {
        subjects: named(client, &scope, &authentication, rules)?,
        scope,
        audience,
        code_challenge: request.code_challenge,
        details: GrantDetails {
            dpop_jkt: dpop_jkt(&asked.params)?,
            authorization_details: policy::asked_details(client, rules, &asked.params)?,
            nonce: authentication.nonce.clone(),
            claims: (!authentication.claims.is_empty()).then(|| authentication.claims.to_value()),
            ..GrantDetails::default()
        },
        authentication,
    })
}

/// What a client under FAPI 2.0 has to say: where it wants its answer (Security Profile §5.3.2.2), and that it wants it
/// signed (Message Signing §5.4).
fn check_fapi(client: &Client, params: &Params) -> Result<(), OAuthError> {
    let details = &client.details;
    if (details.fapi || details.fapi_message_signing) && params.get("redirect_uri").is_none() {
        return Err(OAuthError::invalid_request("redirect_uri is missing"));
    }
    let mode = params.get("response_mode").and_then(ResponseMode::parse);
    if details.fapi_message_signing && !mode.is_some_and(ResponseMode::is_signed) {
        return Err(OAuthError::invalid_request(
            "this client must ask for a signed answer: response_mode must be jwt",
        ));
    }
    Ok(())
}

/// `dpop_jkt`: the key that the code is bound to (RFC 9449 §10).
fn dpop_jkt(params: &Params) -> Result<Option<String>, OAuthError> {
    let named = params.get("dpop_jkt");
    if named.is_some_and(|jkt| Digest::from_base64url(jkt).is_none()) {
        let text = "dpop_jkt is not the base64url of a SHA-256";
        return Err(OAuthError::invalid_request(text));
    }
    Ok(named.map(str::to_owned))
}

/// The user said yes: a code. A pushed request is spent with it, for there is one code to each.
///
/// # Errors
///
/// [`crate::decide::Halt::Need`] while facts are lacking; [`crate::decide::Halt::Refuse`] when a pushed request was spent
/// meanwhile.
pub fn consent(
    authorization: &Authorization,
    login: &Login,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<Secret> {
    let pushed = authorization.pushed;
    let spent = pushed.map(|digest| resolve::spend(digest, facts, cx.now));
    let spent = spent.transpose()?;
    let remembered = remember(authorization, &login.user_id, facts, cx)?;
    let code = opaque::mint(opaque::CODE, cx);
    let return_to = &authorization.return_to;
    let record = Code {
        digest: code.digest(),
        grant_id: GrantId::generate(cx),
        client_id: authorization.client.client_id.clone(),
        user_id: login.user_id.clone(),
        redirect_uri: return_to.named.then(|| return_to.redirect_uri.clone()),
        code_challenge: authorization.code_challenge,
        scope: authorization.scope.clone(),
        audience: authorization.audience.clone(),
        auth_time: login.auth_time,
        expires_at: cx.now + code_ttl(authorization, rules),
        spent_at: None,
        details: Box::new(GrantDetails {
            auth_time: Some(login.auth_time),
            acr: login.acr.clone(),
            amr: login.amr.clone(),
            sid: login.sid.clone(),
            ..authorization.details.clone()
        }),
    };
    let mut changes = vec![Change::Insert(Record::Code(record))];
    changes.extend(spent);
    changes.extend(remembered);
    Ok(Done {
        changes,
        value: code,
    })
}

/// FAPI 2.0 Security Profile §5.3.2.2: a minute at most.
fn code_ttl(authorization: &Authorization, rules: &Rules) -> Duration {
    let lifetime = rules.code_ttl(authorization.return_to.is_out_of_band());
    match authorization.client.details.fapi {
        true => lifetime.min(Duration::from_secs(60)),
        false => lifetime,
    }
}
