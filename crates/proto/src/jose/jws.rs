use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Serialize};

use super::algorithm::{algorithm, name};
use super::key_set::VerifyingKey;
use super::{BadKey, KeySet, hmac};
use crate::Secret;

/// The longest compact JWS that is looked at, in bytes.
const MAX_LEN: usize = 16 * 1024;

/// A compact JWS whose signature has been checked (RFC 7515 §5.2).
#[derive(Clone, Debug)]
pub struct VerifiedJws {
    /// The header's `typ`, lower-cased and without `application/` (RFC 7515 §4.1.9).
    pub typ: Option<String>,
    /// The header's `alg`.
    pub alg: &'static str,
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// The `issuer` that the key was published for, where its document names one, as Microsoft's do.
    pub key_issuer: Option<String>,
}

/// Why a JWS is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsFault {
    /// Not three parts of base64url with a JSON header, or too long.
    #[error("token is malformed")]
    Malformed,
    /// Five parts: a JWE (RFC 7516 §3.1), which nobody here asks for.
    #[error("token is encrypted; register the client without an encryption algorithm")]
    Encrypted,
    /// `none`, a symmetric algorithm, or one that nobody here uses.
    #[error("token's algorithm is not allowed")]
    Algorithm,
    /// The client secret is too short to be an HMAC key.
    #[error(
        "token is signed with the client secret, which needs at least 32 bytes (RFC 7518 §3.2)"
    )]
    WeakSecret,
    /// A critical extension that is not understood (RFC 7515 §4.1.11).
    #[error("token has a critical extension that is not understood")]
    Critical,
    /// No key of this id, or none of the keys where there is no id; a fresh copy of the key set may have it.
    #[error("token is signed with an unknown key")]
    UnknownKey,
    /// The signature does not fit.
    #[error("token's signature is wrong")]
    Signature,
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
        Parts::read(token)?.check(keys)
    }

    /// Checks what a server signed for one client: by its keys with one of `algorithms` (any that is spoken here when
    /// there are none), or with HS256 and the client's secret, but only if `algorithms` names that.
    pub(crate) fn check_for_client(
        token: &str,
        keys: &KeySet,
        algorithms: &[String],
        client_secret: Option<&Secret>,
    ) -> Result<Self, JwsFault> {
        let parts = Parts::read(token)?;
        if parts.header.alg == hmac::HS256 {
            let named = algorithms.iter().any(|name| name == hmac::HS256);
            let secret = client_secret.filter(|_| named);
            return parts.check_hmac(secret.ok_or(JwsFault::Algorithm)?);
        }
        let used = algorithm(&parts.header.alg);
        if !algorithms.is_empty() && !algorithms.iter().any(|name| algorithm(name) == used) {
            return Err(JwsFault::Algorithm);
        }
        parts.check(keys)
    }

    /// Whether `typ` says no more than that this is a JWT. Where a specification gives a kind of token no `typ` of its
    /// own, any other is a token of another kind (RFC 8725 §3.11).
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.typ.as_deref(), None | Some("jwt"))
    }
}

/// What a compact JWS says of itself, believed in nothing: only good for finding the key that it is checked with.
pub(crate) struct UnverifiedJws {
    pub(crate) alg: String,
    pub(crate) kid: Option<String>,
    pub(crate) payload: Vec<u8>,
}

impl UnverifiedJws {
    pub(crate) fn read(token: &str) -> Result<Self, JwsFault> {
        let parts = Parts::read(token)?;
        Ok(Self {
            alg: parts.header.alg,
            kid: parts.header.kid,
            payload: parts.payload,
        })
    }
}

/// A compact JWS, taken apart and not believed yet.
pub(super) struct Parts<'a> {
    message: &'a str,
    signature: &'a str,
    pub(super) header: Header,
    payload: Vec<u8>,
}

#[derive(Deserialize)]
pub(super) struct Header {
    alg: String,
    pub(super) kid: Option<String>,
    typ: Option<String>,
    crit: Option<serde_json::Value>,
    b64: Option<serde_json::Value>,
}

impl<'a> Parts<'a> {
    pub(super) fn read(token: &'a str) -> Result<Self, JwsFault> {
        let Some((message, signature, header, payload)) = split(token) else {
            let dots = token.bytes().filter(|byte| *byte == b'.').count();
            return Err(if dots == 4 && token.len() <= MAX_LEN {
                JwsFault::Encrypted
            } else {
                JwsFault::Malformed
            });
        };
        Ok(Self {
            message,
            signature,
            header: serde_json::from_slice(&header).map_err(|_| JwsFault::Malformed)?,
            payload,
        })
    }

    pub(super) fn check(self, keys: &KeySet) -> Result<VerifiedJws, JwsFault> {
        let algorithm = algorithm(&self.header.alg).ok_or(JwsFault::Algorithm)?;
        self.refuse_extensions()?;
        let mut fault = JwsFault::UnknownKey;
        let message = self.message.as_bytes();
        let fits = |own: &&VerifyingKey| {
            // Without an id nobody can tell a forgery from a key that is not here yet.
            if self.header.kid.is_some() {
                fault = JwsFault::Signature;
            }
            jsonwebtoken::crypto::verify(self.signature, message, &own.key, algorithm)
                .unwrap_or(false)
        };
        let issuer = keys
            .candidates(self.header.kid.as_deref(), algorithm)
            .find(fits)
            .map(|own| own.issuer.clone());
        Ok(self.verified(algorithm, issuer.ok_or(fault)?))
    }

    pub(super) fn check_hmac(self, secret: &Secret) -> Result<VerifiedJws, JwsFault> {
        if self.header.alg != hmac::HS256 {
            return Err(JwsFault::Algorithm);
        }
        self.refuse_extensions()?;
        let key = hmac::key(secret).ok_or(JwsFault::WeakSecret)?;
        let tag = URL_SAFE_NO_PAD
            .decode(self.signature)
            .map_err(|_| JwsFault::Signature)?;
        aws_lc_rs::hmac::verify(&key, self.message.as_bytes(), &tag)
            .map_err(|_| JwsFault::Signature)?;
        Ok(self.verified(Algorithm::HS256, None))
    }

    fn refuse_extensions(&self) -> Result<(), JwsFault> {
        if self.header.crit.is_some() || self.header.b64.is_some() {
            return Err(JwsFault::Critical);
        }
        Ok(())
    }

    fn verified(self, algorithm: Algorithm, key_issuer: Option<String>) -> VerifiedJws {
        VerifiedJws {
            typ: self.header.typ.as_deref().map(media_type),
            alg: name(algorithm),
            payload: self.payload,
            key_issuer,
        }
    }
}

/// Header and claims of a compact JWS: what is signed, with room for the signature.
pub(super) fn message(header: &str, claims: &impl Serialize) -> Result<String, BadKey> {
    let claims = serde_json::to_vec(claims).map_err(|_| BadKey::Claims)?;
    let mut token = String::with_capacity((header.len() + claims.len()) * 4 / 3 + 768);
    URL_SAFE_NO_PAD.encode_string(header, &mut token);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(claims, &mut token);
    Ok(token)
}

/// Appends the signature.
pub(super) fn finish(mut message: String, signature: &[u8]) -> String {
    message.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut message);
    message
}

/// The bytes of a compact JWS's header and payload, unchecked.
pub(super) fn halves(token: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    split(token).map(|(_, _, header, payload)| (header, payload))
}

/// The bytes of a compact JWS's header.
pub(super) fn header(token: &str) -> Option<Vec<u8>> {
    split(token).map(|(_, _, header, _)| header)
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

fn media_type(typ: &str) -> String {
    let typ = typ.to_ascii_lowercase();
    typ.strip_prefix("application/")
        .map_or_else(|| typ.clone(), str::to_owned)
}
