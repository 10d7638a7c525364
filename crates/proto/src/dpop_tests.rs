use http::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::{DPOP_NONCE, Dpop, TYP, USE_DPOP_NONCE, wants_nonce};
use crate::jose::{BadKey, EmbeddedJws};
use crate::{Cx, Entropy, Secret, Timestamp};

const NOW: u64 = 1_800_000_000;

/// Bytes in a row, the same at every run.
struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
    }
}

fn generate(seed: u8) -> Dpop {
    let mut entropy = Counting(seed);
    Dpop::generate(&mut Cx::new(Timestamp::from_secs(NOW), &mut entropy)).expect("a key")
}

fn url(text: &str) -> Url {
    text.parse().expect("a URL")
}

fn proof(dpop: &Dpop, at: &str, token: Option<&str>, entropy: &mut Counting) -> Value {
    let cx = &mut Cx::new(Timestamp::from_secs(NOW), entropy);
    let token = token.map(Secret::new);
    let value = dpop
        .proof(&Method::GET, &url(at), token.as_ref(), cx)
        .expect("signs");
    assert!(value.is_sensitive());
    let proof = EmbeddedJws::check(value.to_str().expect("ASCII")).expect("a good proof");
    assert_eq!(proof.jws.typ.as_deref(), Some(TYP));
    assert_eq!(proof.thumbprint, dpop.jkt());
    let mut members: Vec<_> = proof.jwk.as_object().expect("an object").keys().collect();
    members.sort_unstable();
    assert_eq!(members, ["crv", "kty", "x", "y"]);
    serde_json::from_slice(&proof.jws.payload).expect("JSON")
}

fn nonces(values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        let value = HeaderValue::from_bytes(value.as_bytes()).expect("a header value");
        headers.append(DPOP_NONCE, value);
    }
    headers
}

/// The thumbprint of RFC 9449 §6.1; `ath` of §7.1.
#[test]
fn the_rfc_agrees() {
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
        "y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}"#;
    let jwk: Value = serde_json::from_str(jwk).expect("JSON");
    let expected = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    assert_eq!(crate::jose::thumbprint(&jwk).as_deref(), Some(expected));
    let token = Some("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU");
    let claims = proof(
        &generate(1),
        "https://api.example/x",
        token,
        &mut Counting(9),
    );
    assert_eq!(claims["ath"], "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
}

#[test]
fn a_proof_is_for_one_request() {
    let dpop = generate(1);
    let mut entropy = Counting(7);
    let at = "https://user:pw@api.example:443/a/b%20c;d?q=1#f";
    let claims = proof(&dpop, at, None, &mut entropy);
    assert_eq!(claims["htm"], "GET");
    assert_eq!(claims["htu"], "https://api.example/a/b%20c;d");
    assert_eq!(claims["iat"], NOW);
    assert_eq!(claims["jti"].as_str().map(str::len), Some(22));
    assert!(claims.get("ath").is_none() && claims.get("nonce").is_none());
    let again = proof(&dpop, at, None, &mut entropy);
    assert_ne!(claims["jti"], again["jti"]);
    let other = proof(&dpop, "http://[::1]:8080", None, &mut entropy);
    assert_eq!(other["htu"], "http://[::1]:8080/");
}

#[test]
fn a_nonce_is_kept_for_its_origin() {
    let dpop = generate(1);
    let here = url("https://as.example/token");
    assert!(dpop.learn(&here, &nonces(&["n1"])));
    assert!(!dpop.learn(&here, &nonces(&["n1"])), "nothing new");
    let mut entropy = Counting(7);
    let mut nonce = |at| proof(&dpop.clone(), at, None, &mut entropy)["nonce"].clone();
    assert_eq!(nonce("https://as.example:443/other?x"), "n1");
    for at in [
        "https://as.example:444/",
        "http://as.example/",
        "https://api.example/",
    ] {
        assert_eq!(nonce(at), Value::Null, "{at}");
    }
    assert!(dpop.learn(&here, &nonces(&["n2"])));
    assert_eq!(nonce("https://as.example/token"), "n2");
}

#[test]
fn what_is_no_nonce_is_not_learned() {
    let dpop = generate(1);
    let here = url("https://as.example/token");
    let long = "x".repeat(513);
    for values in [
        &[][..],
        &[""],
        &["a", "b"],
        &["a", "a"],
        &["a b"],
        &["a\"b"],
        &["a\\b"],
        &["ä"],
        &[long.as_str()],
    ] {
        assert!(!dpop.learn(&here, &nonces(values)), "{values:?}");
    }
    let claims = proof(&dpop, here.as_str(), None, &mut Counting(7));
    assert!(claims.get("nonce").is_none());
}

#[test]
fn nonces_are_bounded() {
    let dpop = generate(1);
    for port in 1..=1000 {
        assert!(dpop.learn(&url(&format!("http://h:{port}/")), &nonces(&["n"])));
    }
    assert_eq!(dpop.0.nonces.lock().expect("unpoisoned").len(), 64);
    let last = proof(&dpop, "http://h:1000/", None, &mut Counting(7));
    assert_eq!(last["nonce"], "n");
}

#[test]
fn the_key_is_kept_with_the_token() {
    let dpop = generate(1);
    let again = Dpop::from_private_jwk(dpop.to_private_jwk()).expect("reads back");
    assert_eq!(again, dpop);
    assert_eq!(again.to_private_jwk(), dpop.to_private_jwk());
    assert_ne!(generate(2), dpop);
    assert_eq!(generate(1), dpop, "the same randomness");
    let shown = format!("{dpop:?}");
    assert_eq!(shown, format!(r#"Dpop {{ jkt: "{}", .. }}"#, dpop.jkt()));
    for text in ["", "{}", r#"{"kty":"oct","k":"AAAA"}"#] {
        let bad = Dpop::from_private_jwk(&Secret::new(text)).expect_err("no key");
        assert_eq!(bad, BadKey::Malformed);
    }
}

#[test]
fn a_server_that_wants_its_nonce_is_understood() {
    let challenge = |text: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(text));
        headers
    };
    let none = HeaderMap::new();
    let wanted = Some(USE_DPOP_NONCE);
    assert!(wants_nonce(StatusCode::BAD_REQUEST, &none, wanted));
    assert!(wants_nonce(StatusCode::UNAUTHORIZED, &none, wanted));
    for text in [
        r#"DPoP error="use_dpop_nonce", error_description="x""#,
        r#"Bearer, dpop algs="ES256", error=use_dpop_nonce"#,
    ] {
        assert!(
            wants_nonce(StatusCode::UNAUTHORIZED, &challenge(text), None),
            "{text}"
        );
        assert!(!wants_nonce(StatusCode::FORBIDDEN, &challenge(text), None));
    }
    for text in [
        r#"Bearer error="use_dpop_nonce""#,
        r#"DPoP error="invalid_token""#,
        "DPoP",
    ] {
        assert!(
            !wants_nonce(StatusCode::UNAUTHORIZED, &challenge(text), None),
            "{text}"
        );
    }
    assert!(!wants_nonce(
        StatusCode::BAD_REQUEST,
        &none,
        Some("invalid_dpop_proof")
    ));
    assert!(!wants_nonce(StatusCode::BAD_REQUEST, &none, None));
    assert!(!wants_nonce(StatusCode::OK, &none, wanted));
}
