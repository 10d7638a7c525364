use serde_json::{Value, json};

use super::key;
use crate::Secret;
use crate::jose::{EmbeddedJws, JwsFault, KeySet, SigningKey, VerifiedJws, hmac};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// RFC 9449 §4.1.
const PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUk\
    lDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNyd\
    iI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29\
    tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nf\
    bV37xRZT3Lg";

fn embedded(jwk: Value) -> Result<EmbeddedJws, JwsFault> {
    let key = key();
    let header = json!({ "jwk": jwk });
    let header = header.as_object().expect("an object");
    EmbeddedJws::check(
        &key.sign_header(header, "dpop+jwt", &json!({}))
            .expect("signs"),
    )
}

#[test]
fn a_proof_brings_its_key() {
    let proof = EmbeddedJws::check(PROOF).expect("the RFC's own");
    assert_eq!(
        proof.thumbprint,
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    );
    assert_eq!(proof.jws.typ.as_deref(), Some("dpop+jwt"));
    let claims: Value = serde_json::from_slice(&proof.jws.payload).expect("JSON");
    assert_eq!(claims["htm"], "POST");
    let changed = PROOF.replacen("2-Gx", "2-Gy", 1);
    assert_eq!(
        EmbeddedJws::check(&changed).err(),
        Some(JwsFault::Signature)
    );
}

#[test]
fn a_proof_with_no_or_a_wrong_key_is_refused() {
    let fault = |jwk| embedded(jwk).err();
    assert_eq!(fault(json!(null)), Some(JwsFault::UnknownKey));
    assert_eq!(fault(json!("x")), Some(JwsFault::UnknownKey));
    let symmetric = json!({ "kty": "oct", "k": "AAAA" });
    assert_eq!(fault(symmetric), Some(JwsFault::UnknownKey));
    assert_eq!(fault(key().jwk().clone()), Some(JwsFault::Signature));
    let mut private = key().jwk().clone();
    private["d"] = json!("AA");
    assert_eq!(fault(private), Some(JwsFault::UnknownKey));
    let plain = key().sign("dpop+jwt", &json!({})).expect("signs");
    assert_eq!(EmbeddedJws::check(&plain).err(), Some(JwsFault::UnknownKey));
}

#[test]
fn a_secret_signs_for_whoever_has_it() {
    let secret = Secret::new(SECRET);
    let token = hmac::sign(&secret, "JWT", &json!({ "a": 1 })).expect("signs");
    let jws = hmac::check(&token, &secret).expect("our own");
    assert_eq!(
        (jws.alg, jws.payload.as_slice()),
        ("HS256", &br#"{"a":1}"#[..])
    );
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let theirs = jsonwebtoken::DecodingKey::from_secret(SECRET.as_bytes());
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let same = jsonwebtoken::crypto::verify(signature, message.as_bytes(), &theirs, algorithm);
    assert!(same.expect("verifies"));

    let other = Secret::new(SECRET.replace('0', "1"));
    assert_eq!(hmac::check(&token, &other).err(), Some(JwsFault::Signature));
    let cut = &token[..token.len() - 1];
    assert_eq!(hmac::check(cut, &secret).err(), Some(JwsFault::Signature));
    assert_eq!(
        hmac::check(message, &secret).err(),
        Some(JwsFault::Malformed)
    );
    let short = Secret::new(&SECRET[1..]);
    assert_eq!(
        hmac::check(&token, &short).err(),
        Some(JwsFault::WeakSecret)
    );
    assert!(hmac::sign(&short, "JWT", &json!({})).is_err());
    let asymmetric = key().sign("JWT", &json!({})).expect("signs");
    assert_eq!(
        hmac::check(&asymmetric, &secret).err(),
        Some(JwsFault::Algorithm)
    );
}

#[test]
fn a_secret_counts_only_where_it_was_agreed_on() {
    let secret = Secret::new(SECRET);
    let token = hmac::sign(&secret, "JWT", &json!({})).expect("signs");
    let keys = KeySet::of([key().jwk()]);
    let check = |algorithms: &[&str], secret: Option<&Secret>| {
        let algorithms: Vec<String> = algorithms.iter().map(ToString::to_string).collect();
        VerifiedJws::check_for_client(&token, &keys, &algorithms, secret).map(|jws| jws.alg)
    };
    assert_eq!(check(&["RS256", "HS256"], Some(&secret)), Ok("HS256"));
    assert_eq!(check(&[], Some(&secret)), Err(JwsFault::Algorithm));
    assert_eq!(check(&["RS256"], Some(&secret)), Err(JwsFault::Algorithm));
    assert_eq!(check(&["HS256"], None), Err(JwsFault::Algorithm));
    assert_eq!(
        VerifiedJws::check(&token, &keys).err(),
        Some(JwsFault::Algorithm)
    );
}

#[test]
fn only_the_algorithms_that_were_agreed_on_are_believed() {
    let key = key();
    let keys = KeySet::of([key.jwk()]);
    let token = key.sign("JWT", &json!({})).expect("signs");
    let check = |algorithms: &[&str]| {
        let algorithms: Vec<String> = algorithms.iter().map(ToString::to_string).collect();
        VerifiedJws::check_for_client(&token, &keys, &algorithms, None).map(|jws| jws.alg)
    };
    assert_eq!(check(&[]), Ok("ES256"));
    assert_eq!(check(&["RS256", "ES256"]), Ok("ES256"));
    assert_eq!(check(&["RS256"]), Err(JwsFault::Algorithm));
    assert_eq!(check(&["none", "bogus"]), Err(JwsFault::Algorithm));
}

#[test]
fn a_jwe_is_called_what_it_is() {
    let keys = KeySet::default();
    let jwe = "eyJhbGciOiJSU0EtT0FFUCJ9.a2V5.aXY.dGV4dA.dGFn";
    assert_eq!(
        VerifiedJws::check(jwe, &keys).err(),
        Some(JwsFault::Encrypted)
    );
}

#[test]
fn without_an_id_every_key_is_tried_and_none_is_blamed() {
    let keys: Vec<SigningKey> = (0..4).map(|_| key()).collect();
    let set = KeySet::of(keys.iter().map(SigningKey::jwk));
    let nameless = |key: &SigningKey| {
        let header = serde_json::Map::new();
        key.sign_header(&header, "JWT", &json!({})).expect("signs")
    };
    for key in &keys {
        VerifiedJws::check(&nameless(key), &set).expect("one of them");
    }
    let unknown = VerifiedJws::check(&nameless(&key()), &set).err();
    assert_eq!(unknown, Some(JwsFault::UnknownKey));
}
