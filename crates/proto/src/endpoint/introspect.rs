//! Introspection (RFC 7662): is this token good now.

use crate::client_auth::{self, Presented};
use crate::decide::family::{Presented as PresentedRefresh, Standing};
use crate::decide::record::Client;
use crate::decide::{Done, Facts, Halt, Judged, Rules};
use crate::jose::access_token::{AccessToken, Expect};
use crate::message::introspection::{IntrospectionRequest, IntrospectionResponse};
use crate::{ErrorCode, OAuthError, Timestamp};

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
) -> Judged<IntrospectionResponse> {
    let caller = client_auth::authenticate(presented, facts)?;
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
    Ok(Done::unchanged(
        answer.unwrap_or_else(IntrospectionResponse::inactive),
    ))
}

/// Looks an access token of ours up: genuine, in time, and not withdrawn.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking.
pub fn live_access_token(
    token: &str,
    audience: Option<&str>,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Result<Option<AccessToken>, Halt> {
    // The judgement is repeated until it lacks nothing, and the signature is its dearest part: first comes what has to
    // be looked up, then the check of everything, once.
    let Some(claimed) = AccessToken::peek(token) else {
        return Ok(None);
    };
    let live = is_live(&claimed, facts)?;
    let expect = Expect {
        issuer: &rules.issuer,
        audience,
        leeway: std::time::Duration::ZERO,
    };
    let checked = AccessToken::check(token, &rules.keys, &expect, now).ok();
    Ok(checked.filter(|_| live))
}

/// Whether an access token that is genuine and in time has not been withdrawn, alone or with its grant.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking, all of them at once.
pub fn is_live(claims: &AccessToken, facts: &Facts) -> Result<bool, Halt> {
    let denied = facts.denied(&claims.jti);
    let Some(grant_id) = claims.grant_id else {
        return Ok(denied?.is_none());
    };
    let (denied, grant) = match (denied, facts.grant(&grant_id)) {
        (Err(Halt::Need(mut first)), Err(Halt::Need(second))) => {
            first.extend(second);
            return Err(Halt::Need(first));
        }
        (denied, grant) => (denied?, grant?),
    };
    // A grant that is gone cannot vouch for anything.
    Ok(denied.is_none() && grant.is_some_and(|grant| grant.revoked_at.is_none()))
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
        token_type: Some("Bearer".to_owned()),
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        aud: claims.aud.iter().map(str::to_owned).collect(),
        scope: Some(claims.scope),
        client_id: Some(claims.client_id),
        sub: Some(claims.sub),
        iss: Some(claims.iss),
        jti: Some(claims.jti),
        ..IntrospectionResponse::default()
    }))
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
    // A refresh token is between its client and us; no resource server is ever shown one.
    let good = grant.client_id == caller.client_id
        && presented.is_genuine(family, &rules.refresh_keys)
        && grant.revoked_at.is_none()
        && now < grant.expires_at
        && now < family.rotated_at + rules.lifetimes.refresh_idle
        && presented.standing(family, rules.refresh_grace(caller), now) != Standing::Replayed;
    Ok(good.then(|| IntrospectionResponse {
        active: true,
        scope: Some(grant.scope.clone()),
        client_id: Some(grant.client_id.clone()),
        sub: Some(grant.user_id.to_string()),
        exp: Some(grant.expires_at.as_secs()),
        iat: Some(family.rotated_at.as_secs()),
        aud: grant.audience.clone(),
        iss: Some(rules.issuer.clone()),
        ..IntrospectionResponse::default()
    }))
}
