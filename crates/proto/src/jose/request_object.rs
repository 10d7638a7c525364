//! The authorization request as a signed JWT: the parameter `request` (RFC 9101).

use serde_json::{Map, Value};

use super::{BadKey, SigningKey, jti};
use crate::{Cx, Params};

/// The `typ` of a request object (RFC 9101 §10.8), which no other kind of JWT has.
pub const TYP: &str = "oauth-authz-req+jwt";

/// How long one is good, in seconds: it is sent the moment it is made.
const LIFETIME: u64 = 300;

/// What must not be inside (RFC 9101 §4), and what proves who the client is and has no business in a browser (RFC 9126
/// §3).
const OUTSIDE: [&str; 5] = [
    "request",
    "request_uri",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
];

/// Parameters that are JSON in a form and so stand as JSON in a JWT (OpenID Connect Core §6.1, RFC 9396 §3).
const JSON: [&str; 3] = ["claims", "authorization_details", "max_age"];

/// Why no request object was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestObjectError {
    /// The key.
    #[error(transparent)]
    Key(#[from] BadKey),
    /// A parameter that has to be JSON and is not.
    #[error("parameter {0} is not JSON")]
    Json(String),
}

/// Signs an authorization request for `issuer` (RFC 9101 §4): every parameter becomes a claim, one that repeats a list.
/// The result goes into `request`, beside `client_id`.
///
/// # Errors
///
/// [`RequestObjectError`].
pub fn sign(
    params: &Params,
    key: &SigningKey,
    client_id: &str,
    issuer: &str,
    cx: &mut Cx<'_>,
) -> Result<String, RequestObjectError> {
    let mut claims = Map::new();
    for (name, value) in params.iter().filter(|(name, _)| !OUTSIDE.contains(name)) {
        add(&mut claims, name, read(name, value)?);
    }
    let now = cx.now.as_secs();
    for (name, value) in [
        ("client_id", client_id.into()),
        ("iss", client_id.into()),
        ("aud", issuer.into()),
        ("iat", now.into()),
        ("nbf", now.into()),
        ("exp", now.saturating_add(LIFETIME).into()),
        ("jti", jti(cx).into()),
    ] {
        claims.insert(name.to_owned(), value);
    }
    Ok(key.sign(TYP, &claims)?)
}

fn read(name: &str, value: &str) -> Result<Value, RequestObjectError> {
    if !JSON.contains(&name) {
        return Ok(value.into());
    }
    serde_json::from_str(value).map_err(|_| RequestObjectError::Json(name.to_owned()))
}

fn add(claims: &mut Map<String, Value>, name: &str, value: Value) {
    match claims.get_mut(name) {
        None => {
            claims.insert(name.to_owned(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}
