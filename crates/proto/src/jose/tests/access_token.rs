use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{NOW, key};
use crate::Timestamp;
use crate::jose::access_token::{AccessToken, AccessTokenFault, Expect, TYP};
use crate::jose::{JwsFault, KeySet, SigningKey};

fn claims() -> Value {
    json!({
        "iss": "https://as.example", "sub": "us_1", "aud": "https://api.example", "client_id": "cl_1",
        "scope": "read", "iat": NOW, "exp": NOW + 60, "jti": "j1",
    })
}

fn check(token: &str, keys: &KeySet) -> Result<AccessToken, AccessTokenFault> {
    let expect = Expect {
        issuer: "https://as.example",
        audience: Some("https://api.example"),
        leeway: Duration::from_secs(5),
    };
    AccessToken::check(token, keys, &expect, Timestamp::from_secs(NOW))
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn forge(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    format!(
        "{}.{}.{}",
        part(header.to_string().as_bytes()),
        part(claims.to_string().as_bytes()),
        part(signature)
    )
}

#[test]
fn a_good_token_is_believed() {
    let key = key();
    let keys = KeySet::of([key.jwk()]);
    let token = check(&key.sign(TYP, &claims()).expect("signs"), &keys).expect("good");
    assert_eq!(token.sub, "us_1");
    let again = KeySet::parse(keys.to_json().to_string().as_bytes()).expect("a key set");
    let listed = with(
        "aud",
        json!(["https://other.example", "https://api.example"]),
    );
    check(
        &key.sign("application/AT+JWT", &listed).expect("signs"),
        &again,
    )
    .expect("good");
}

#[test]
fn each_claim_is_checked() {
    let key = key();
    let keys = KeySet::of([key.jwk()]);
    let fault =
        |claims: Value| check(&key.sign(TYP, &claims).expect("signs"), &keys).expect_err("bad");
    assert_eq!(
        fault(with("iss", json!("https://as.example/"))),
        AccessTokenFault::Issuer
    );
    assert_eq!(
        fault(with("aud", json!("https://api.example/x"))),
        AccessTokenFault::Audience
    );
    assert_eq!(
        fault(with("exp", json!(NOW - 5))),
        AccessTokenFault::Expired
    );
    assert_eq!(fault(with("iat", json!(NOW + 6))), AccessTokenFault::NotYet);
    assert_eq!(fault(with("nbf", json!(NOW + 6))), AccessTokenFault::NotYet);
    assert_eq!(fault(with("exp", json!("soon"))), AccessTokenFault::Claims);
    for name in ["iss", "sub", "aud", "client_id", "iat", "exp", "jti"] {
        let mut claims = claims();
        claims.as_object_mut().expect("an object").remove(name);
        assert_eq!(fault(claims), AccessTokenFault::Claims, "without {name}");
    }
    check(
        &key.sign(TYP, &with("exp", json!(NOW - 4))).expect("signs"),
        &keys,
    )
    .expect("within the leeway");
}

#[test]
fn other_kinds_of_jwt_are_refused() {
    let key = key();
    let keys = KeySet::of([key.jwk()]);
    for typ in ["JWT", "logout+jwt", ""] {
        assert_eq!(
            check(&key.sign(typ, &claims()).expect("signs"), &keys),
            Err(AccessTokenFault::Typ)
        );
    }
}

#[test]
fn algorithms_cannot_be_confused() {
    let key = key();
    let keys = KeySet::of([key.jwk()]);
    for alg in ["none", "None", "HS256", "RS512", "es256", ""] {
        let token = forge(
            &json!({ "alg": alg, "typ": TYP, "kid": key.kid() }),
            &claims(),
            b"",
        );
        assert_eq!(
            check(&token, &keys),
            Err(JwsFault::Algorithm.into()),
            "{alg}"
        );
    }
    // The public key's bytes as an HMAC secret, under the name of an algorithm the key is not for.
    let token = forge(
        &json!({ "alg": "RS256", "typ": TYP, "kid": key.kid() }),
        &claims(),
        &[7; 256],
    );
    assert_eq!(check(&token, &keys), Err(JwsFault::UnknownKey.into()));
    let symmetric = KeySet::of([&json!({ "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" })]);
    assert!(symmetric.is_empty());
}

#[test]
fn signatures_keys_and_extensions_are_checked() {
    let (key, other) = (key(), super::key());
    let keys = KeySet::of([key.jwk()]);
    let token = other.sign(TYP, &claims()).expect("signs");
    assert_eq!(check(&token, &keys), Err(JwsFault::UnknownKey.into()));
    let good = key.sign(TYP, &claims()).expect("signs");
    let (message, _) = good.rsplit_once('.').expect("three parts");
    let (_, wrong) = token.rsplit_once('.').expect("three parts");
    assert_eq!(
        check(&format!("{message}.{wrong}"), &keys),
        Err(JwsFault::Signature.into())
    );
    let header = json!({ "alg": "ES256", "typ": TYP, "kid": key.kid(), "crit": ["exp"] });
    assert_eq!(
        check(&forge(&header, &claims(), &[0; 64]), &keys),
        Err(JwsFault::Critical.into())
    );
    for text in ["", ".", "..", "a.b", "a.b.c.d", &"a".repeat(20_000)] {
        assert_eq!(check(text, &keys), Err(JwsFault::Malformed.into()));
    }
}

#[test]
fn a_broken_key_is_refused() {
    assert!(SigningKey::from_pkcs8(b"nonsense").is_err());
    assert!(KeySet::parse(b"{}").is_err());
    let private = json!({ "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA" });
    assert!(KeySet::of([&private]).is_empty());
}

proptest! {
    #[test]
    fn a_changed_token_is_refused(at in 0usize..400, to in "[A-Za-z0-9_.-]") {
        let key = key();
        let keys = KeySet::of([key.jwk()]);
        let token = key.sign(TYP, &claims()).expect("signs");
        let at = at % token.len();
        let mut changed = token.clone();
        changed.replace_range(at..=at, &to);
        // The last character of base64url may hold bits that no byte has; those texts do not decode.
        prop_assert!(changed == token || check(&changed, &keys).is_err());
    }
}
