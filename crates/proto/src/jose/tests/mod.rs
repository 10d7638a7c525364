mod access_token;
mod answers;
mod jws;
mod logouts;
mod private_keys;
mod requests;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};

use super::SigningKey;
use crate::{Cx, Entropy, Timestamp};

const NOW: u64 = 1_800_000_000;

/// Bytes in a row, the same at every run.
struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

fn with_cx<T>(run: impl FnOnce(&mut Cx<'_>) -> T) -> T {
    run(&mut Cx::new(Timestamp::from_secs(NOW), &mut Counting(1)))
}

fn key() -> SigningKey {
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .expect("a key");
    SigningKey::from_pkcs8(der.as_ref()).expect("a P-256 key")
}
