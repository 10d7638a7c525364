//! Demonstrating Proof of Possession (RFC 9449): tokens that are good only for whoever has the key.

mod check;
mod nonce;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use crate::jose::{BadKey, SigningKey, bare, jti};
use crate::message::challenge::Challenge;
use crate::{Cx, Secret};

pub use check::{LEEWAY, MAX_AGE, PROOFS, Proof, ProofFault, ProvenRequest};
pub use nonce::Nonces;

/// The header that carries a proof (RFC 9449 §4.1).
pub const DPOP: HeaderName = HeaderName::from_static("dpop");
/// The header that carries a nonce (§8.1).
pub const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// The `typ` of a proof (§4.2), which no other kind of JWT has.
pub const TYP: &str = "dpop+jwt";

/// What a server says that wants its nonce in the proof (§8, §9).
pub const USE_DPOP_NONCE: &str = "use_dpop_nonce";

/// The most origins whose nonces are remembered.
const MAX_ORIGINS: usize = 64;
/// The longest nonce that is remembered, in bytes.
const MAX_NONCE: usize = 512;

/// A key that proves who holds a token, and the nonces that servers want to see in the proofs. Clones share both; two
/// are equal when their keys are.
#[derive(Clone)]
pub struct Dpop(Arc<Inner>);

struct Inner {
    key: SigningKey,
    header: Map<String, Value>,
    stored: Secret,
    nonces: Mutex<BTreeMap<String, String>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    jti: String,
    htm: &'a str,
    htu: &'a str,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

impl Dpop {
    /// A fresh key, for ES256.
    ///
    /// # Errors
    ///
    /// [`BadKey`] when the randomness is none.
    pub fn generate(cx: &mut Cx<'_>) -> Result<Self, BadKey> {
        Self::of(SigningKey::generate("ES256", cx)?)
    }

    /// The key that [`Dpop::to_private_jwk`] wrote, or any other private JWK.
    ///
    /// # Errors
    ///
    /// [`BadKey`].
    pub fn from_private_jwk(text: &Secret) -> Result<Self, BadKey> {
        Self::of(SigningKey::from_private_jwk(text)?)
    }

    /// The private JWK, to be kept with the token, which is worth nothing without it.
    pub fn to_private_jwk(&self) -> &Secret {
        &self.0.stored
    }

    /// The thumbprint of the key (RFC 7638): `dpop_jkt` of an authorization request (§10), `jkt` of a token (§6.1).
    pub fn jkt(&self) -> &str {
        self.0.key.thumbprint()
    }

    /// The algorithm's name, to be compared with `dpop_signing_alg_values_supported` (§5.1).
    pub fn alg(&self) -> &'static str {
        self.0.key.alg()
    }

    /// The proof for one request (§4.2): good for this method, this address and, at a resource, this access token. Every
    /// request needs its own, a repeated one too.
    ///
    /// # Errors
    ///
    /// [`BadKey`] when the library refuses to sign.
    pub fn proof(
        &self,
        method: &Method,
        url: &Url,
        access_token: Option<&Secret>,
        cx: &mut Cx<'_>,
    ) -> Result<HeaderValue, BadKey> {
        let nonce = self.nonce(url);
        let claims = Claims {
            jti: jti(cx),
            htm: method.as_str(),
            htu: &target(url),
            iat: cx.now.as_secs(),
            ath: access_token.map(|token| token.digest().to_base64url()),
            nonce: nonce.as_deref(),
        };
        let proof = self.0.key.sign_header(&self.0.header, TYP, &claims)?;
        let mut value = HeaderValue::from_str(&proof).map_err(|_| BadKey::Claims)?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// Remembers the nonce of an answer for the origin it came from (§8.2), whatever the status. Says whether it is
    /// another than before: only then is there a point in repeating a request that was refused for its nonce.
    pub fn learn(&self, url: &Url, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(DPOP_NONCE).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let Some(nonce) = value.to_str().ok().filter(|text| is_nonce(text)) else {
            return false;
        };
        let origin = url.origin().ascii_serialization();
        let mut nonces = self.0.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        if nonces.len() >= MAX_ORIGINS && !nonces.contains_key(&origin) {
            nonces.pop_first();
        }
        nonces.insert(origin, nonce.to_owned()).as_deref() != Some(nonce)
    }

    fn nonce(&self, url: &Url) -> Option<String> {
        let nonces = self.0.nonces.lock().unwrap_or_else(PoisonError::into_inner);
        nonces.get(&url.origin().ascii_serialization()).cloned()
    }

    fn of(key: SigningKey) -> Result<Self, BadKey> {
        let jwk = bare(key.jwk()).ok_or(BadKey::Malformed)?;
        let stored = key.to_private_jwk().ok_or(BadKey::Malformed)?;
        Ok(Self(Arc::new(Inner {
            key,
            header: Map::from_iter([("jwk".to_owned(), Value::Object(jwk))]),
            stored,
            nonces: Mutex::default(),
        })))
    }
}

impl PartialEq for Dpop {
    fn eq(&self, other: &Self) -> bool {
        self.jkt() == other.jkt()
    }
}

impl Eq for Dpop {}

impl std::fmt::Debug for Dpop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dpop")
            .field("jkt", &self.jkt())
            .finish_non_exhaustive()
    }
}

/// Whether an answer refuses a request only because its proof lacks the server's nonce: an authorization server's by the
/// `error` of its body (§8), a resource's by its challenge (§9).
pub fn wants_nonce(status: StatusCode, headers: &HeaderMap, body_error: Option<&str>) -> bool {
    match status {
        StatusCode::BAD_REQUEST => body_error == Some(USE_DPOP_NONCE),
        StatusCode::UNAUTHORIZED => {
            body_error == Some(USE_DPOP_NONCE) || challenges(headers).any(|own| asks(&own))
        }
        _ => false,
    }
}

fn challenges(headers: &HeaderMap) -> impl Iterator<Item = Challenge> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(Challenge::parse_list)
}

fn asks(challenge: &Challenge) -> bool {
    challenge.is("DPoP") && challenge.param("error") == Some(USE_DPOP_NONCE)
}

/// `htu`: the address without query and fragment (§4.2), and without what may not leave this machine.
fn target(url: &Url) -> String {
    let origin = url.origin().ascii_serialization();
    format!("{origin}{}", url.path())
}

/// `1*NQCHAR` (§8.1).
fn is_nonce(text: &str) -> bool {
    let allowed = |byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    (1..=MAX_NONCE).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
#[path = "dpop_tests.rs"]
mod tests;
