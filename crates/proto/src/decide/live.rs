//! Whether an access token of ours is good now: what the server's own endpoints and grants ask before they believe one.

use super::record::Client;
use super::{Facts, Halt, Rules, opaque_token};
use crate::jose::access_token::{AccessToken, Expect};
use crate::{Digest, Timestamp, UserId};

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
    if let Some(digest) = opaque_token::digest(token) {
        return live_opaque_token(digest, audience, facts, now);
    }
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

/// The same of an opaque one, by its SHA-256.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking.
pub fn live_opaque_token(
    digest: Digest,
    audience: Option<&str>,
    facts: &Facts,
    now: Timestamp,
) -> Result<Option<AccessToken>, Halt> {
    let Some(claims) = opaque_token::claims(digest, facts, now)? else {
        return Ok(None);
    };
    let meant = audience.is_none_or(|audience| claims.aud.has(audience));
    let live = meant && is_live(&claims, facts)?;
    Ok(Some(claims).filter(|_| live))
}

/// Whether an access token that is genuine and in time has not been withdrawn: alone, with its grant, with the person
/// who gave that, or with its client.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking, all that are known to be needed at once.
pub fn is_live(claims: &AccessToken, facts: &Facts) -> Result<bool, Halt> {
    let denied = facts.denied(&claims.jti);
    let client = facts.registered(&claims.client_id);
    let Some(grant_id) = claims.grant_id else {
        let (denied, client) = both(denied, client)?;
        return Ok(denied.is_none() && stands(claims, client));
    };
    let grant = facts.grant(&grant_id);
    // Nearly always it names the person; where it has another name for them, that is found out in a second round.
    let user = facts.user(&UserId::new(claims.sub.as_str()));
    let ((denied, client), (grant, _)) = both(both(denied, client), both(grant, user))?;
    // A grant that is gone cannot vouch for anything.
    let Some(grant) = grant.filter(|grant| grant.revoked_at.is_none()) else {
        return Ok(false);
    };
    let user = facts.user(&grant.user_id)?;
    Ok(denied.is_none()
        && stands(claims, client)
        && user.is_some_and(|user| user.admits(grant.since())))
}

/// Whether the client is still there. One that is its own metadata document has no record.
fn stands(claims: &AccessToken, client: Option<&Client>) -> bool {
    client.is_some() || claims.client_id.is_url()
}

/// Both, or all that they lack.
pub(crate) fn both<A, B>(one: Result<A, Halt>, other: Result<B, Halt>) -> Result<(A, B), Halt> {
    match (one, other) {
        (Err(Halt::Need(mut first)), Err(Halt::Need(second))) => {
            first.extend(second);
            Err(Halt::Need(first))
        }
        (one, other) => Ok((one?, other?)),
    }
}
