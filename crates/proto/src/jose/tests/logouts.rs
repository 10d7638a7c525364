use serde_json::{Value, json};

use super::{NOW, key};
use crate::jose::logout_token::{LogoutExpect, LogoutFault, LogoutToken, TYP};
use crate::jose::{JwsFault, KeySet, SigningKey};
use crate::{ClientId, Timestamp};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

fn claims() -> Value {
    json!({
        "iss": "https://as.example", "aud": "cl_1", "iat": NOW, "exp": NOW + 120, "jti": "j",
        "sub": "us_1", "sid": "s", "events": { EVENT: {} },
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(names: &[&str]) -> Value {
    let mut claims = claims();
    for name in names {
        claims.as_object_mut().expect("claims").remove(*name);
    }
    claims
}

fn check_with(keys: &KeySet, token: &str) -> Result<LogoutToken, LogoutFault> {
    let expect = LogoutExpect {
        issuer: "https://as.example",
        client_id: &ClientId::new("cl_1"),
        algorithms: &[],
        client_secret: None,
    };
    LogoutToken::check(token, keys, &expect, Timestamp::from_secs(NOW))
}

fn read(key: &SigningKey, typ: &'static str, claims: &Value) -> Result<LogoutToken, LogoutFault> {
    let token = key.sign(typ, claims).expect("signs");
    check_with(&KeySet::of([key.jwk()]), &token)
}

#[test]
fn a_good_one_says_who_and_which_and_reads_as_it_was_written() {
    let key = key();
    let token = read(&key, TYP, &claims()).expect("good");
    assert_eq!(serde_json::to_value(&token).expect("claims"), claims());
    assert_eq!(token.forgotten_at(), Timestamp::from_secs(NOW + 120 + 300));
    for good in [
        without(&["sid"]),
        without(&["sub"]),
        with("aud", json!(["x", "cl_1"])),
        with("exp", json!(NOW - 299)),
        with("iat", json!(NOW + 300)),
        with(
            "events",
            json!({ EVENT: { "more": 1 }, "https://x.example": {} }),
        ),
    ] {
        read(&key, TYP, &good).expect("good");
    }
    read(&key, "JWT", &claims()).expect("typ is only advised");
    assert_eq!(
        LogoutToken::kid(&key.sign(TYP, &claims()).expect("signs")).as_deref(),
        Some(key.kid())
    );
}

#[test]
fn what_section_2_6_forbids_is_refused() {
    let key = key();
    for (claims, fault) in [
        (
            with("iss", json!("https://evil.example")),
            LogoutFault::Issuer,
        ),
        (with("aud", json!("cl_2")), LogoutFault::Audience),
        (with("aud", json!([])), LogoutFault::Audience),
        (with("exp", json!(NOW - 300)), LogoutFault::Expired),
        (with("iat", json!(NOW + 301)), LogoutFault::NotYet),
        (with("exp", json!(NOW + 86_401)), LogoutFault::TooLong),
        (with("exp", json!(u64::MAX)), LogoutFault::TooLong),
        (with("nonce", json!("n")), LogoutFault::Typ),
        (with("nonce", Value::Null), LogoutFault::Typ),
        (without(&["sub", "sid"]), LogoutFault::Nobody),
        (with("sub", json!("")), LogoutFault::Claims),
        (with("sid", json!(7)), LogoutFault::Claims),
        (with("jti", json!("")), LogoutFault::Claims),
        (without(&["jti"]), LogoutFault::Claims),
        (without(&["exp"]), LogoutFault::Claims),
        (without(&["iat"]), LogoutFault::Claims),
        (without(&["aud"]), LogoutFault::Claims),
        (without(&["events"]), LogoutFault::Claims),
        (with("events", json!({})), LogoutFault::Claims),
        (with("events", json!([EVENT])), LogoutFault::Claims),
        (with("events", json!({ EVENT: true })), LogoutFault::Claims),
        (json!("text"), LogoutFault::Claims),
    ] {
        assert_eq!(read(&key, TYP, &claims), Err(fault), "{claims}");
    }
    for typ in ["at+jwt", "dpop+jwt", "logout"] {
        assert_eq!(read(&key, typ, &claims()), Err(LogoutFault::Typ), "{typ}");
    }
}

#[test]
fn a_forged_one_is_refused() {
    let key = key();
    let keys = KeySet::of([key.jwk()]);
    let token = key.sign(TYP, &claims()).expect("signs");
    let stranger = self::key().sign(TYP, &claims()).expect("signs");
    assert_eq!(check_with(&keys, &stranger), Err(LogoutFault::UnknownKey));
    let impostor = self::key()
        .with_kid(key.kid())
        .sign(TYP, &claims())
        .expect("signs");
    assert_eq!(
        check_with(&keys, &impostor),
        Err(LogoutFault::Jws(JwsFault::Signature))
    );
    let (_, signature) = token.rsplit_once('.').expect("three parts");
    // {"alg":"none"}
    let unsigned = format!(
        "eyJhbGciOiJub25lIn0.{}.",
        token.split('.').nth(1).expect("claims")
    );
    for forged in [
        unsigned.as_str(),
        &token[..token.len() - 2],
        signature,
        "",
        "..",
    ] {
        assert!(check_with(&keys, forged).is_err(), "{forged}");
    }
}

#[test]
fn printing_tells_of_nobody() {
    let token = read(&key(), TYP, &claims()).expect("good");
    assert!(!format!("{token:?}").contains("us_1"));
}
