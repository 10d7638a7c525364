//! ES256 with both keys parsed once.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    ParsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The claims that RFC 9068 requires, and the grant.
#[derive(Serialize, Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: String,
    pub(super) client_id: String,
    pub(super) scope: String,
    pub(super) iat: u64,
    pub(super) exp: u64,
    pub(super) jti: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grant_id: Option<String>,
}

/// Signs and verifies.
pub(super) struct Signer {
    pair: EcdsaKeyPair,
    public: ParsedPublicKey,
    random: SystemRandom,
    /// In base64url, with the dot behind it.
    header: String,
    kid: String,
}

impl Signer {
    pub(super) fn new() -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .context("no key")?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref())
            .context("no key")?;
        let point = pair.public_key().as_ref();
        let public = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).context("no key")?;
        let kid = URL_SAFE_NO_PAD.encode(sha256(point));
        let header = json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid }).to_string();
        Ok(Self {
            header: URL_SAFE_NO_PAD.encode(header) + ".",
            pair,
            public,
            random,
            kid,
        })
    }

    pub(super) fn jwks(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |range| {
            URL_SAFE_NO_PAD.encode(
                point
                    .get::<std::ops::Range<usize>>(range)
                    .unwrap_or_default(),
            )
        };
        json!({ "keys": [{
            "kty": "EC", "crv": "P-256", "x": part(1..33), "y": part(33..65), "use": "sig", "alg": "ES256",
            "kid": self.kid,
        }]})
    }

    pub(super) fn sign(&self, claims: &Claims) -> Option<String> {
        let mut token = self.header.clone();
        URL_SAFE_NO_PAD.encode_string(serde_json::to_vec(claims).ok()?, &mut token);
        let signature = self.pair.sign(&self.random, token.as_bytes()).ok()?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        Some(token)
    }

    /// The claims of a token whose signature and time are right.
    pub(super) fn verify(&self, token: &str) -> Option<Claims> {
        let (message, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        self.public
            .verify_sig(message.as_bytes(), &signature)
            .ok()?;
        let payload = URL_SAFE_NO_PAD
            .decode(message.strip_prefix(&self.header)?)
            .ok()?;
        let claims: Claims = serde_json::from_slice(&payload).ok()?;
        (claims.exp > now()).then_some(claims)
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

pub(super) fn random_text() -> Option<String> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
