//! HS256 (RFC 7518 §3.2): what a client and its server sign for each other with the client secret. Nothing else is
//! ever believed on a symmetric key.

use aws_lc_rs::hmac::{HMAC_SHA256, Key};
use serde::Serialize;

use super::jws::{Parts, finish, message};
use super::{BadKey, JwsFault, VerifiedJws};
use crate::Secret;

/// The name of the algorithm.
pub(crate) const HS256: &str = "HS256";

/// The shortest key, in bytes (RFC 7518 §3.2).
const MIN_KEY: usize = 32;

/// Signs `claims` as a compact JWS whose header says `typ`.
///
/// # Errors
///
/// [`BadKey::Weak`] when the secret is under 32 bytes: whoever saw the result could guess it at leisure.
pub fn sign(secret: &Secret, typ: &'static str, claims: &impl Serialize) -> Result<String, BadKey> {
    let key = key(secret).ok_or(BadKey::Weak)?;
    let message = message(&format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#), claims)?;
    let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    Ok(finish(message, tag.as_ref()))
}

/// Checks a compact JWS that is signed with HS256.
///
/// # Errors
///
/// [`JwsFault`], which never holds any part of the token.
pub fn check(token: &str, secret: &Secret) -> Result<VerifiedJws, JwsFault> {
    Parts::read(token)?.check_hmac(secret)
}

pub(super) fn key(secret: &Secret) -> Option<Key> {
    let bytes = secret.expose().as_bytes();
    (bytes.len() >= MIN_KEY).then(|| Key::new(HMAC_SHA256, bytes))
}
