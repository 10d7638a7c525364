use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};

use super::algorithm::algorithm;

/// The most keys taken from one document.
const MAX_KEYS: usize = 64;

/// Public keys by which signatures are checked (RFC 7517 §5).
#[derive(Clone, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
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
        Ok(Self {
            keys: keys
                .iter()
                .take(MAX_KEYS)
                .filter_map(VerifyingKey::read)
                .collect(),
        })
    }

    /// A set of these public JWKs; those that cannot be used are passed over.
    pub fn of<'a>(jwks: impl IntoIterator<Item = &'a Value>) -> Self {
        Self {
            keys: jwks.into_iter().filter_map(VerifyingKey::read).collect(),
        }
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

    /// Whether a key of this id is there.
    pub fn has(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
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
