//! Signed authentication requests (CIBA §7.1.1): all parameters in one JWT of the client's.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::decide::record::Client;
use crate::decide::{Facts, Halt, Rules};
use crate::jose::access_token::Audience;
use crate::jose::{UnverifiedJws, VerifiedJws, numeric_date};
use crate::{OAuthError, Params, Timestamp};

/// What proves who the client is, and stands beside the request.
const BESIDE: [&str; 5] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "request",
];
/// Claims of the envelope, which are no parameters.
const ENVELOPE: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];
/// The most claims that are read.
const MAX_CLAIMS: usize = 32;
/// By how much the client's clock may differ.
const SKEW: Duration = Duration::from_secs(30);
/// For how long one may be good: it is sent at once.
const SPAN: Duration = Duration::from_secs(3600);

/// Every claim is required (§7.1.1).
#[derive(Deserialize)]
struct Envelope {
    iss: String,
    aud: Audience,
    #[serde(deserialize_with = "numeric_date")]
    exp: u64,
    #[serde(deserialize_with = "numeric_date")]
    iat: u64,
    #[serde(deserialize_with = "numeric_date")]
    nbf: u64,
    jti: String,
}

/// The parameters that count: those that were sent, or all that is in the JWT and nothing of what is around it.
///
/// # Errors
///
/// [`Halt::Need`] while the client's keys are not known; `invalid_request` for a JWT that is not believed, for parameters
/// beside it, and for a request without one of a client that has to sign.
pub(super) fn resolved<'a>(
    client: &Client,
    sent: &'a Params,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Result<Cow<'a, Params>, Halt> {
    let refused = |text: &'static str| Halt::from(OAuthError::invalid_request(text));
    let details = &client.details;
    let Some(request) = sent.get("request") else {
        let must_sign = details.fapi_message_signing
            || details.require_signed_request_object
            || details
                .backchannel_authentication_request_signing_alg
                .is_some();
        return match must_sign {
            true => Err(refused("this client must sign its authentication requests")),
            false => Ok(Cow::Borrowed(sent)),
        };
    };
    if sent.iter().any(|(name, _)| !BESIDE.contains(&name)) {
        return Err(refused(
            "parameters must not stand beside request, but in it",
        ));
    }
    if details.jwks.is_none() && details.jwks_uri.is_none() {
        return Err(refused("this client has registered no keys to sign with"));
    }
    let wrong = |hint: String| {
        let text = "request is not a JWT that this client signed for this server just now";
        OAuthError::invalid_request(text).hint(hint)
    };
    let claimed = UnverifiedJws::read(request).map_err(|fault| wrong(fault.to_string()))?;
    let keys = facts.client_keys(client, claimed.kid.as_deref())?;
    let jws = VerifiedJws::check_for_client(request, &keys, &algorithms(client), None);
    let jws = jws.map_err(|fault| wrong(fault.to_string()))?;
    let read = read(&jws, client, rules, now);
    Ok(Cow::Owned(read.map_err(|why| wrong(why.to_owned()))?))
}

fn algorithms(client: &Client) -> Vec<String> {
    let details = &client.details;
    let registered = details
        .backchannel_authentication_request_signing_alg
        .as_ref();
    match registered.or(details.request_object_signing_alg.as_ref()) {
        Some(registered) => vec![registered.clone()],
        None if details.fapi || details.fapi_message_signing => {
            crate::jose::FAPI_ALGORITHMS.map(str::to_owned).to_vec()
        }
        None => Vec::new(),
    }
}

fn read(
    jws: &VerifiedJws,
    client: &Client,
    rules: &Rules,
    now: Timestamp,
) -> Result<Params, &'static str> {
    if !jws.is_plain() {
        return Err("it is another kind of token");
    }
    let no_envelope = "iss, aud, exp, iat, nbf or jti is missing or of the wrong type";
    let envelope: Envelope = serde_json::from_slice(&jws.payload).map_err(|_| no_envelope)?;
    envelope.check(client, rules, now)?;
    let claims: Map<String, Value> =
        serde_json::from_slice(&jws.payload).map_err(|_| no_envelope)?;
    // What a client asks a browser's user for, or proves itself by, is signed by the same key.
    if claims.contains_key("response_type") || claims.contains_key("sub") {
        return Err("it is another kind of token");
    }
    parameters(claims)
}

impl Envelope {
    fn check(&self, client: &Client, rules: &Rules, now: Timestamp) -> Result<(), &'static str> {
        if self.iss != client.client_id.as_str() {
            return Err("iss is not the client");
        }
        if !self.aud.has(&rules.issuer) {
            return Err("aud is not the issuer");
        }
        if self.jti.is_empty() {
            return Err("jti is empty");
        }
        let [exp, iat, nbf] = [self.exp, self.iat, self.nbf].map(Timestamp::from_secs);
        if now - SKEW >= exp {
            return Err("it has expired");
        }
        if now + SKEW < iat.max(nbf) {
            return Err("it is not valid yet");
        }
        match now + SPAN + SKEW < exp || nbf + SPAN + SKEW < now {
            true => Err("it is good for too long: exp and nbf must be within an hour"),
            false => Ok(()),
        }
    }
}

fn parameters(claims: Map<String, Value>) -> Result<Params, &'static str> {
    if claims.len() > MAX_CLAIMS {
        return Err("it has too many claims");
    }
    let mut params = Params::new();
    for (name, value) in claims {
        if ENVELOPE.contains(&name.as_str()) {
            continue;
        }
        if BESIDE.contains(&name.as_str()) {
            return Err("it holds what must stand beside it");
        }
        match value {
            Value::Null => {}
            Value::String(text) => params.push(name, text),
            // `requested_expiry` may be a number (§7.1.1).
            Value::Number(number) => params.push(name, number.to_string()),
            Value::Array(values) if name == "resource" => {
                for value in values {
                    let text = value.as_str().ok_or("resource is no text")?;
                    params.push("resource", text);
                }
            }
            _ => return Err("it has a parameter of a type that it cannot have"),
        }
    }
    Ok(params)
}
