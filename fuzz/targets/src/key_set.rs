//! JWK sets: bounded, no private or symmetric key is taken, the same when written and read again.

use gatepass_proto::jose::{KeySet, VerifiedJws};

pub(crate) fn run(data: &[u8]) {
    let Ok(keys) = KeySet::parse(data) else {
        return;
    };
    let document = keys.to_json();
    let list = document["keys"].as_array().expect("a list");
    assert!(list.len() <= 64);
    for key in list {
        assert!(key.get("d").is_none() && key.get("k").is_none());
        assert_ne!(key["kty"], "oct");
    }
    let again = KeySet::parse(document.to_string().as_bytes()).expect("reads back");
    assert_eq!(again.to_json(), document);
    for alg in ["ES256", "ES384", "EdDSA", "RS256", "PS256"] {
        let header = match alg {
            "ES256" => "eyJhbGciOiJFUzI1NiJ9",
            "ES384" => "eyJhbGciOiJFUzM4NCJ9",
            "EdDSA" => "eyJhbGciOiJFZERTQSJ9",
            "RS256" => "eyJhbGciOiJSUzI1NiJ9",
            _ => "eyJhbGciOiJQUzI1NiJ9",
        };
        for signature in [
            "",
            "AA",
            &"A".repeat(86),
            &"A".repeat(128),
            &"A".repeat(342),
        ] {
            let _ = VerifiedJws::check(&format!("{header}.e30.{signature}"), &keys);
        }
    }
}
