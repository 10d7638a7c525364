use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};

use super::algorithm::algorithm;
use crate::Digest;

/// The most keys taken from one document.
const MAX_KEYS: usize = 64;

/// Public keys by which signatures are checked (RFC 7517 §5).
#[derive(Clone, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
    /// The SHA-256 of the certificates in it, as base64url; those of keys that sign nothing here too.
    certificates: Vec<String>,
}

#[derive(Clone)]
pub(super) struct VerifyingKey {
    pub(super) kid: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) key: DecodingKey,
    pub(super) issuer: Option<String>,
    document: Value,
}

impl KeySet {
    /// Reads a JWK set. Keys that are not public signature keys of a kind known here are passed over
    /// (RFC 7517 §5), symmetric ones among them.
    ///
    /// # Errors
    ///
    /// What is wrong with the document as a whole.
    pub fn parse(document: &[u8]) -> Result<Self, &'static str> {
        let document: Value =
            serde_json::from_slice(document).map_err(|_| "key set is not JSON")?;
        let keys = document
            .get("keys")
            .and_then(Value::as_array)
            .ok_or("key set has no keys")?;
        Ok(Self::of(keys.iter().take(MAX_KEYS)))
    }

    /// A set of these public JWKs; those that cannot be used are passed over.
    pub fn of<'a>(jwks: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut set = Self::default();
        for jwk in jwks {
            set.keys.extend(VerifyingKey::read(jwk));
            set.certificates.extend(certificate(jwk));
        }
        set
    }

    /// Writes the JWK set.
    pub fn to_json(&self) -> Value {
        let keys: Vec<&Value> = self.keys.iter().map(|key| &key.document).collect();
        json!({ "keys": keys })
    }

    /// Whether there is no usable key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether a key of this id is there, or a certificate of this thumbprint.
    pub fn has(&self, kid: &str) -> bool {
        let is_key = self.keys.iter().any(|key| key.kid.as_deref() == Some(kid));
        is_key || self.has_certificate(kid)
    }

    /// Whether a certificate of this thumbprint is there (RFC 8705 §2.2.2): the first of a key's `x5c`, by its SHA-256 as
    /// base64url.
    pub fn has_certificate(&self, thumbprint: &str) -> bool {
        self.certificates.iter().any(|own| own == thumbprint)
    }

    /// Whether there is no certificate.
    pub fn is_without_certificates(&self) -> bool {
        self.certificates.is_empty()
    }

    /// The keys that may have made a signature with this header: the one of that id, or without an id every
    /// key for the algorithm.
    pub(super) fn candidates<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a VerifyingKey> {
        self.keys.iter().filter(move |key| {
            key.algorithms.contains(&algorithm) && (kid.is_none() || key.kid.as_deref() == kid)
        })
    }
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|key| &key.kid))
            .finish()
    }
}

/// The thumbprint of a key's certificate. It is base64 and not base64url (RFC 7517 §4.7).
fn certificate(jwk: &Value) -> Option<String> {
    let first = jwk.get("x5c")?.get(0)?.as_str()?;
    let der = STANDARD.decode(first).ok()?;
    Some(Digest::of(der).to_base64url())
}

impl VerifyingKey {
    fn read(value: &Value) -> Option<Self> {
        if value.get("d").is_some() || value.get("k").is_some() {
            return None;
        }
        let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
        if matches!(&jwk.common.public_key_use, Some(usage) if *usage != PublicKeyUse::Signature) {
            return None;
        }
        let mut algorithms = possible(&jwk.algorithm)?;
        if let Some(named) = value.get("alg").and_then(Value::as_str) {
            let named = algorithm(named)?;
            algorithms.retain(|own| *own == named);
        }
        Some(Self {
            kid: jwk.common.key_id.clone(),
            algorithms,
            key: DecodingKey::from_jwk(&jwk).ok()?,
            issuer: value
                .get("issuer")
                .and_then(Value::as_str)
                .map(str::to_owned),
            document: value.clone(),
        })
    }
}

fn possible(parameters: &AlgorithmParameters) -> Option<Vec<Algorithm>> {
    match parameters {
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
            Some(vec![Algorithm::ES256])
        }
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P384 => {
            Some(vec![Algorithm::ES384])
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            Some(vec![Algorithm::EdDSA])
        }
        AlgorithmParameters::RSA(_) => Some(vec![Algorithm::RS256, Algorithm::PS256]),
        _ => None,
    }
}
