//! The authorization request as a signed JWT: the parameter `request` (RFC 9101).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::access_token::Audience;
use super::{
    BadKey, JwsFault, KeySet, SigningKey, VerifiedJws, jti, numeric_date, numeric_date_if_any,
};
use crate::{Cx, Params, Timestamp};

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

/// By how much the client's clock may differ from the server's (FAPI 2.0 Security Profile §5.3.2.1 asks for 10 s to 60 s).
const SKEW: Duration = Duration::from_secs(30);

/// How far the dates of one may lie from now (FAPI 2.0 Message Signing §5.3.1).
const SPAN: Duration = Duration::from_secs(3600);

/// The most claims that are read, and the most values of one that repeats.
const MAX_CLAIMS: usize = 64;

/// Claims of the envelope, which are no parameters.
const ENVELOPE: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub"];

/// The only parameter that repeats (RFC 8707 §2).
const RESOURCE: &str = "resource";

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

/// Against what a request object is checked.
#[derive(Clone, Copy, Debug)]
pub struct Expect<'a> {
    /// Whose request it has to be.
    pub client_id: &'a str,
    /// For whom it has to be.
    pub issuer: &'a str,
    /// The algorithms that count; any that is spoken here where there are none.
    pub algorithms: &'a [String],
    /// Whether it must say from when on it is good (FAPI 2.0 Message Signing §5.3.1).
    pub dated: bool,
}

/// Why a request object is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestObjectFault {
    /// The signature, or what is around it.
    #[error("request object: {0}")]
    Jws(#[from] JwsFault),
    /// Another kind of JWT (RFC 8725 §3.11).
    #[error("request object is another kind of token")]
    Typ,
    /// A claim that must be there is missing or of the wrong type.
    #[error("request object lacks iss, aud, exp or client_id, or has one of the wrong type")]
    Claims,
    /// RFC 9101 §4.
    #[error("request object must not hold request, request_uri or what authenticates the client")]
    Inside,
    /// From somebody else.
    #[error("request object is not of this client: iss and client_id must be its id")]
    Issuer,
    /// For somebody else.
    #[error("request object is for another server: aud must be the issuer")]
    Audience,
    /// Too late.
    #[error("request object has expired")]
    Expired,
    /// Too early.
    #[error("request object is not valid yet")]
    NotYet,
    /// Good for longer than one that is sent at once has to be.
    #[error("request object is good for too long: exp and nbf must be within an hour")]
    Lifetime,
    /// A parameter that is no text.
    #[error("request object has a parameter of a type that it cannot have")]
    Parameter,
}

#[derive(Deserialize)]
struct Envelope {
    iss: String,
    aud: Audience,
    client_id: String,
    #[serde(deserialize_with = "numeric_date")]
    exp: u64,
    #[serde(default, deserialize_with = "numeric_date_if_any")]
    nbf: Option<u64>,
    #[serde(default, deserialize_with = "numeric_date_if_any")]
    iat: Option<u64>,
    sub: Option<String>,
}

/// Checks the parameter `request` (RFC 9101 §6): signed by the client with an asymmetric algorithm, for this server, in
/// time. Gives the parameters that are in it, as a form would have them.
///
/// # Errors
///
/// [`RequestObjectFault`], which never holds any part of it.
pub fn check(
    request: &str,
    keys: &KeySet,
    expect: &Expect<'_>,
    now: Timestamp,
) -> Result<Params, RequestObjectFault> {
    let jws = VerifiedJws::check_for_client(request, keys, expect.algorithms, None)?;
    // It may go without a type of its own (RFC 9101 §10.8), as those of OpenID Connect do.
    if !jws.is_plain() && jws.typ.as_deref() != Some(TYP) {
        return Err(RequestObjectFault::Typ);
    }
    let claims: Map<String, Value> =
        serde_json::from_slice(&jws.payload).map_err(|_| RequestObjectFault::Claims)?;
    let envelope: Envelope =
        serde_json::from_slice(&jws.payload).map_err(|_| RequestObjectFault::Claims)?;
    envelope.check(expect)?;
    envelope.check_dates(expect.dated, now)?;
    parameters(claims)
}

impl Envelope {
    fn check(&self, expect: &Expect<'_>) -> Result<(), RequestObjectFault> {
        if self.iss != expect.client_id || self.client_id != expect.client_id {
            return Err(RequestObjectFault::Issuer);
        }
        if !self.aud.has(expect.issuer) {
            return Err(RequestObjectFault::Audience);
        }
        // An assertion by which the client proves who it is has its id there (RFC 9101 §10.8).
        if self.sub.as_deref() == Some(expect.client_id) {
            return Err(RequestObjectFault::Typ);
        }
        Ok(())
    }

    fn check_dates(&self, dated: bool, now: Timestamp) -> Result<(), RequestObjectFault> {
        let exp = Timestamp::from_secs(self.exp);
        let nbf = self.nbf.map(Timestamp::from_secs);
        let iat = self.iat.map(Timestamp::from_secs);
        if now - SKEW >= exp {
            return Err(RequestObjectFault::Expired);
        }
        if nbf.max(iat).is_some_and(|from| now + SKEW < from) {
            return Err(RequestObjectFault::NotYet);
        }
        if dated && nbf.is_none() {
            return Err(RequestObjectFault::Claims);
        }
        let begun_long_ago = nbf.is_some_and(|from| from + SPAN + SKEW < now);
        if now + SPAN + SKEW < exp || begun_long_ago {
            return Err(RequestObjectFault::Lifetime);
        }
        Ok(())
    }
}

fn parameters(claims: Map<String, Value>) -> Result<Params, RequestObjectFault> {
    if claims.len() > MAX_CLAIMS {
        return Err(RequestObjectFault::Parameter);
    }
    let mut params = Params::new();
    for (name, value) in claims {
        if OUTSIDE.contains(&name.as_str()) {
            return Err(RequestObjectFault::Inside);
        }
        if ENVELOPE.contains(&name.as_str()) {
            continue;
        }
        match value {
            Value::Array(values) if name == RESOURCE && values.len() <= MAX_CLAIMS => {
                for value in values {
                    params.push_some(RESOURCE, text(RESOURCE, value)?);
                }
            }
            value => params.push_some(&name, text(&name, value)?),
        }
    }
    Ok(params)
}

/// A claim as a form would have it; what is JSON in a form stays so.
fn text(name: &str, value: Value) -> Result<Option<String>, RequestObjectFault> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(_) | Value::Bool(_) => Ok(Some(value.to_string())),
        Value::Array(_) | Value::Object(_) if JSON.contains(&name) => Ok(Some(value.to_string())),
        Value::Array(_) | Value::Object(_) => Err(RequestObjectFault::Parameter),
    }
}
