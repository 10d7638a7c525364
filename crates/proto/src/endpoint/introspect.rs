//! Introspection (RFC 7662): is this token good now.

use crate::client_auth::{self, Presented, Trial};
use crate::decide::family::{Presented as PresentedRefresh, Standing};
use crate::decide::record::Client;
use crate::decide::{Done, Facts, Halt, Judged, Rules};
use crate::id_token::algorithm;
use crate::jose::access_token::AccessToken;
use crate::message::introspection::{IntrospectionRequest, IntrospectionResponse};
use crate::{ClientId, ErrorCode, OAuthError, Timestamp};
use serde_json::{Map, Value};

pub use crate::decide::live::{is_live, live_access_token, live_opaque_token};

/// What an introspection comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Introspected {
    /// The answer.
    pub answer: IntrospectionResponse,
    /// For whom it is.
    pub caller: ClientId,
    /// By which algorithm it is signed where that is asked for; `None` where the one that is registered is not served.
    pub signed_by: Option<&'static str>,
}

/// Judges an introspection request. It takes a client that can prove who it is (RFC 7662 §2.1).
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; [`Halt::Refuse`] with the standard's code.
pub fn introspect(
    presented: &Presented<'_>,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Judged<Introspected> {
    let trial = Trial { facts, rules, now };
    client_auth::proven(presented, trial, |caller| {
        for_client(caller, presented, facts, rules, now)
    })
}

fn for_client(
    caller: &Client,
    presented: &Presented<'_>,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Judged<Introspected> {
    if caller.is_public() {
        let text = "introspection takes a client that can authenticate";
        return Err(OAuthError::new(ErrorCode::UnauthorizedClient, text).into());
    }
    let request = IntrospectionRequest::parse(presented.params)?;
    let token = request.token.expose();
    let answer = match PresentedRefresh::parse(token) {
        Some(refresh) => of_refresh_token(&refresh, caller, facts, rules, now)?,
        None => of_access_token(token, facts, rules, now)?,
    };
    let registered = caller.details.introspection_signed_response_alg.as_deref();
    Ok(Done::unchanged(Introspected {
        answer: answer.unwrap_or_else(IntrospectionResponse::inactive),
        caller: caller.client_id.clone(),
        signed_by: algorithm(registered),
    }))
}

fn of_access_token(
    token: &str,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Result<Option<IntrospectionResponse>, Halt> {
    let claims = live_access_token(token, None, facts, rules, now)?;
    Ok(claims.map(|claims| IntrospectionResponse {
        active: true,
        extra: more(&claims),
        token_type: Some(claims.token_type().to_owned()),
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        aud: claims.aud.iter().map(str::to_owned).collect(),
        scope: Some(claims.scope),
        client_id: Some(claims.client_id),
        sub: Some(claims.sub),
        iss: Some(claims.iss),
        jti: Some(claims.jti),
    }))
}

/// `cnf` (RFC 9449 §6.2, RFC 8705 §3.2), `authorization_details` (RFC 9396 §9.2), `act` (RFC 8693 §4.1), and how and when
/// the user logged in (RFC 9470 §6.2).
fn more(claims: &AccessToken) -> Map<String, Value> {
    let cnf = claims.cnf.as_ref();
    let named = [
        ("cnf", cnf.and_then(|cnf| serde_json::to_value(cnf).ok())),
        (
            "authorization_details",
            claims.authorization_details.clone(),
        ),
        ("act", claims.act.clone()),
        ("acr", claims.acr.clone().map(Value::from)),
        ("auth_time", claims.auth_time.map(Value::from)),
    ];
    named
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

fn of_refresh_token(
    presented: &PresentedRefresh,
    caller: &Client,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Result<Option<IntrospectionResponse>, Halt> {
    let Some(grant) = facts.grant(&presented.grant_id)? else {
        return Ok(None);
    };
    let Some(family) = &grant.family else {
        return Ok(None);
    };
    let user = facts.user(&grant.user_id)?;
    // A refresh token is between its client and us; no resource server is ever shown one.
    let good = user.is_some_and(|user| user.admits(grant.since()))
        && grant.client_id == caller.client_id
        && presented.is_genuine(family, &rules.refresh_keys)?
        && grant.revoked_at.is_none()
        && now < grant.expires_at
        && now < family.rotated_at + rules.lifetimes.refresh_idle
        && presented.standing(family, rules.refresh_grace(caller), now) != Standing::Replayed;
    Ok(good.then(|| IntrospectionResponse {
        active: true,
        scope: Some(grant.scope.clone()),
        client_id: Some(grant.client_id.clone()),
        sub: Some(rules.subject(caller, &grant.user_id)),
        exp: Some(grant.expires_at.as_secs()),
        iat: Some(family.rotated_at.as_secs()),
        aud: grant.audience.clone(),
        iss: Some(rules.issuer.clone()),
        ..IntrospectionResponse::default()
    }))
}
