//! Revocation (RFC 7009): the client is done with a token.

use crate::client_auth::{self, Presented, Trial};
use crate::decide::change::{AuditEvent, Change};
use crate::decide::family::Presented as PresentedRefresh;
use crate::decide::record::Client;
use crate::decide::{Done, Facts, Judged, Rules, opaque_token};
use crate::jose::access_token::{AccessToken, Expect};
use crate::message::revocation::RevocationRequest;
use crate::{ClientId, ErrorCode, OAuthError, Timestamp};

/// Judges a revocation request. A token that is unknown or over already is revoked well enough (RFC 7009 §2.2);
/// another client's token is not this client's to revoke.
///
/// Revoking a refresh token revokes its grant, and with it every access token that came from it.
///
/// # Errors
///
/// [`crate::decide::Halt::Need`] while facts are lacking; [`crate::decide::Halt::Refuse`] with the standard's code.
pub fn revoke(
    presented: &Presented<'_>,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Judged<()> {
    let trial = Trial { facts, rules, now };
    client_auth::proven(presented, trial, |client| {
        for_client(client, presented, facts, rules, now)
    })
}

fn for_client(
    client: &Client,
    presented: &Presented<'_>,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Judged<()> {
    let request = RevocationRequest::parse(presented.params)?;
    let token = request.token.expose();
    if let Some(refresh) = PresentedRefresh::parse(token) {
        let Some(grant) = facts.grant(&refresh.grant_id)? else {
            return Ok(Done::unchanged(()));
        };
        let genuine = match &grant.family {
            Some(family) => refresh.is_genuine(family, &rules.refresh_keys)?,
            None => false,
        };
        if !genuine {
            return Ok(Done::unchanged(()));
        }
        own(&grant.client_id, &client.client_id)?;
        let audit = AuditEvent::new(now, "grant.revoked")
            .client(&client.client_id)
            .grant(grant.grant_id);
        let revoke = Change::Revoke {
            grant_id: grant.grant_id,
            at: now,
        };
        return Ok(Done {
            changes: vec![revoke, Change::Audit(audit)],
            value: (),
        });
    }
    if let Some(digest) = opaque_token::digest(token) {
        let Some(claims) = opaque_token::claims(digest, facts, now)? else {
            return Ok(Done::unchanged(()));
        };
        own(&claims.client_id, &client.client_id)?;
        return Ok(Done {
            changes: vec![opaque_token::forget(digest)],
            value: (),
        });
    }
    let expect = Expect {
        issuer: &rules.issuer,
        audience: None,
        leeway: std::time::Duration::ZERO,
    };
    let Ok(claims) = AccessToken::check(token, &rules.keys, &expect, now) else {
        return Ok(Done::unchanged(()));
    };
    own(&claims.client_id, &client.client_id)?;
    let deny = Change::Deny {
        jti: claims.jti,
        until: Timestamp::from_secs(claims.exp),
    };
    Ok(Done {
        changes: vec![deny],
        value: (),
    })
}

fn own(owner: &ClientId, caller: &ClientId) -> Result<(), OAuthError> {
    if owner == caller {
        Ok(())
    } else {
        Err(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            "token was issued to another client",
        ))
    }
}
