//! What a browser carries for us and can neither read nor change.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_http::OsEntropy;
use gatepass_proto::Entropy as _;
use zeroize::Zeroizing;

/// Length of the key, in bytes.
pub(super) const KEY_LEN: usize = 32;
/// First byte of everything sealed: then come salt, nonce, ciphertext and tag.
const FORMAT: u8 = 1;
/// Length of the salt, in bytes.
const SALT_LEN: usize = 16;

/// The key under which cookies are sealed.
///
/// Each is sealed with AES-256-GCM under a key of its own, derived with a random salt (HKDF-SHA256): anybody may have
/// cookies made here, as many as they like and for years, and no nonce is ever used twice under one key.
#[derive(Clone)]
pub(super) struct SealingKey(Prk);

impl SealingKey {
    pub(super) fn new(bytes: &[u8; KEY_LEN]) -> Self {
        Self(Prk::new_less_safe(HKDF_SHA256, bytes))
    }

    /// A key that nobody keeps.
    pub(super) fn ephemeral() -> Self {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        OsEntropy.fill(&mut *bytes);
        Self::new(&bytes)
    }

    /// Seals `plain`; it opens only as the same kind of thing. `None` when the cryptographic library fails.
    pub(super) fn seal(&self, kind: &str, plain: &[u8]) -> Option<String> {
        let mut salt = [0; SALT_LEN];
        OsEntropy.fill(&mut salt);
        let mut body = plain.to_vec();
        let nonce = self
            .salted(&salt)?
            .seal_in_place_append_tag(Aad::from(kind), &mut body)
            .ok()?;
        let sealed = [&[FORMAT][..], &salt, nonce.as_ref(), &body].concat();
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Opens what was sealed as this kind of thing. `None` for anything else.
    pub(super) fn open(&self, kind: &str, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let rest = sealed.strip_prefix(&[FORMAT])?;
        let (salt, rest) = rest.split_first_chunk::<SALT_LEN>()?;
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut plain = Zeroizing::new(body.to_vec());
        let len = self
            .salted(salt)?
            .open_in_place(Nonce::from(nonce), Aad::from(kind), &mut plain)
            .ok()?
            .len();
        plain.truncate(len);
        Some(plain)
    }

    fn salted(&self, salt: &[u8; SALT_LEN]) -> Option<RandomizedNonceKey> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        self.0
            .expand(&[b"gatepass browser login", salt], HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key[..]))
            .ok()?;
        RandomizedNonceKey::new(&AES_256_GCM, &key[..]).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{KEY_LEN, SealingKey};

    fn key(byte: u8) -> SealingKey {
        SealingKey::new(&[byte; KEY_LEN])
    }

    #[test]
    fn what_is_sealed_opens_as_what_it_is() {
        let sealed = key(1).seal("session", b"ann").expect("sealed");
        assert_eq!(
            key(1).open("session", &sealed).as_deref(),
            Some(&b"ann".to_vec())
        );
        assert_ne!(key(1).seal("session", b"ann"), Some(sealed.clone()));
        assert!(key(1).open("away", &sealed).is_none());
        assert!(key(2).open("session", &sealed).is_none());
        assert!(SealingKey::ephemeral().open("session", &sealed).is_none());
    }

    #[test]
    fn what_was_changed_or_cut_does_not_open() {
        let sealed = key(1).seal("session", b"ann").expect("sealed");
        for at in 0..sealed.len() - 1 {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert!(key(1).open("session", &changed).is_none(), "at {at}");
            assert!(
                key(1).open("session", &sealed[..at]).is_none(),
                "cut at {at}"
            );
        }
        for odd in ["", "A", "=", "\u{e4}", &"A".repeat(4000)] {
            assert!(key(1).open("session", odd).is_none(), "{odd:?}");
        }
    }
}
