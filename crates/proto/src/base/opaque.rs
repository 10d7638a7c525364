//! Opaque credentials that a scanner can find and a typing error cannot survive: a prefix that names the
//! kind, the payload, and a CRC-32 over both, all of it in characters that form-encoding leaves alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::{Cx, Secret};

/// Refresh token.
pub const REFRESH_TOKEN: &str = "gp_rt_";
/// API key.
pub const API_KEY: &str = "gp_ak_";
/// Opaque access token.
pub const ACCESS_TOKEN: &str = "gp_at_";
/// Authorization code.
pub const CODE: &str = "gp_ac_";
/// Device code (RFC 8628).
pub const DEVICE_CODE: &str = "gp_dc_";
/// `auth_req_id` (CIBA).
pub const AUTH_REQ_ID: &str = "gp_ar_";
/// Initial access token, by which a client may be registered (RFC 7591 §1.2).
pub const INITIAL_ACCESS_TOKEN: &str = "gp_ia_";
/// Registration access token, by which a registration is managed (RFC 7592 §1.2).
pub const REGISTRATION_TOKEN: &str = "gp_ra_";
/// Client secret.
pub const CLIENT_SECRET: &str = "gp_cs_";
/// Browser session.
pub const SESSION: &str = "gp_ss_";

/// The longest opaque credential that is looked at, in bytes.
const MAX_LEN: usize = 512;

/// A fresh credential of 256 random bits.
pub fn mint(prefix: &str, cx: &mut Cx<'_>) -> Secret {
    encode(prefix, &Zeroizing::new(cx.bytes::<32>())[..])
}

/// Writes `payload` as a credential of the kind `prefix`.
pub fn encode(prefix: &str, payload: &[u8]) -> Secret {
    let mut bytes = Zeroizing::new(Vec::with_capacity(payload.len() + 4));
    bytes.extend_from_slice(payload);
    bytes.extend_from_slice(&checksum(prefix, payload));
    let mut text = String::with_capacity(prefix.len() + bytes.len() * 4 / 3 + 2);
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(&bytes, &mut text);
    Secret::new(text)
}

/// The payload of a credential of the kind `prefix`; `None` when the prefix, the alphabet or the checksum
/// is wrong. A right checksum proves nothing: whoever made the text could compute it.
pub fn decode(prefix: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() > MAX_LEN {
        return None;
    }
    let mut bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix)?).ok()?);
    let split = bytes.len().checked_sub(4)?;
    let sum = bytes.split_off(split);
    (sum == checksum(prefix, &bytes)).then_some(bytes)
}

fn checksum(prefix: &str, payload: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(prefix.as_bytes());
    hasher.update(payload);
    hasher.finalize().to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{API_KEY, REFRESH_TOKEN, decode, encode};

    proptest! {
        #[test]
        fn what_is_written_reads_back(payload in prop::collection::vec(any::<u8>(), 0..80)) {
            let text = encode(API_KEY, &payload);
            prop_assert_eq!(decode(API_KEY, text.expose()).map(|bytes| bytes.to_vec()), Some(payload));
            prop_assert!(decode(REFRESH_TOKEN, text.expose()).is_none());
        }

        #[test]
        fn one_changed_character_is_noticed(at in 6usize..40, payload in any::<[u8; 32]>()) {
            let text = encode(API_KEY, &payload).expose().to_owned();
            let changed: String = text
                .chars()
                .enumerate()
                .map(|(i, c)| if i == at { if c == 'A' { 'B' } else { 'A' } } else { c })
                .collect();
            prop_assert!(decode(API_KEY, &changed).is_none());
        }

        #[test]
        fn anything_at_all_is_survived(text in ".*") {
            let _ = decode(API_KEY, &text);
        }
    }
}
