use aws_lc_rs::signature::KeyPair as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::with_cx;
use crate::jose::{BadKey, KeySet, SigningKey, VerifiedJws, thumbprint};
use crate::{Cx, Entropy, Secret, Timestamp};

const P256: &str = include_str!("keys/p256.pem");
const P256_SEC1: &str = include_str!("keys/p256_sec1.pem");
const P384: &str = include_str!("keys/p384.pem");
const P384_SEC1: &str = include_str!("keys/p384_sec1.pem");
const ED25519: &str = include_str!("keys/ed25519.pem");
const RSA: &str = include_str!("keys/rsa.pem");
const RSA_PKCS1: &str = include_str!("keys/rsa_pkcs1.pem");

fn pem(text: &str) -> SigningKey {
    SigningKey::from_pem(text, None).expect("a key")
}

fn refused(text: &str, alg: Option<&str>) -> BadKey {
    SigningKey::from_pem(text, alg).expect_err("no key")
}

/// Signs and checks by the public half alone.
fn goes_round(key: &SigningKey) {
    let token = key.sign("JWT", &json!({ "a": 1 })).expect("signs");
    let keys = KeySet::of([key.jwk()]);
    let jws = VerifiedJws::check(&token, &keys).expect("our own signature");
    assert_eq!(jws.alg, key.alg());
    assert_eq!(jws.payload, br#"{"a":1}"#);
    assert_eq!(thumbprint(key.jwk()).as_deref(), Some(key.thumbprint()));
}

fn rsa_jwk() -> Value {
    serde_json::from_str(include_str!("keys/rsa.jwk")).expect("JSON")
}

fn ed25519_jwk() -> Value {
    json!({
        "kty": "OKP", "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    })
}

fn p256_jwk() -> Value {
    json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    })
}

#[test]
fn pem_of_every_form_is_read() {
    for (text, alg) in [
        (P256, "ES256"),
        (P256_SEC1, "ES256"),
        (P384, "ES384"),
        (P384_SEC1, "ES384"),
        (ED25519, "EdDSA"),
        (RSA, "RS256"),
        (RSA_PKCS1, "RS256"),
    ] {
        let key = pem(text);
        assert_eq!(key.alg(), alg);
        goes_round(&key);
        goes_round(&SigningKey::from_pem(text, Some(alg)).expect("its own algorithm"));
    }
    let pss = SigningKey::from_pem(RSA, Some("PS256")).expect("RSA may do both");
    assert_eq!(pss.jwk()["alg"], "PS256");
    goes_round(&pss);
    assert_eq!(pem(P256).thumbprint(), pem(P256_SEC1).thumbprint());
    assert_eq!(pem(P384).thumbprint(), pem(P384_SEC1).thumbprint());
    assert_eq!(pem(RSA).thumbprint(), pem(RSA_PKCS1).thumbprint());
}

#[test]
fn what_is_no_good_key_is_refused_by_its_reason() {
    assert_eq!(
        refused(include_str!("keys/encrypted.pem"), None),
        BadKey::Encrypted
    );
    assert_eq!(
        refused(include_str!("keys/encrypted_sec1.pem"), None),
        BadKey::Encrypted
    );
    assert_eq!(refused(include_str!("keys/weak.pem"), None), BadKey::Weak);
    assert_eq!(
        refused(include_str!("keys/weak_pkcs1.pem"), None),
        BadKey::Weak
    );
    for text in [
        include_str!("keys/x25519.pem"),
        include_str!("keys/k256.pem"),
        include_str!("keys/public.pem"),
        "",
        "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA",
        &"x".repeat(40_000),
    ] {
        assert_eq!(refused(text, None), BadKey::Malformed, "{text}");
    }
    for (text, alg) in [
        (P256, "ES384"),
        (P384, "ES256"),
        (ED25519, "ES256"),
        (RSA, "EdDSA"),
        (P256, "RS256"),
        (P256, "HS256"),
        (P256, "none"),
        (P256, ""),
    ] {
        assert_eq!(refused(text, Some(alg)), BadKey::Algorithm, "{alg}");
    }
    assert!(SigningKey::from_pkcs8(b"nonsense").is_err());
}

#[test]
fn private_jwks_are_read() {
    let rsa = SigningKey::from_jwk(&rsa_jwk()).expect("RSA");
    assert_eq!((rsa.alg(), rsa.kid()), ("PS256", "rsa"));
    assert_eq!(rsa.thumbprint(), pem(RSA).thumbprint());
    let ed = SigningKey::from_jwk(&ed25519_jwk()).expect("Ed25519");
    // RFC 8037 appendix A.3.
    assert_eq!(ed.kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let ec = SigningKey::from_jwk(&p256_jwk()).expect("P-256");
    for key in [&rsa, &ed, &ec] {
        goes_round(key);
    }
    let mut named = ed25519_jwk();
    named["alg"] = json!("Ed25519");
    assert_eq!(
        SigningKey::from_jwk(&named).expect("RFC 9864").alg(),
        "EdDSA"
    );
}

/// RFC 7638 §3.1.
#[test]
fn a_thumbprint_takes_nothing_but_the_key() {
    let jwk = json!({
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi\
              FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9\
              c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1j\
              F44-csFCur-kEgU8awapJzKnqDKgw",
    });
    let expected = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    assert_eq!(thumbprint(&jwk).as_deref(), Some(expected));
    for jwk in [
        json!({}),
        json!({ "kty": "RSA", "n": "AA" }),
        json!({ "kty": "RSA", "n": "AA", "e": 3 }),
        json!({ "kty": "oct", "k": "AA" }),
        json!([]),
    ] {
        assert_eq!(thumbprint(&jwk), None, "{jwk}");
    }
}

#[test]
fn a_wrong_member_makes_a_jwk_no_key() {
    let other = pem(P256).jwk()["x"].clone();
    for (jwk, name, value) in [
        (p256_jwk(), "x", other),
        (p256_jwk(), "d", json!(null)),
        (p256_jwk(), "d", json!("AA")),
        (p256_jwk(), "d", json!(7)),
        (p256_jwk(), "d", json!("!")),
        (p256_jwk(), "crv", json!("P-384")),
        (p256_jwk(), "crv", json!("secp256k1")),
        (p256_jwk(), "kty", json!("oct")),
        (p256_jwk(), "kty", json!("RSA")),
        (p256_jwk(), "alg", json!("RS256")),
        (p256_jwk(), "alg", json!("none")),
        (p256_jwk(), "use", json!("enc")),
        (p256_jwk(), "kid", json!(7)),
        (p256_jwk(), "y", json!(null)),
        (ed25519_jwk(), "x", json!("AA")),
        (ed25519_jwk(), "d", json!("AA")),
        (ed25519_jwk(), "crv", json!("Ed448")),
        (ed25519_jwk(), "crv", json!("X25519")),
        (rsa_jwk(), "d", json!("AA")),
        (rsa_jwk(), "p", json!(null)),
        (rsa_jwk(), "qi", json!("AQ")),
        (rsa_jwk(), "e", json!("Aw")),
        (rsa_jwk(), "n", json!("")),
    ] {
        let mut jwk = jwk;
        jwk[name] = value;
        assert!(SigningKey::from_jwk(&jwk).is_err(), "{name} {}", jwk[name]);
    }
    assert!(SigningKey::from_jwk(&json!([])).is_err());
    let twice = r#"{"kty":"EC","kty":"OKP","crv":"Ed25519","d":"AA","x":"AA"}"#;
    assert!(SigningKey::from_private_jwk(&Secret::new(twice)).is_err());
    let long = format!(r#"{{"kty":"{}"}}"#, "x".repeat(40_000));
    assert!(SigningKey::from_private_jwk(&Secret::new(long)).is_err());
}

#[test]
fn a_private_jwk_reads_back() {
    let named = pem(P256).with_kid("it's \"mine\"");
    for key in [
        pem(P256),
        pem(P384),
        pem(ED25519),
        SigningKey::from_jwk(&rsa_jwk()).expect("RSA"),
        named,
    ] {
        let text = key.to_private_jwk().expect("known");
        let again = SigningKey::from_private_jwk(&text).expect("reads back");
        assert_eq!(again.jwk(), key.jwk());
        assert_eq!(again.to_private_jwk(), Some(text));
        goes_round(&again);
    }
    assert_eq!(pem(RSA).to_private_jwk(), None);
}

#[test]
fn nothing_private_is_shown() {
    let key = SigningKey::from_jwk(&rsa_jwk()).expect("RSA");
    assert_eq!(format!("{key:?}"), r#"SigningKey { kid: "rsa", .. }"#);
    for name in ["d", "p", "q", "dp", "dq", "qi"] {
        assert!(key.jwk().get(name).is_none(), "{name}");
    }
}

#[test]
fn a_kid_of_any_text_stands_in_the_header() {
    let key = pem(P256).with_kid("\"},\"alg\":\"none");
    goes_round(&key);
    let extra = json!({ "alg": "none", "typ": "x", "jwk": {} });
    let extra = extra.as_object().expect("an object");
    let token = key
        .sign_header(extra, "dpop+jwt", &json!({}))
        .expect("signs");
    let keys = KeySet::of([key.jwk()]);
    let jws = VerifiedJws::check(&token, &keys).expect("our own");
    assert_eq!((jws.alg, jws.typ.as_deref()), ("ES256", Some("dpop+jwt")));
}

#[test]
fn the_same_randomness_makes_the_same_key() {
    for alg in ["ES256", "ES384", "EdDSA"] {
        let one = with_cx(|cx| SigningKey::generate(alg, cx)).expect("a key");
        let two = with_cx(|cx| SigningKey::generate(alg, cx)).expect("a key");
        assert_eq!((one.alg(), one.kid()), (alg, two.kid()));
        assert_eq!(one.to_private_jwk(), two.to_private_jwk());
        goes_round(&one);
        let mut entropy = super::Counting(2);
        let cx = &mut Cx::new(Timestamp::from_secs(0), &mut entropy);
        let three = SigningKey::generate(alg, cx).expect("a key");
        assert_ne!(one.kid(), three.kid());
    }
    for alg in ["RS256", "PS256", "HS256", "none", ""] {
        let bad = with_cx(|cx| SigningKey::generate(alg, cx)).expect_err("no key");
        assert_eq!(bad, BadKey::Algorithm);
    }
}

/// The same byte, but for the draw that counts down to zero.
struct Until(usize, u8);

impl Entropy for Until {
    fn fill(&mut self, out: &mut [u8]) {
        out.fill(if self.0 == 0 { 5 } else { self.1 });
        self.0 = self.0.saturating_sub(1);
    }
}

/// Zero is no scalar, nor is what is above the order of the curve.
#[test]
fn a_number_that_is_no_key_is_drawn_again() {
    for alg in ["ES256", "ES384"] {
        for byte in [0, 0xff] {
            let draw = |times| {
                let mut entropy = Until(times, byte);
                let mut cx = Cx::new(Timestamp::from_secs(0), &mut entropy);
                SigningKey::generate(alg, &mut cx)
            };
            let third = draw(2).expect("the third is a key");
            assert_eq!(third.kid(), draw(0).expect("a key").kid());
            assert_eq!(draw(1000).expect_err("no key"), BadKey::Malformed);
        }
    }
}

/// What the library signs, it verifies itself too, without the detour over a JWK.
#[test]
fn the_public_half_is_that_of_the_library() {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let random = aws_lc_rs::rand::SystemRandom::new();
    let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    let der = der.expect("a key");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref());
    let pair = pair.expect("a key");
    let key = SigningKey::from_pkcs8(der.as_ref()).expect("a key");
    let point = pair.public_key().as_ref();
    assert_eq!(key.jwk()["x"], URL_SAFE_NO_PAD.encode(&point[1..33]));
    assert_eq!(key.jwk()["y"], URL_SAFE_NO_PAD.encode(&point[33..]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_survived(text in ".{0,200}") {
        let _ = SigningKey::from_pem(&text, None);
        let wrapped = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----");
        let _ = SigningKey::from_pem(&wrapped, None);
        let _ = SigningKey::from_private_jwk(&Secret::new(text));
    }

    /// A key that was changed is none, or another one, and never one whose halves differ.
    #[test]
    fn a_changed_key_is_never_half_right(at in 0usize..1000, to in "[A-Za-z0-9_-]") {
        for jwk in [p256_jwk(), ed25519_jwk()] {
            let mut text = jwk["d"].as_str().expect("text").to_owned();
            let at = at % (text.len() - 1);
            text.replace_range(at..=at, &to);
            let same = jwk["d"] == text;
            let mut jwk = jwk;
            jwk["d"] = json!(text);
            prop_assert_eq!(SigningKey::from_jwk(&jwk).is_ok(), same);
        }
    }
}
