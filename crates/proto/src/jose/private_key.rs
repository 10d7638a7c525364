use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384};
use aws_lc_rs::encoding::{AsBigEndian as _, EcPrivateKeyBin};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPairComponents, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use rustls_pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::BadKey;
use super::private_jwk::PrivateJwk;
use crate::{Cx, Secret};

/// How often a key is drawn before the randomness is thought broken; of true randomness the first draw does.
const MAX_DRAWS: usize = 16;

/// A private key of any kind, as the library holds it.
pub(super) enum PrivateKey {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    /// With the members that the library does not give back, where they are known.
    Rsa(RsaKeyPair, Option<Vec<(&'static str, Secret)>>),
}

impl PrivateKey {
    /// A P-256 key in PKCS #8.
    pub(super) fn p256(der: &[u8]) -> Result<Self, BadKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der);
        pair.map(Self::P256).map_err(bad)
    }

    /// Whatever key is in this DER.
    pub(super) fn from_der(der: &PrivateKeyDer<'_>) -> Result<Self, BadKey> {
        let ec = |algorithm, bytes| EcdsaKeyPair::from_private_key_der(algorithm, bytes);
        let bytes = der.secret_der();
        if let PrivateKeyDer::Pkcs1(_) = der {
            let pair = RsaKeyPair::from_der(bytes).map_err(bad)?;
            return Ok(Self::Rsa(pair, None));
        }
        if let Ok(pair) = ec(&ECDSA_P256_SHA256_FIXED_SIGNING, bytes) {
            return Ok(Self::P256(pair));
        }
        if let Ok(pair) = ec(&ECDSA_P384_SHA384_FIXED_SIGNING, bytes) {
            return Ok(Self::P384(pair));
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(bytes) {
            return Ok(Self::Ed25519(pair));
        }
        let pair = RsaKeyPair::from_pkcs8(bytes).map_err(bad)?;
        Ok(Self::Rsa(pair, None))
    }

    /// The key of a private JWK, whose two halves have to belong together.
    pub(super) fn from_jwk(jwk: &PrivateJwk) -> Result<Self, BadKey> {
        let part = |text: Option<&str>| {
            let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
            bytes.map(Zeroizing::new).ok_or(BadKey::Malformed)
        };
        let d = part(jwk.d.as_ref().map(Secret::expose))?;
        match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("EC", Some(curve)) => {
                let (x, y) = (part(jwk.x.as_deref())?, part(jwk.y.as_deref())?);
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                ec(curve, &d, &point)
            }
            ("OKP", Some("Ed25519")) => {
                let x = part(jwk.x.as_deref())?;
                Ed25519KeyPair::from_seed_and_public_key(&d, &x)
                    .map(Self::Ed25519)
                    .map_err(bad)
            }
            ("RSA", _) => {
                let secret = |text: &Option<Secret>| part(text.as_ref().map(Secret::expose));
                let components = KeyPairComponents {
                    public_key: PublicKeyComponents {
                        n: part(jwk.n.as_deref())?,
                        e: part(jwk.e.as_deref())?,
                    },
                    d,
                    p: secret(&jwk.p)?,
                    q: secret(&jwk.q)?,
                    dP: secret(&jwk.dp)?,
                    dQ: secret(&jwk.dq)?,
                    qInv: secret(&jwk.qi)?,
                };
                let pair = RsaKeyPair::from_components(&components).map_err(bad)?;
                Ok(Self::Rsa(pair, Some(jwk.rsa_members())))
            }
            _ => Err(BadKey::Malformed),
        }
    }

    /// A fresh key. One for RSA takes more than bytes, and is better made once and kept.
    pub(super) fn generate(algorithm: Algorithm, cx: &mut Cx<'_>) -> Result<Self, BadKey> {
        for _ in 0..MAX_DRAWS {
            let drawn = match algorithm {
                Algorithm::ES256 => draw_ec("P-256", &ECDH_P256, 32, cx),
                Algorithm::ES384 => draw_ec("P-384", &ECDH_P384, 48, cx),
                Algorithm::EdDSA => {
                    let seed = Zeroizing::new(cx.bytes::<32>());
                    let pair = Ed25519KeyPair::from_seed_unchecked(&seed[..]);
                    pair.map(Self::Ed25519).map_err(bad)
                }
                _ => return Err(BadKey::Algorithm),
            };
            if drawn.is_ok() {
                return drawn;
            }
        }
        Err(BadKey::Malformed)
    }

    /// The algorithm that is meant when none is named.
    pub(super) fn default_algorithm(&self) -> Algorithm {
        match self {
            Self::P256(_) => Algorithm::ES256,
            Self::P384(_) => Algorithm::ES384,
            Self::Ed25519(_) => Algorithm::EdDSA,
            Self::Rsa(..) => Algorithm::RS256,
        }
    }

    /// Whether it is a key for this algorithm.
    pub(super) fn fits(&self, algorithm: Algorithm) -> bool {
        let also = matches!(self, Self::Rsa(..)) && algorithm == Algorithm::PS256;
        also || algorithm == self.default_algorithm()
    }

    /// The members of the public half (RFC 7518 §6, RFC 8037 §2).
    pub(super) fn public(&self) -> Option<Value> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match self {
            Self::P256(pair) | Self::P384(pair) => {
                // An uncompressed point: 0x04, then x and y of the same length (SEC 1 §2.3.3).
                let (_, point) = pair.public_key().as_ref().split_first()?;
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if matches!(self, Self::P256(_)) {
                    "P-256"
                } else {
                    "P-384"
                };
                Some(json!({ "kty": "EC", "crv": curve, "x": text(x), "y": text(y) }))
            }
            Self::Ed25519(pair) => {
                let x = text(pair.public_key().as_ref());
                Some(json!({ "kty": "OKP", "crv": "Ed25519", "x": x }))
            }
            Self::Rsa(pair, _) => {
                let public = pair.public_key();
                let n = text(public.modulus().big_endian_without_leading_zero());
                let e = text(public.exponent().big_endian_without_leading_zero());
                Some(json!({ "kty": "RSA", "n": n, "e": e }))
            }
        }
    }

    /// The members of the private half, where the library gives them back.
    pub(super) fn private(&self) -> Option<Vec<(&'static str, Secret)>> {
        let text = |bytes: &[u8]| Secret::new(URL_SAFE_NO_PAD.encode(bytes));
        match self {
            Self::P256(pair) | Self::P384(pair) => {
                let d: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().ok()?;
                Some(vec![("d", text(d.as_ref()))])
            }
            Self::Ed25519(pair) => {
                let seed = pair.seed().ok()?.as_be_bytes().ok()?;
                Some(vec![("d", text(seed.as_ref()))])
            }
            Self::Rsa(_, members) => members.clone(),
        }
    }

    /// Signs a message.
    ///
    /// The nonce inside a signature decides nothing that a test could want to replay, and the library guards it better
    /// than we could: the one draw of randomness that is not an argument.
    pub(super) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, BadKey> {
        let random = SystemRandom::new();
        match self {
            Self::P256(pair) | Self::P384(pair) => pair
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec()),
            Self::Ed25519(pair) => pair
                .try_sign(message)
                .map(|signature| signature.as_ref().to_vec()),
            Self::Rsa(pair, _) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let done = if algorithm == Algorithm::PS256 {
                    pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature)
                } else {
                    pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                };
                done.map(|()| signature)
            }
        }
        .map_err(|_| BadKey::Malformed)
    }
}

fn draw_ec(
    curve: &str,
    algorithm: &'static agreement::Algorithm,
    len: usize,
    cx: &mut Cx<'_>,
) -> Result<PrivateKey, BadKey> {
    let mut d = Zeroizing::new(vec![0; len]);
    cx.entropy.fill(&mut d);
    // A number that is no scalar of the curve is refused; the caller draws again.
    let private = agreement::PrivateKey::from_private_key(algorithm, &d).map_err(bad)?;
    let public = private
        .compute_public_key()
        .map_err(|_| BadKey::Malformed)?;
    ec(curve, &d, public.as_ref())
}

fn ec(curve: &str, d: &[u8], point: &[u8]) -> Result<PrivateKey, BadKey> {
    let read = |algorithm: &'static EcdsaSigningAlgorithm| {
        EcdsaKeyPair::from_private_key_and_public_key(algorithm, d, point).map_err(bad)
    };
    match curve {
        "P-256" => read(&ECDSA_P256_SHA256_FIXED_SIGNING).map(PrivateKey::P256),
        "P-384" => read(&ECDSA_P384_SHA384_FIXED_SIGNING).map(PrivateKey::P384),
        _ => Err(BadKey::Malformed),
    }
}

fn bad(rejected: KeyRejected) -> BadKey {
    match rejected.description_() {
        "TooSmall" => BadKey::Weak,
        "InconsistentComponents" => BadKey::Mismatch,
        _ => BadKey::Malformed,
    }
}
