use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::Timestamp;

/// How long a nonce is given away; it counts for as long again.
const WINDOW: Duration = Duration::from_secs(120);
/// What is taken of the MAC, in bytes.
const LEN: usize = 16;

/// The nonces of a server (RFC 9449 §8): a MAC over the time, so that none is remembered and every node with the same key
/// knows those of the others. The nonce of this window and of the one before it count.
#[derive(Clone)]
pub struct Nonces(hmac::Key);

impl Nonces {
    /// Under this key, which is used for nothing else.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The nonce to give away now.
    pub fn current(&self, now: Timestamp) -> String {
        self.of(window(now))
    }

    /// Whether `nonce` was given away, in this window or the one before.
    pub fn are_ours(&self, nonce: &str, now: Timestamp) -> bool {
        let this = window(now);
        let is = |window| bool::from(self.of(window).as_bytes().ct_eq(nonce.as_bytes()));
        is(this) | this.checked_sub(1).is_some_and(is)
    }

    fn of(&self, window: u64) -> String {
        let mut message = b"gatepass dpop nonce 1".to_vec();
        message.extend_from_slice(&window.to_be_bytes());
        let tag = hmac::sign(&self.0, &message);
        URL_SAFE_NO_PAD.encode(tag.as_ref().get(..LEN).unwrap_or_default())
    }
}

fn window(now: Timestamp) -> u64 {
    now.as_secs() / WINDOW.as_secs()
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Nonces([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::Nonces;
    use crate::Timestamp;

    #[test]
    fn a_nonce_counts_in_its_window_and_the_next() {
        let nonces = Nonces::new(&[7; 32]);
        let at = Timestamp::from_secs;
        let nonce = nonces.current(at(1_200_000));
        assert_eq!(nonce.len(), 22);
        assert_eq!(nonce, Nonces::new(&[7; 32]).current(at(1_200_119)));
        for (secs, good) in [
            (1_199_999, false),
            (1_200_000, true),
            (1_200_119, true),
            (1_200_120, true),
            (1_200_239, true),
            (1_200_240, false),
        ] {
            assert_eq!(nonces.are_ours(&nonce, at(secs)), good, "{secs}");
        }
        assert!(!Nonces::new(&[8; 32]).are_ours(&nonce, at(1_200_000)));
        assert!(!nonces.are_ours("", at(1_200_000)));
        assert!(nonces.are_ours(&nonces.current(at(0)), at(0)));
    }
}
