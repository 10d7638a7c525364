//! Verifiers and challenges.

use gatepass_proto::pkce::{CodeChallenge, CodeVerifier};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Some(verifier) = CodeVerifier::parse(text) {
        assert!((43..=128).contains(&text.len()));
        let challenge = verifier.challenge();
        assert!(challenge.is_answered_by(&verifier));
        assert_eq!(
            CodeChallenge::parse(&challenge.to_string()),
            Some(challenge)
        );
        if let Some(same) = CodeChallenge::parse(text) {
            assert!(!same.is_answered_by(&verifier), "that would be plain");
        }
    }
    if let Some(challenge) = CodeChallenge::parse(text) {
        assert_eq!(challenge.to_string(), text);
    }
}
