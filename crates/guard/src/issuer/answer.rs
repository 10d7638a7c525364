//! What an issuer says of a token (RFC 7662 §2.2), in the words of a JWT.

use gatepass_proto::jose::access_token::{AccessToken, Audience, Confirmation, Expect};
use gatepass_proto::message::introspection::IntrospectionResponse;
use gatepass_proto::{ClientId, Scope, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::introspection::Introspection;
use crate::refusal::Refusal;

/// Reads an answer. What it leaves open is filled in where that gives nothing away: the issuer is the one that was asked,
/// and without an end the answer ends with the time for which it is believed.
pub(super) fn read(
    answer: IntrospectionResponse,
    expect: &Expect<'_>,
    introspection: &Introspection,
    now: Timestamp,
) -> Result<AccessToken, Refusal> {
    if !answer.active {
        return Err(Refusal::token(
            "token is not known, has expired or was withdrawn",
        ));
    }
    let client_id = answer.client_id.unwrap_or_else(|| ClientId::new(""));
    // A client's own token may name nobody else (RFC 7662 §2.2).
    let sub = answer.sub.unwrap_or_else(|| client_id.to_string());
    if sub.is_empty() {
        return Err(Refusal::token("the issuer does not say whose token it is"));
    }
    let aud = match (answer.aud.is_empty(), expect.audience) {
        (true, Some(audience)) if introspection.audience_implied => {
            Audience::One(audience.to_owned())
        }
        _ => Audience::of(&answer.aud),
    };
    let until = (now + introspection.cache).as_secs().saturating_add(1);
    let claims = AccessToken {
        iss: answer.iss.unwrap_or_else(|| expect.issuer.to_owned()),
        sub,
        aud,
        client_id,
        scope: answer.scope.unwrap_or_else(Scope::empty),
        iat: answer.iat.unwrap_or_default(),
        exp: answer.exp.unwrap_or(until),
        nbf: member(&answer.extra, "nbf")?,
        jti: answer.jti.unwrap_or_default(),
        cnf: member::<Confirmation>(&answer.extra, "cnf")?,
        grant_id: None,
        authorization_details: member(&answer.extra, "authorization_details")?,
        act: member(&answer.extra, "act")?,
        auth_time: member(&answer.extra, "auth_time")?,
        acr: member(&answer.extra, "acr")?,
    };
    let says_dpop = answer.token_type.as_deref();
    if says_dpop.is_some_and(|own| own.eq_ignore_ascii_case("dpop"))
        && claims.token_type() != "DPoP"
    {
        return Err(Refusal::token(
            "token is bound to a key that the issuer does not name",
        ));
    }
    Ok(claims)
}

/// A member, where it is there. One that cannot be read may be what the token is bound to, so nobody passes then.
fn member<T: DeserializeOwned>(
    extra: &Map<String, Value>,
    name: &str,
) -> Result<Option<T>, Refusal> {
    let value = extra.get(name).filter(|value| !value.is_null());
    let read = value.map(|value| serde_json::from_value(value.clone()));
    read.transpose()
        .map_err(|_| Refusal::token("the issuer's answer about the token cannot be read"))
}
