//! Whose signature it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::{IdTokenFault, check, half_hash};
use super::{KEY, NOW, claims, expect, fault, generate, judge, with};
use crate::jose::{JwsFault, KeySet, hmac};
use crate::{Secret, Timestamp};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const TEMPLATE: &str = "https://login.example/{tenantid}/v2.0";

#[test]
fn other_kinds_of_jwt_are_refused() {
    let keys = KeySet::of([KEY.jwk()]);
    for typ in [
        "at+jwt",
        "application/at+jwt",
        "logout+jwt",
        "dpop+jwt",
        "secevent+jwt",
        "x",
    ] {
        let token = KEY.sign(typ, &claims()).expect("signs");
        let fault = check(&token, &keys, &expect(), Timestamp::from_secs(NOW));
        assert_eq!(fault, Err(IdTokenFault::Typ), "{typ}");
    }
    let now = Timestamp::from_secs(NOW);
    let payload = URL_SAFE_NO_PAD.encode(claims().to_string());
    for (token, expected) in [
        // {"alg":"none"}
        (
            format!("eyJhbGciOiJub25lIn0.{payload}."),
            JwsFault::Algorithm,
        ),
        ("a.b.c.d.e".to_owned(), JwsFault::Encrypted),
        (String::new(), JwsFault::Malformed),
        (format!("x.{payload}.x"), JwsFault::Malformed),
        ("a".repeat(20_000), JwsFault::Malformed),
    ] {
        let fault = check(&token, &keys, &expect(), now);
        assert_eq!(fault, Err(IdTokenFault::Jws(expected)), "{token}");
    }
}

#[test]
fn keys_and_algorithms_are_the_servers() {
    let now = Timestamp::from_secs(NOW);
    let token = KEY.sign("JWT", &claims()).expect("signs");
    let other = generate("ES384", 9);
    let keys = KeySet::of([other.jwk()]);
    let unknown = check(&token, &keys, &expect(), now);
    assert_eq!(unknown, Err(IdTokenFault::UnknownKey));
    let empty = check(&token, &KeySet::default(), &expect(), now);
    assert_eq!(empty, Err(IdTokenFault::UnknownKey));
    let mut expect = expect();
    expect.algorithms = vec!["ES384".to_owned()];
    let own = KeySet::of([KEY.jwk()]);
    let refused = check(&token, &own, &expect, now);
    assert_eq!(refused, Err(IdTokenFault::Jws(JwsFault::Algorithm)));
    for alg in ["ES256", "ES384", "EdDSA"] {
        let key = generate(alg, 3);
        expect.algorithms = vec!["RS256".to_owned(), alg.to_owned()];
        expect.access_token = Some(Secret::new("token"));
        let hash = half_hash(alg, &Secret::new("token"));
        let token = key
            .sign("JWT", &with("at_hash", json!(hash)))
            .expect("signs");
        check(&token, &KeySet::of([key.jwk()]), &expect, now).expect("good");
    }
}

#[test]
fn the_clients_secret_signs_only_by_agreement() {
    let token = hmac::sign(&Secret::new(SECRET), "JWT", &claims()).expect("signs");
    let mut expect = expect();
    let mut judge = |algorithms: &[&str], secret: Option<&str>| {
        expect.algorithms = algorithms.iter().map(ToString::to_string).collect();
        expect.client_secret = secret.map(Secret::new);
        let read = check(
            &token,
            &KeySet::of([KEY.jwk()]),
            &expect,
            Timestamp::from_secs(NOW),
        );
        read.map(|_| ())
    };
    let refused = |fault| Err(IdTokenFault::Jws(fault));
    assert_eq!(judge(&["HS256"], Some(SECRET)), Ok(()));
    assert_eq!(
        judge(&["ES256", "HS256"], None),
        refused(JwsFault::Algorithm)
    );
    assert_eq!(
        judge(&["ES256"], Some(SECRET)),
        refused(JwsFault::Algorithm)
    );
    assert_eq!(judge(&[], Some(SECRET)), refused(JwsFault::Algorithm));
    assert_eq!(
        judge(&["HS256"], Some("short")),
        refused(JwsFault::WeakSecret)
    );
    let wrong = SECRET.replace('0', "1");
    assert_eq!(
        judge(&["HS256"], Some(&wrong)),
        refused(JwsFault::Signature)
    );
}

#[test]
fn a_server_of_many_tenants_names_one() {
    let mut expect = expect();
    expect.issuer = TEMPLATE.to_owned();
    expect.issuer_template = Some(TEMPLATE.to_owned());
    let tenant = |iss: &str, tid: Value| {
        let mut claims = with("iss", json!(iss));
        claims["tid"] = tid;
        claims
    };
    judge(
        &tenant("https://login.example/t-1/v2.0", json!("t-1")),
        &expect,
    )
    .expect("its own");
    for (iss, tid) in [
        ("https://login.example/t-1/v2.0", json!("t-2")),
        ("https://login.example/t-1/v2.0", json!(null)),
        ("https://login.example/t-1/v2.0", json!(["t-1"])),
        (TEMPLATE, json!("{tenantid}")),
        ("https://login.example//v2.0", json!("")),
        ("https://login.example/../v2.0", json!("..")),
        ("https://login.example/a/b/v2.0", json!("a/b")),
        ("https://evil.example/t-1/v2.0", json!("t-1")),
    ] {
        assert_eq!(
            fault(&tenant(iss, tid), &expect),
            IdTokenFault::Issuer,
            "{iss}"
        );
    }
    expect.issuer_template = Some("https://login.example/v2.0".to_owned());
    let fixed = tenant("https://login.example/v2.0", json!("t-1"));
    assert_eq!(fault(&fixed, &expect), IdTokenFault::Issuer);
    expect.issuer_template = None;
    assert_eq!(
        fault(
            &tenant("https://login.example/t-1/v2.0", json!("t-1")),
            &expect
        ),
        IdTokenFault::Issuer
    );
}

/// A key of the personal accounts signs for no organisation.
#[test]
fn a_key_signs_for_the_issuer_it_is_published_for() {
    let mut expect = expect();
    expect.issuer_template = Some(TEMPLATE.to_owned());
    let mut claims = with("iss", json!("https://login.example/t-1/v2.0"));
    claims["tid"] = json!("t-1");
    let token = KEY.sign("JWT", &claims).expect("signs");
    for (issuer, good) in [
        (TEMPLATE, Ok(())),
        ("https://login.example/t-1/v2.0", Ok(())),
        (
            "https://login.example/t-2/v2.0",
            Err(IdTokenFault::KeyIssuer),
        ),
    ] {
        let mut jwk = KEY.jwk().clone();
        jwk["issuer"] = json!(issuer);
        let read = check(
            &token,
            &KeySet::of([&jwk]),
            &expect,
            Timestamp::from_secs(NOW),
        );
        assert_eq!(read.map(|_| ()), good, "{issuer}");
    }
}

proptest! {
    #[test]
    fn a_changed_token_is_refused(at in 0usize..400, to in "[A-Za-z0-9_.-]") {
        let token = KEY.sign("JWT", &claims()).expect("signs");
        let at = at % token.len();
        let mut changed = token.clone();
        changed.replace_range(at..=at, &to);
        let read = check(&changed, &KeySet::of([KEY.jwk()]), &expect(), Timestamp::from_secs(NOW));
        prop_assert!(changed == token || read.is_err());
    }
}
