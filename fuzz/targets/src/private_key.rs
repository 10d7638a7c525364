//! Private keys, as PEM and as JWK: what is read signs, reads back, and shows nothing private.

use gatepass_proto::Secret;
use gatepass_proto::jose::{KeySet, SigningKey, VerifiedJws};

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for alg in [None, Some("PS256"), Some("ES256")] {
        if let Ok(key) = SigningKey::from_pem(text, alg) {
            assert!(alg.is_none_or(|alg| alg == key.alg()));
            try_out(&key);
        }
    }
    let from_text = SigningKey::from_private_jwk(&Secret::new(text));
    if let Ok(key) = &from_text {
        try_out(key);
        assert!(key.to_private_jwk().is_some());
    }
    if let Ok(jwk) = serde_json::from_str(text)
        && let Ok(key) = SigningKey::from_jwk(&jwk)
    {
        try_out(&key);
    }
}

fn try_out(key: &SigningKey) {
    for name in ["d", "p", "q", "dp", "dq", "qi", "k"] {
        assert!(key.jwk().get(name).is_none());
    }
    let token = key.sign("JWT", &1).expect("signs");
    if token.len() <= 16 * 1024 {
        VerifiedJws::check(&token, &KeySet::of([key.jwk()])).expect("our own signature");
    }
    if let Some(text) = key.to_private_jwk() {
        let again = SigningKey::from_private_jwk(&text).expect("reads back");
        assert_eq!(again.jwk(), key.jwk());
    }
}
