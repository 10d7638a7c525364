use serde::Deserialize;
use serde_json::Value;

use super::jws::{Parts, header};
use super::{JwsFault, KeySet, VerifiedJws, thumbprint};

/// A compact JWS that brings its public key in its own header, as a DPoP proof does (RFC 9449 §4.2).
///
/// The signature proves only that the sender has that key. Whether the key means anything is for the caller to find
/// out, by its thumbprint.
#[derive(Clone, Debug)]
pub struct EmbeddedJws {
    /// What was signed.
    pub jws: VerifiedJws,
    /// The public key, as it stands in the header.
    pub jwk: Value,
    /// Its RFC 7638 thumbprint.
    pub thumbprint: String,
}

#[derive(Deserialize)]
struct Header {
    jwk: Option<Value>,
}

impl EmbeddedJws {
    /// Checks a compact JWS against the `jwk` of its header.
    ///
    /// # Errors
    ///
    /// [`JwsFault`]; [`JwsFault::UnknownKey`] when there is no usable public key in the header, or a private one.
    pub fn check(token: &str) -> Result<Self, JwsFault> {
        let mut parts = Parts::read(token)?;
        let header = header(token).ok_or(JwsFault::Malformed)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| JwsFault::Malformed)?;
        let jwk = header.jwk.ok_or(JwsFault::UnknownKey)?;
        let thumbprint = thumbprint(&jwk).ok_or(JwsFault::UnknownKey)?;
        let keys = KeySet::of([&jwk]);
        if keys.is_empty() {
            return Err(JwsFault::UnknownKey);
        }
        // There is one key, whatever it is called.
        parts.header.kid = None;
        let jws = parts.check(&keys).map_err(|fault| match fault {
            JwsFault::UnknownKey => JwsFault::Signature,
            other => other,
        })?;
        Ok(Self {
            jws,
            jwk,
            thumbprint,
        })
    }
}
