//! Making a key.

use std::time::Duration;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::SealedKey;
use gatepass_proto::jose::SigningKey;
use gatepass_proto::{Digest, Timestamp};
use zeroize::Zeroizing;

use super::schedule::Line;
use super::{KeysError, Use};
use crate::seal::{MasterKey, SealError};

/// How far apart nodes may be that see at once that a key is due: one of them makes it, the others find it.
pub(crate) const TOGETHER: Duration = Duration::from_secs(60);
/// What the names of refresh keys begin with; their version follows.
const REFRESH_NAME: &str = "refresh-";

/// A new key for `wanted`, sealed, in its place behind those that are there.
///
/// # Errors
///
/// The system gave no random numbers.
pub(crate) async fn new_key(
    master: &MasterKey,
    wanted: Use,
    line: &Line<'_>,
    now: Timestamp,
    activates_at: Timestamp,
) -> Result<SealedKey, KeysError> {
    let (key_id, plain) = match wanted {
        Use::Sign(alg) => {
            // An RSA key is two primes that have to be found: far too long for a thread that others wait for.
            let drawn = tokio::task::spawn_blocking(move || draw(alg)).await;
            let der = drawn.ok().flatten().ok_or(SealError::Unavailable)?;
            let key = SigningKey::from_der(&der, alg)?;
            (key.kid().to_owned(), der)
        }
        Use::Refresh => {
            let mut key = Zeroizing::new(vec![0; 32]);
            aws_lc_rs::rand::fill(&mut key).map_err(|_| SealError::Unavailable)?;
            let versions = line.keys().filter_map(|key| version(&key.key_id));
            let next = versions.max().unwrap_or(0) + 1;
            (format!("{REFRESH_NAME}{next}"), key)
        }
    };
    Ok(SealedKey {
        sealed: master.seal(&aad(wanted.purpose(), &key_id), &plain)?,
        key_id,
        purpose: wanted.purpose().to_owned(),
        alg: wanted.alg().to_owned(),
        created_at: now,
        activates_at,
    })
}

/// That nobody else puts a key into the place behind those that are there. Signing keys are named after themselves, so two
/// nodes would otherwise each add one.
pub(super) fn claim(wanted: Use, line: &Line<'_>, now: Timestamp) -> Change {
    let before = line.newest().map_or("", |key| key.key_id.as_str());
    Change::Once {
        space: "next key",
        hash: Digest::of(format!("{} {} {before}", wanted.purpose(), wanted.alg())),
        until: now + TOGETHER,
    }
}

/// The version in the name of a refresh key.
pub(super) fn version(key_id: &str) -> Option<u32> {
    key_id.strip_prefix(REFRESH_NAME)?.parse().ok()
}

/// A sealed key opens only as what it was sealed as.
pub(super) fn aad(purpose: &str, key_id: &str) -> String {
    format!("{purpose}:{key_id}")
}

/// A fresh signing key in PKCS #8.
fn draw(alg: &str) -> Option<Zeroizing<Vec<u8>>> {
    let random = SystemRandom::new();
    let der = match alg {
        "RS256" | "PS256" => {
            let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
            pair.as_der().ok()?.as_ref().to_vec()
        }
        "EdDSA" => Ed25519KeyPair::generate_pkcs8(&random)
            .ok()?
            .as_ref()
            .to_vec(),
        _ => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .ok()?
            .as_ref()
            .to_vec(),
    };
    Some(Zeroizing::new(der))
}
