//! Proof Key for Code Exchange (RFC 7636), method `S256` alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::{Cx, Digest, Secret};

/// The only `code_challenge_method` there is here; `plain` proves nothing (RFC 9700 §2.1.1).
pub const S256: &str = "S256";

/// A `code_verifier` of the client's own making (RFC 7636 §4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeVerifier(Secret);

/// A `code_challenge`: the SHA-256 of the verifier (RFC 7636 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(Digest);

impl CodeVerifier {
    /// A fresh verifier: 43 characters, 256 random bits.
    pub fn generate(cx: &mut Cx<'_>) -> Self {
        Self(Secret::new(URL_SAFE_NO_PAD.encode(cx.bytes::<32>())))
    }

    /// Reads a verifier; `None` unless it is 43 to 128 unreserved characters.
    pub fn parse(text: &str) -> Option<Self> {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        ((43..=128).contains(&text.len()) && text.bytes().all(unreserved))
            .then(|| Self(Secret::new(text)))
    }

    /// The challenge that goes ahead of it.
    pub fn challenge(&self) -> CodeChallenge {
        CodeChallenge(self.0.digest())
    }

    /// The text, for the token request.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl CodeChallenge {
    /// Reads a challenge; `None` unless it is the base64url of 32 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        Digest::from_base64url(text).map(Self)
    }

    /// Whether `verifier` is the one it was made from. In constant time.
    pub fn is_answered_by(&self, verifier: &CodeVerifier) -> bool {
        self.0.ct_eq(&verifier.challenge().0)
    }

    /// The digest inside, for storage.
    pub fn digest(&self) -> Digest {
        self.0
    }

    /// A challenge read back from storage.
    pub fn from_digest(digest: Digest) -> Self {
        Self(digest)
    }
}

impl std::fmt::Display for CodeChallenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.to_base64url())
    }
}

#[cfg(test)]
mod tests {
    use super::{CodeChallenge, CodeVerifier};

    /// The vector of RFC 7636 appendix B.
    #[test]
    fn appendix_b() {
        let verifier = CodeVerifier::parse("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
            .expect("43 characters");
        assert_eq!(
            verifier.challenge().to_string(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn lengths_and_characters_are_checked() {
        assert!(CodeVerifier::parse(&"a".repeat(42)).is_none());
        assert!(CodeVerifier::parse(&"a".repeat(43)).is_some());
        assert!(CodeVerifier::parse(&"a".repeat(128)).is_some());
        assert!(CodeVerifier::parse(&"a".repeat(129)).is_none());
        assert!(CodeVerifier::parse(&"+".repeat(43)).is_none());
        assert!(CodeChallenge::parse(&"a".repeat(42)).is_none());
        assert!(CodeChallenge::parse(&format!("{}=", "a".repeat(42))).is_none());
    }
}
