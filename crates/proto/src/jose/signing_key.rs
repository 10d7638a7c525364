use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Value, json};

use crate::Digest;

/// A private ES256 key, parsed once.
pub struct SigningKey {
    kid: String,
    pair: EcdsaKeyPair,
    jwk: Value,
}

/// A private key that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a P-256 private key in PKCS #8")]
pub struct BadKey;

impl SigningKey {
    /// Reads a P-256 private key in PKCS #8. Its `kid` is the RFC 7638 thumbprint of the public key.
    ///
    /// # Errors
    ///
    /// [`BadKey`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, BadKey> {
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(|_| BadKey)?;
        // An uncompressed point: 0x04, 32 bytes of x, 32 bytes of y (SEC 1 §2.3.3).
        let point = pair.public_key().as_ref();
        let x = URL_SAFE_NO_PAD.encode(point.get(1..33).ok_or(BadKey)?);
        let y = URL_SAFE_NO_PAD.encode(point.get(33..65).ok_or(BadKey)?);
        let kid = Digest::of(format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#
        ))
        .to_base64url();
        let jwk = json!({
            "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": kid,
        });
        Ok(Self { kid, pair, jwk })
    }

    /// The public half as a JWK.
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The key's id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Signs `claims` as a compact JWS whose header says `typ`.
    ///
    /// # Errors
    ///
    /// [`BadKey`] when the claims do not serialise or the library refuses to sign.
    pub fn sign(&self, typ: &'static str, claims: &impl Serialize) -> Result<String, BadKey> {
        let header = format!(r#"{{"alg":"ES256","typ":"{typ}","kid":"{}"}}"#, self.kid);
        let claims = serde_json::to_vec(claims).map_err(|_| BadKey)?;
        let mut token = String::with_capacity(claims.len() * 4 / 3 + 256);
        URL_SAFE_NO_PAD.encode_string(header, &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        // The nonce inside a signature decides nothing that a test could want to replay, and the library
        // guards it better than we could: the one draw of randomness that is not an argument.
        let signature = self
            .pair
            .sign(&SystemRandom::new(), token.as_bytes())
            .map_err(|_| BadKey)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
