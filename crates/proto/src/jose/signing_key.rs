use jsonwebtoken::Algorithm;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::{Deserialize as _, Serialize};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::algorithm::{algorithm, name};
use super::jws::{finish, message};
use super::private_jwk::{self, PrivateJwk};
use super::private_key::PrivateKey;
use super::thumbprint;
use crate::{Cx, Secret};

/// The longest PEM or JWK that is looked at, in bytes.
const MAX_LEN: usize = 32 * 1024;

/// A private key for one algorithm (ES256, ES384, EdDSA with Ed25519, RS256 or PS256), parsed once.
///
/// Printing shows its id only.
pub struct SigningKey {
    algorithm: Algorithm,
    kid: String,
    thumbprint: String,
    private: PrivateKey,
    jwk: Value,
    /// The header up to the text of `typ`.
    header: String,
}

/// A private key that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Not a private key in a form or of a kind that is known here.
    #[error(
        "not a private key for signing: expected PKCS #8, SEC 1 or PKCS #1 in PEM, or a private JWK with all its \
         members, of P-256, P-384, Ed25519 or RSA"
    )]
    Malformed,
    /// PEM under a passphrase.
    #[error("the private key is encrypted; decrypt it first, for example with openssl pkey")]
    Encrypted,
    /// RSA under 2048 bits (RFC 7518 §3.3), or an HMAC key under 32 bytes (§3.2).
    #[error("the key is too weak: RSA needs at least 2048 bits, HS256 at least 32 bytes")]
    Weak,
    /// Another algorithm than the key is for.
    #[error("the key is not for that algorithm: expected one of ES256, ES384, EdDSA, RS256, PS256")]
    Algorithm,
    /// The public half of a JWK is not that of its private half.
    #[error("the public and the private half of the key do not belong together")]
    Mismatch,
    /// What was to be signed does not serialise.
    #[error("the claims cannot be written as JSON")]
    Claims,
}

impl SigningKey {
    /// Reads a P-256 private key in PKCS #8, for ES256. Its `kid` is the RFC 7638 thumbprint of the public key.
    ///
    /// # Errors
    ///
    /// [`BadKey`].
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, BadKey> {
        Self::of(PrivateKey::p256(der)?, None, None)
    }

    /// Reads a private key of any kind in PKCS #8, for `alg`. Its `kid` is the RFC 7638 thumbprint of the public key.
    ///
    /// # Errors
    ///
    /// [`BadKey`].
    pub fn from_der(der: &[u8], alg: &str) -> Result<Self, BadKey> {
        let wanted = wanted(alg)?;
        let der = PrivateKeyDer::try_from(der).map_err(|_| BadKey::Malformed)?;
        Self::of(PrivateKey::from_der(&der)?, Some(wanted), None)
    }

    /// Reads the first private key of a PEM text: PKCS #8 (`PRIVATE KEY`), SEC 1 (`EC PRIVATE KEY`) or PKCS #1 (`RSA
    /// PRIVATE KEY`). Without `alg` it is for ES256, ES384, EdDSA or RS256, as the key is. Its `kid` is the RFC 7638
    /// thumbprint of the public key; [`SigningKey::with_kid`] gives it another.
    ///
    /// # Errors
    ///
    /// [`BadKey`].
    pub fn from_pem(pem: &str, alg: Option<&str>) -> Result<Self, BadKey> {
        if pem.len() > MAX_LEN {
            return Err(BadKey::Malformed);
        }
        // In the label (RFC 7468 §11), or in a header of the older form (RFC 1421 §4.6.1.1).
        if pem.contains("ENCRYPTED") {
            return Err(BadKey::Encrypted);
        }
        let wanted = alg.map(wanted).transpose()?;
        let der = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| BadKey::Malformed)?;
        let der = Zeroizing::new(der);
        Self::of(PrivateKey::from_der(&der)?, wanted, None)
    }

    /// Reads a private JWK (RFC 7517), with its `alg` and `kid` if it has them. An RSA key needs all its members, the
    /// CRT ones too.
    ///
    /// # Errors
    ///
    /// [`BadKey`].
    pub fn from_jwk(jwk: &Value) -> Result<Self, BadKey> {
        let jwk = PrivateJwk::deserialize(jwk).map_err(|_| BadKey::Malformed)?;
        Self::of_jwk(&jwk)
    }

    /// Reads a private JWK from its text, what [`SigningKey::to_private_jwk`] writes.
    ///
    /// # Errors
    ///
    /// [`BadKey`].
    pub fn from_private_jwk(text: &Secret) -> Result<Self, BadKey> {
        if text.expose().len() > MAX_LEN {
            return Err(BadKey::Malformed);
        }
        let jwk = serde_json::from_str(text.expose()).map_err(|_| BadKey::Malformed)?;
        Self::of_jwk(&jwk)
    }

    /// A fresh key for ES256, ES384 or EdDSA, the same one from the same randomness.
    ///
    /// # Errors
    ///
    /// [`BadKey::Algorithm`] for any other algorithm; [`BadKey::Malformed`] when the randomness is none.
    pub fn generate(alg: &str, cx: &mut Cx<'_>) -> Result<Self, BadKey> {
        Self::of(PrivateKey::generate(wanted(alg)?, cx)?, None, None)
    }

    /// The same key under another id, the one that the server knows it by.
    #[must_use]
    pub fn with_kid(mut self, kid: impl Into<String>) -> Self {
        self.kid = kid.into();
        self.header = header(self.algorithm, &self.kid);
        if let Some(members) = self.jwk.as_object_mut() {
            members.insert("kid".to_owned(), self.kid.as_str().into());
        }
        self
    }

    /// The private JWK, to be stored. `None` for an RSA key that came from PEM, whose file is there already.
    pub fn to_private_jwk(&self) -> Option<Secret> {
        private_jwk::write(&self.jwk, &self.private.private()?)
    }

    /// The algorithm's name (RFC 7518 §3.1).
    pub fn alg(&self) -> &'static str {
        name(self.algorithm)
    }

    /// The public half as a JWK, with `kid`, `alg` and `use`.
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The key's id.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The RFC 7638 thumbprint of the public half, whatever the id is.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Signs `claims` as a compact JWS whose header says `typ` and names the key by its id.
    ///
    /// # Errors
    ///
    /// [`BadKey`] when the claims do not serialise or the library refuses to sign.
    pub fn sign(&self, typ: &'static str, claims: &impl Serialize) -> Result<String, BadKey> {
        self.compact(&format!("{}{typ}\"}}", self.header), claims)
    }

    /// Signs `claims` as a compact JWS whose header says `typ` and has these members more, in place of the id: `jwk` for
    /// a DPoP proof (RFC 9449 §4.2). `alg` and `typ` are not theirs to change.
    ///
    /// # Errors
    ///
    /// [`BadKey`] when the claims do not serialise or the library refuses to sign.
    pub fn sign_header(
        &self,
        header_extra: &Map<String, Value>,
        typ: &'static str,
        claims: &impl Serialize,
    ) -> Result<String, BadKey> {
        let mut header = header_extra.clone();
        header.insert("alg".to_owned(), self.alg().into());
        header.insert("typ".to_owned(), typ.into());
        self.compact(&Value::Object(header).to_string(), claims)
    }

    fn compact(&self, header: &str, claims: &impl Serialize) -> Result<String, BadKey> {
        let message = message(header, claims)?;
        let signature = self.private.sign(self.algorithm, message.as_bytes())?;
        Ok(finish(message, &signature))
    }

    fn of_jwk(jwk: &PrivateJwk) -> Result<Self, BadKey> {
        let wanted = jwk.alg.as_deref().map(wanted).transpose()?;
        if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(BadKey::Algorithm);
        }
        Self::of(PrivateKey::from_jwk(jwk)?, wanted, jwk.kid.clone())
    }

    fn of(
        private: PrivateKey,
        algorithm: Option<Algorithm>,
        kid: Option<String>,
    ) -> Result<Self, BadKey> {
        let algorithm = algorithm.unwrap_or_else(|| private.default_algorithm());
        if !private.fits(algorithm) {
            return Err(BadKey::Algorithm);
        }
        let mut jwk = private.public().ok_or(BadKey::Malformed)?;
        let thumbprint = thumbprint(&jwk).ok_or(BadKey::Malformed)?;
        let kid = kid.unwrap_or_else(|| thumbprint.clone());
        if let Some(members) = jwk.as_object_mut() {
            members.insert("use".to_owned(), "sig".into());
            members.insert("alg".to_owned(), name(algorithm).into());
            members.insert("kid".to_owned(), kid.as_str().into());
        }
        Ok(Self {
            header: header(algorithm, &kid),
            algorithm,
            kid,
            thumbprint,
            private,
            jwk,
        })
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// The header up to the text of `typ`.
fn header(algorithm: Algorithm, kid: &str) -> String {
    format!(
        r#"{{"alg":"{}","kid":{},"typ":""#,
        name(algorithm),
        json!(kid)
    )
}

fn wanted(alg: &str) -> Result<Algorithm, BadKey> {
    algorithm(alg).ok_or(BadKey::Algorithm)
}
