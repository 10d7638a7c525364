//! The authorization endpoint (RFC 6749 §3.1): may this request be put before a user, and what does their
//! consent make.

use crate::base::opaque;
use crate::decide::change::Change;
use crate::decide::details::GrantDetails;
use crate::decide::record::{Client, Code, Record};
use crate::decide::{Done, Facts, Judged, Rules, policy, redirect};
use crate::message::authorization::{AuthorizationRequest, AuthorizationResponse, OUT_OF_BAND};
use crate::pkce::CodeChallenge;
use crate::{ClientId, Cx, GrantId, OAuthError, Params, Scope, Secret, Timestamp, UserId};

/// Where the browser goes back to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnTo {
    redirect_uri: String,
    named: bool,
    state: Option<String>,
    issuer: String,
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
    code_challenge: Option<CodeChallenge>,
}

/// What becomes of an authorization request whose client and redirect URI are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorize {
    /// Put it before the user.
    Ask(Box<Authorization>),
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

    /// The address to send the browser to with a code or a refusal.
    pub fn url(&self, outcome: Result<Secret, &OAuthError>) -> String {
        let response = AuthorizationResponse {
            outcome: outcome.map_err(Into::into),
            state: self.state.clone(),
            iss: Some(self.issuer.clone()),
        };
        response.to_params().append_to(&self.redirect_uri)
    }
}

/// Judges an authorization request. The order matters: until the client and the redirect URI are known to belong
/// together nothing may be sent anywhere (RFC 9700 §4.11), so those refusals are for a page of our own.
///
/// # Errors
///
/// [`crate::decide::Halt::Need`] while the client is not known; [`crate::decide::Halt::Refuse`] for the page.
pub fn authorize(params: &Params, facts: &Facts, rules: &Rules) -> Judged<Authorize> {
    let client_id = params
        .get("client_id")
        .ok_or_else(|| OAuthError::invalid_request("client_id is missing"))?;
    let client = facts
        .client(&ClientId::new(client_id))?
        .ok_or_else(|| OAuthError::invalid_request("no client has this client_id"))?;
    let return_to = return_to(client, params, rules)?;
    Ok(Done::unchanged(match admit(client, params, rules) {
        Ok((scope, audience, code_challenge)) => Authorize::Ask(Box::new(Authorization {
            client: client.clone(),
            scope,
            audience,
            return_to,
            code_challenge,
        })),
        Err(error) => Authorize::Back(return_to, error),
    }))
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
    })
}

type Admitted = (Scope, Vec<String>, Option<CodeChallenge>);

fn admit(client: &Client, params: &Params, rules: &Rules) -> Result<Admitted, OAuthError> {
    let request = AuthorizationRequest::parse(params)?;
    if !client.may_use("authorization_code") {
        let text = "this client may not use the authorization code grant";
        return Err(OAuthError::new(crate::ErrorCode::UnauthorizedClient, text));
    }
    if request.code_challenge.is_none() && (client.require_pkce || client.is_public()) {
        return Err(OAuthError::invalid_request(
            "code_challenge is missing: this client must use PKCE",
        ));
    }
    let scope = policy::scope(client, request.scope.as_ref())?;
    let audience = policy::audience(client, rules, request.resource.iter().map(String::as_str))?;
    Ok((scope, audience, request.code_challenge))
}

/// The user said yes: a code.
pub fn consent(
    authorization: &Authorization,
    user_id: &UserId,
    auth_time: Timestamp,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Done<Secret> {
    let code = opaque::mint(opaque::CODE, cx);
    let return_to = &authorization.return_to;
    let record = Code {
        digest: code.digest(),
        grant_id: GrantId::generate(cx),
        client_id: authorization.client.client_id.clone(),
        user_id: user_id.clone(),
        redirect_uri: return_to.named.then(|| return_to.redirect_uri.clone()),
        code_challenge: authorization.code_challenge,
        scope: authorization.scope.clone(),
        audience: authorization.audience.clone(),
        auth_time,
        expires_at: cx.now + rules.code_ttl(return_to.is_out_of_band()),
        spent_at: None,
        details: Box::new(GrantDetails {
            auth_time: Some(auth_time),
            ..GrantDetails::default()
        }),
    };
    Done {
        changes: vec![Change::Insert(Record::Code(record))],
        value: code,
    }
}
