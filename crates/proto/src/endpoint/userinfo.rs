//! UserInfo (OpenID Connect Core 1.0 §5.3): what a token's grant lets its client know of the person.

use serde_json::{Map, Value};

use crate::decide::live::live_access_token;
use crate::decide::{Done, Facts, Halt, Judged, Rules, person};
use crate::dpop::Proof;
use crate::id_token::algorithm;
use crate::jose::access_token::Held;
use crate::message::claims::ClaimsRequest;
use crate::{ErrorCode, OAuthError, Secret, Timestamp};

/// The answer, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserInfoAnswer {
    /// The claims; with `iss` and `aud` where they are to be signed (§5.3.2).
    pub claims: Map<String, Value>,
    /// By which algorithm, where the client registered `userinfo_signed_response_alg`.
    pub signed_by: Option<&'static str>,
}

/// Judges a request. `proof` is the DPoP proof that came along and `x5t_s256` the thumbprint of the connection's
/// certificate, without which a token that is bound to them is not good. Whether the
/// grant, the person and the client are still there is looked up each time.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; [`Halt::Refuse`] with the code of RFC 6750 §3.1.
pub fn userinfo(
    token: &Secret,
    proof: Option<&Proof>,
    x5t_s256: Option<&str>,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Judged<UserInfoAnswer> {
    let token = live_access_token(token.expose(), None, facts, rules, now)?.ok_or_else(dead)?;
    token
        .check_binding(Held {
            jkt: proof.map(|proof| proof.jkt.as_str()),
            x5t_s256,
        })
        .map_err(|why| OAuthError::new(ErrorCode::InvalidToken, why))?;
    if !token.scope.contains("openid") {
        let text = "the token was not given for openid";
        return Err(OAuthError::new(ErrorCode::InsufficientScope, text).into());
    }
    let grant_id = token.grant_id.ok_or_else(dead)?;
    let grant = facts.grant(&grant_id)?.ok_or_else(dead)?;
    let client = facts.client(&token.client_id)?.ok_or_else(dead)?;
    let user = facts.user(&grant.user_id)?;
    let user = user
        .filter(|user| user.locked_at.is_none())
        .ok_or_else(dead)?;
    let mut claims = person::by_scope(user, &token.scope);
    if let Some(asked) = &grant.details.claims {
        let asked = ClaimsRequest::from_value(asked).unwrap_or_default();
        claims.extend(person::asked(user, &asked.userinfo));
    }
    claims.insert("sub".to_owned(), token.sub.into());
    let registered = client.details.userinfo_signed_response_alg.as_deref();
    let signed_by = match registered {
        None => None,
        Some(name) => Some(algorithm(Some(name)).ok_or_else(OAuthError::unavailable)?),
    };
    if signed_by.is_some() {
        claims.insert("iss".to_owned(), rules.issuer.as_str().into());
        claims.insert("aud".to_owned(), client.client_id.as_str().into());
    }
    Ok(Done {
        changes: proof.map(Proof::once).into_iter().collect(),
        value: UserInfoAnswer { claims, signed_by },
    })
}

fn dead() -> Halt {
    OAuthError::new(
        ErrorCode::InvalidToken,
        "the token is not good, or not any more",
    )
    .into()
}
