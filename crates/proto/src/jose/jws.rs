use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::Deserialize;

use super::KeySet;

/// The longest compact JWS that is looked at, in bytes.
const MAX_LEN: usize = 16 * 1024;

/// A compact JWS whose signature has been checked (RFC 7515 §5.2).
#[derive(Clone, Debug)]
pub struct VerifiedJws {
    /// The header's `typ`, lower-cased and without `application/` (RFC 7515 §4.1.9).
    pub typ: Option<String>,
    /// The payload's bytes.
    pub payload: Vec<u8>,
}

/// Why a JWS is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsFault {
    /// Not three parts of base64url with a JSON header, or too long.
    #[error("token is malformed")]
    Malformed,
    /// `none`, a symmetric algorithm, or one that nobody here uses.
    #[error("token's algorithm is not allowed")]
    Algorithm,
    /// A critical extension that is not understood (RFC 7515 §4.1.11).
    #[error("token has a critical extension that is not understood")]
    Critical,
    /// No key of this id; a fresh copy of the key set may have it.
    #[error("token is signed with an unknown key")]
    UnknownKey,
    /// The signature does not fit.
    #[error("token's signature is wrong")]
    Signature,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<serde_json::Value>,
    b64: Option<serde_json::Value>,
}

impl VerifiedJws {
    /// The payload of what may be a JWS, unchecked.
    pub(super) fn peek(token: &str) -> Option<Vec<u8>> {
        split(token).map(|(_, _, _, payload)| payload)
    }

    /// Checks a compact JWS against `keys`.
    ///
    /// # Errors
    ///
    /// [`JwsFault`], which never holds any part of the token.
    pub fn check(token: &str, keys: &KeySet) -> Result<Self, JwsFault> {
        let (message, signature, header, payload) = split(token).ok_or(JwsFault::Malformed)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| JwsFault::Malformed)?;
        let algorithm = algorithm(&header.alg).ok_or(JwsFault::Algorithm)?;
        if header.crit.is_some() || header.b64.is_some() {
            return Err(JwsFault::Critical);
        }
        let mut fault = JwsFault::UnknownKey;
        for candidate in keys.candidates(header.kid.as_deref(), algorithm) {
            match jsonwebtoken::crypto::verify(
                signature,
                message.as_bytes(),
                &candidate.key,
                algorithm,
            ) {
                Ok(true) => {
                    return Ok(Self {
                        typ: header.typ.as_deref().map(media_type),
                        payload,
                    });
                }
                _ => fault = JwsFault::Signature,
            }
        }
        Err(fault)
    }
}

fn split(token: &str) -> Option<(&str, &str, Vec<u8>, Vec<u8>)> {
    if token.len() > MAX_LEN {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let header = URL_SAFE_NO_PAD.decode(header).ok()?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    Some((message, signature, header, payload))
}

fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "ES256" => Some(Algorithm::ES256),
        "ES384" => Some(Algorithm::ES384),
        "EdDSA" => Some(Algorithm::EdDSA),
        "RS256" => Some(Algorithm::RS256),
        "PS256" => Some(Algorithm::PS256),
        _ => None,
    }
}

fn media_type(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/")
        .map_or_else(|| typ.clone(), str::to_owned)
}
