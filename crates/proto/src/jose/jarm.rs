//! The authorization answer as a JWT: the parameter `response` (JWT Secured Authorization Response Mode, JARM).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::access_token::Audience;
use super::{JwsFault, KeySet, LEEWAY, VerifiedJws, numeric_date};
use crate::{Params, Timestamp};

/// The `typ` of a signed answer; JARM gives it none of its own.
pub const TYP: &str = "JWT";

/// How long a signed answer is good, in seconds; JARM §2.1 allows ten minutes.
const LIFETIME: u64 = 300;

/// Claims of the envelope, which are no parameters of the answer. `iss` stays, for it says the same there (RFC 9207).
const ENVELOPE: [&str; 5] = ["aud", "exp", "iat", "nbf", "jti"];

/// Why an answer is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JarmFault {
    /// The signature, or what is around it.
    #[error("authorization response: {0}")]
    Jws(JwsFault),
    /// No key of this id; a fresh copy of the key set may have it.
    #[error("authorization response is signed with a key that the server does not publish")]
    UnknownKey,
    /// Another kind of JWT (RFC 8725 §3.11).
    #[error("authorization response is another kind of token")]
    Typ,
    /// `iss`, `aud` or `exp` is missing or of the wrong type.
    #[error("authorization response lacks a required claim")]
    Claims,
    /// From somebody else.
    #[error("authorization response is from another issuer")]
    Issuer,
    /// For somebody else.
    #[error("authorization response is for another client")]
    Audience,
    /// Too late.
    #[error("authorization response has expired; start the login again")]
    Expired,
}

impl From<JwsFault> for JarmFault {
    fn from(fault: JwsFault) -> Self {
        match fault {
            JwsFault::UnknownKey => Self::UnknownKey,
            other => Self::Jws(other),
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    iss: String,
    aud: Audience,
    #[serde(deserialize_with = "numeric_date")]
    exp: u64,
}

/// The claims of an answer for one client (JARM §2.1): every parameter is one. Signed, they go into `response`.
pub fn claims(
    params: &Params,
    issuer: &str,
    client_id: &str,
    now: Timestamp,
) -> Map<String, Value> {
    let mut claims: Map<String, Value> = params
        .iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    for (name, value) in [
        ("iss", issuer.into()),
        ("aud", client_id.into()),
        ("iat", now.as_secs().into()),
        ("exp", now.as_secs().saturating_add(LIFETIME).into()),
    ] {
        claims.insert(name.to_owned(), value);
    }
    claims
}

/// Checks the parameter `response` (JARM §2.4): signed by `issuer` with an asymmetric algorithm, for this client, in time.
/// Gives the parameters that are in it; members that are neither text, number nor boolean are none, and are left out.
///
/// # Errors
///
/// [`JarmFault`], which never holds any part of the answer.
pub fn check(
    response: &str,
    keys: &KeySet,
    issuer: &str,
    client_id: &str,
    now: Timestamp,
) -> Result<Params, JarmFault> {
    let jws = VerifiedJws::check(response, keys)?;
    if !jws.is_plain() {
        return Err(JarmFault::Typ);
    }
    let members: Map<String, Value> =
        serde_json::from_slice(&jws.payload).map_err(|_| JarmFault::Claims)?;
    let envelope: Envelope = serde_json::from_slice(&jws.payload).map_err(|_| JarmFault::Claims)?;
    if envelope.iss != issuer {
        return Err(JarmFault::Issuer);
    }
    if !envelope.aud.has(client_id) {
        return Err(JarmFault::Audience);
    }
    if now - LEEWAY >= Timestamp::from_secs(envelope.exp) {
        return Err(JarmFault::Expired);
    }
    Ok(params(members))
}

/// The parameters as they stand in an answer, believed in nothing: only good for telling which login it may belong to
/// before it is checked.
pub fn peek(response: &str) -> Option<Params> {
    serde_json::from_slice(&VerifiedJws::peek(response)?)
        .ok()
        .map(params)
}

fn params(members: Map<String, Value>) -> Params {
    let mut params = Params::new();
    for (name, value) in members {
        if !ENVELOPE.contains(&name.as_str()) {
            params.push_some(&name, text(value));
        }
    }
    params
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
