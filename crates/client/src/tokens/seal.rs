//! How a token is sealed: AES-256-GCM under a random nonce, in an envelope of JSON.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{StoredToken, TokenKey};

/// The length of the key that tokens are sealed with, in bytes.
pub(super) const KEY_LEN: usize = 32;
/// The version of the envelope; a higher one is not opened.
const VERSION: u32 = 1;

/// Seals tokens and opens them. What is sealed for one key opens for no other, so a file or a row that was given
/// another name is noticed.
pub(super) struct Seal(RandomizedNonceKey);

impl Seal {
    pub(super) fn new(key: &[u8; KEY_LEN]) -> Result<Self, String> {
        RandomizedNonceKey::new(&AES_256_GCM, key)
            .map(Self)
            .map_err(|_| "the cryptographic library takes no key".to_owned())
    }

    /// Reads the key as an operator writes it: 32 bytes in base64, with or without padding.
    #[cfg(feature = "postgres")]
    pub(super) fn from_base64(text: &str) -> Option<Self> {
        Self::new(&*decode_key(text)?).ok()
    }

    /// The envelope with the token of `key` in it.
    pub(super) fn seal(&self, key: &TokenKey, token: &StoredToken) -> Result<Vec<u8>, String> {
        let mut body = token.to_json();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(purpose(VERSION, key)), &mut *body)
            .map_err(|_| "the system gave no random numbers; try again".to_owned())?;
        let envelope = Envelope {
            sealed: VERSION,
            token: STANDARD.encode([nonce.as_ref(), body.as_slice()].concat()),
        };
        serde_json::to_vec(&envelope).map_err(|error| error.to_string())
    }

    /// The token of `key` that is in the envelope; or what is wrong, without its content.
    pub(super) fn open(&self, key: &TokenKey, envelope: &Envelope) -> Result<StoredToken, String> {
        if envelope.sealed > VERSION {
            return Err(format!(
                "sealed by a newer gatepass (version {})",
                envelope.sealed
            ));
        }
        let bytes = STANDARD
            .decode(&envelope.token)
            .map_err(|_| "the sealed token is not base64")?;
        let (nonce, body) = bytes
            .split_first_chunk::<NONCE_LEN>()
            .ok_or("the sealed token is cut short")?;
        let mut plain = Zeroizing::new(body.to_vec());
        let aad = Aad::from(purpose(envelope.sealed, key));
        let plain = self
            .0
            .open_in_place(Nonce::from(nonce), aad, &mut plain)
            .map_err(
                |_| "it does not open: it was altered or renamed, or sealed with another key",
            )?;
        StoredToken::parse(plain)
    }
}

/// A sealed token as it lies in a file or a row.
#[derive(Serialize, Deserialize)]
pub(super) struct Envelope {
    sealed: u32,
    token: String,
}

impl Envelope {
    /// Reads an envelope; `None` for what is none, like a token in clear.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// 32 bytes in base64, with or without padding.
pub(super) fn decode_key(text: &str) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    const FORGIVING: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let mut key = Zeroizing::new([0; KEY_LEN]);
    let length = FORGIVING.decode_slice(text.trim(), &mut key[..]).ok()?;
    (length == KEY_LEN).then_some(key)
}

/// What is sealed, in what format, and for whom.
fn purpose(version: u32, key: &TokenKey) -> Vec<u8> {
    format!("gatepass token {version} {}", key.as_str()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Envelope, Seal, decode_key};
    use crate::tokens::TokenKey;
    use crate::tokens::contract::sample;

    fn key(text: &str) -> TokenKey {
        TokenKey::new(text).expect("a key")
    }

    fn seal(byte: u8) -> Seal {
        Seal::new(&[byte; 32]).expect("a key")
    }

    fn envelope(bytes: &[u8]) -> Envelope {
        Envelope::parse(bytes).expect("an envelope")
    }

    #[test]
    fn what_is_sealed_opens_and_shows_nothing() {
        let token = sample("hunter2");
        let bytes = seal(1).seal(&key("work"), &token).expect("sealed");
        assert_eq!(seal(1).open(&key("work"), &envelope(&bytes)), Ok(token));
        let text = String::from_utf8(bytes.clone()).expect("JSON");
        assert!(!text.contains("hunter2") && !text.contains("Bearer"));
        let again = seal(1).seal(&key("work"), &sample("hunter2"));
        assert_ne!(bytes, again.expect("sealed"), "a nonce of its own");
    }

    #[test]
    fn another_name_key_byte_or_length_does_not_open() {
        let bytes = seal(1).seal(&key("work"), &sample("one")).expect("sealed");
        let whole = envelope(&bytes);
        assert!(seal(1).open(&key("play"), &whole).is_err());
        assert!(seal(2).open(&key("work"), &whole).is_err());
        for at in 0..whole.token.len() {
            let mut changed = whole.token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let token = String::from_utf8(changed).expect("ASCII");
            let changed = Envelope { sealed: 1, token };
            assert!(seal(1).open(&key("work"), &changed).is_err(), "at {at}");
            let cut = Envelope {
                sealed: 1,
                token: whole.token[..at].to_owned(),
            };
            assert!(seal(1).open(&key("work"), &cut).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn the_version_is_sealed_too() {
        let mut changed = envelope(&seal(1).seal(&key("a"), &sample("x")).expect("sealed"));
        changed.sealed = 0;
        assert!(seal(1).open(&key("a"), &changed).is_err());
        changed.sealed = 2;
        let reason = seal(1).open(&key("a"), &changed).expect_err("refused");
        assert!(reason.contains("newer gatepass"), "{reason}");
    }

    #[test]
    fn a_key_is_32_bytes_in_base64() {
        let text = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for good in [text.to_owned(), format!("{text}="), format!(" {text}=\n")] {
            assert!(decode_key(&good).is_some(), "{good:?}");
        }
        for bad in ["", "AAAA", "hunter2", &text[1..], &format!("{text}AAAA")] {
            assert!(decode_key(bad).is_none(), "{bad:?}");
        }
    }
}
