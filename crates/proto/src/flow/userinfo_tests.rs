use proptest::prelude::*;
use serde_json::{Value, json};

use super::{SignedUserInfo, UserInfoFlow, UserInfoSetup};
use crate::dpop::Dpop;
use crate::flow::testing::{
    Counting, NOW, Next, Talk, done, failed, header, refused, response, sent,
};
use crate::flow::{FlowError, Input, Response};
use crate::jose::{KeySet, SigningKey};
use crate::{ClientId, Cx, Secret};

fn setup() -> UserInfoSetup {
    UserInfoSetup {
        endpoint: "https://as.example/userinfo?x=1".to_owned(),
        access_token: Secret::new("at-1"),
        dpop: None,
        sub: Some("s-1".to_owned()),
        signed: None,
    }
}

fn begun(setup: UserInfoSetup) -> Talk<UserInfoFlow> {
    let mut talk = Talk::new(UserInfoFlow::new(setup));
    talk.start();
    talk
}

fn key(seed: u8) -> SigningKey {
    SigningKey::generate("ES256", &mut Cx::new(NOW, &mut Counting(seed))).expect("a key")
}

fn signed_by(key: &SigningKey) -> UserInfoSetup {
    UserInfoSetup {
        signed: Some(SignedUserInfo {
            issuer: "https://as.example".to_owned(),
            client_id: ClientId::new("app"),
            keys: KeySet::of([key.jwk()]),
            algorithms: Vec::new(),
            client_secret: None,
        }),
        ..setup()
    }
}

fn claims() -> Value {
    json!({ "iss": "https://as.example", "aud": "app", "sub": "s-1", "email": "x@y.example" })
}

fn jwt(token: &str) -> Response {
    response(
        200,
        &[("content-type", "application/JWT; charset=utf-8")],
        token,
    )
}

fn bad(next: Next<UserInfoFlow>) -> String {
    match failed(next) {
        FlowError::BadAnswer(text) => text,
        other => panic!("expected a bad answer, got {other:?}"),
    }
}

#[test]
fn claims_are_read() {
    let mut talk = Talk::new(UserInfoFlow::new(setup()));
    let request = talk.start();
    assert_eq!(request.method(), "GET");
    assert_eq!(request.uri(), "https://as.example/userinfo?x=1");
    assert_eq!(header(&request, "authorization"), "Bearer at-1");
    assert!(!request.headers().contains_key("dpop"));
    assert!(!format!("{:?} {:?}", request.headers(), talk.flow).contains("at-1"));
    let info = done(talk.answer(200, &json!({ "sub": "s-1", "name": "n" })));
    assert_eq!(info.sub(), Some("s-1"));
    assert_eq!(info.claim("name"), Some(&json!("n")));
}

#[test]
fn claims_about_somebody_else_are_not_believed() {
    for body in [
        json!({ "sub": "s-2" }),
        json!({ "sub": "S-1" }),
        json!({ "name": "n" }),
    ] {
        assert!(
            bad(begun(setup()).answer(200, &body)).contains("sub differs"),
            "{body}"
        );
    }
    let anybody = || {
        begun(UserInfoSetup {
            sub: None,
            ..setup()
        })
    };
    assert_eq!(
        done(anybody().answer(200, &json!({ "sub": "s-2" }))).sub(),
        Some("s-2")
    );
    assert_eq!(
        done(anybody().answer(200, &json!({ "login": "octocat" }))).sub(),
        None
    );
}

#[test]
fn each_refusal_is_understood() {
    let challenged = |status, challenge| {
        let headers = [("www-authenticate", challenge)];
        refused(begun(setup()).hear(response(status, &headers, "")))
    };
    let expired = r#"Bearer realm="x", error="invalid_token", error_description="expired""#;
    assert_eq!(challenged(401, expired), "invalid_token");
    assert_eq!(
        challenged(403, r#"Bearer error="insufficient_scope", scope="openid""#),
        "insufficient_scope"
    );
    assert_eq!(challenged(401, "Bearer"), "invalid_token");
    assert_eq!(
        refused(begun(setup()).hear(response(401, &[], "nope"))),
        "invalid_token"
    );
    let next = begun(setup()).answer(200, &json!({ "ok": false, "error": "invalid_auth" }));
    assert_eq!(refused(next), "invalid_auth");
    assert!(failed(begun(setup()).hear(response(503, &[], ""))).is_temporary());
    assert!(failed(begun(setup()).lose()).is_temporary());
    for (status, body) in [
        (200, ""),
        (200, "<html>"),
        (200, "[]"),
        (204, ""),
        (302, ""),
        (403, ""),
    ] {
        bad(begun(setup()).hear(response(status, &[], body)));
    }
    assert!(matches!(
        failed(begun(setup()).feed(Input::Shown)),
        FlowError::OutOfTurn
    ));
    for (endpoint, token) in [("userinfo", "at"), ("https://as.example", "a\nt")] {
        let setup = UserInfoSetup {
            endpoint: endpoint.to_owned(),
            access_token: Secret::new(token),
            ..setup()
        };
        let error = failed(Talk::new(UserInfoFlow::new(setup)).feed(Input::Start));
        assert!(matches!(error, FlowError::Setup(_)), "{error:?}");
    }
}

#[test]
fn a_bound_token_is_shown_with_its_proof() {
    let dpop = Dpop::generate(&mut Cx::new(NOW, &mut Counting(7))).expect("a key");
    let bound = || UserInfoSetup {
        dpop: Some(dpop.clone()),
        ..setup()
    };
    let mut talk = Talk::new(UserInfoFlow::new(bound()));
    let request = talk.start();
    assert_eq!(header(&request, "authorization"), "DPoP at-1");
    let first = header(&request, "dpop").to_owned();
    let wants_nonce = |nonce| {
        let headers = [
            ("www-authenticate", r#"DPoP error="use_dpop_nonce""#),
            ("dpop-nonce", nonce),
        ];
        response(401, &headers, "")
    };
    let again = sent(talk.hear(wants_nonce("n-1")));
    assert!(header(&again, "dpop").len() > first.len());
    assert_eq!(
        refused(talk.hear(wants_nonce("n-2"))),
        "use_dpop_nonce",
        "asked once more, not for ever"
    );
    let mut talk = begun(bound());
    assert_eq!(
        refused(talk.hear(wants_nonce("n-2"))),
        "use_dpop_nonce",
        "that nonce was in the proof"
    );
}

#[test]
fn a_signed_answer_is_checked() {
    let key = key(1);
    let sign = |claims: &Value| key.sign("JWT", claims).expect("signs");
    let info = done(begun(signed_by(&key)).hear(jwt(&sign(&claims()))));
    assert_eq!(info.claim("email"), Some(&json!("x@y.example")));
    let now = NOW.as_secs();
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        claims
    };
    for (name, value) in [
        ("aud", json!(["other", "app"])),
        ("exp", json!(now - 299)),
        ("exp", json!(now as f64 + 0.5)),
        ("nbf", json!(now + 300)),
    ] {
        let token = sign(&with(name, value.clone()));
        assert_eq!(
            done(begun(signed_by(&key)).hear(jwt(&token))).sub(),
            Some("s-1"),
            "{name} {value}"
        );
    }
    for (name, value, fault) in [
        ("iss", json!("https://as.example/"), "another issuer"),
        ("iss", Value::Null, "another issuer"),
        ("aud", json!("other"), "another client"),
        ("aud", json!([]), "another client"),
        ("aud", json!(["app", 7]), "another client"),
        ("aud", Value::Null, "another client"),
        ("exp", json!(now - 300), "expired"),
        ("exp", json!("soon"), "a time in the token is none"),
        ("nbf", json!(now + 301), "not valid yet"),
        ("sub", json!("s-2"), "sub differs"),
        ("sub", json!(7), "sub is not a text"),
    ] {
        let token = sign(&with(name, value.clone()));
        let text = bad(begun(signed_by(&key)).hear(jwt(&token)));
        assert!(text.contains(fault), "{name} {value}: {text}");
    }
}

#[test]
fn a_signature_that_is_not_the_issuers_is_not_believed() {
    let (own, other) = (key(1), key(100));
    let sign = |key: &SigningKey, typ| key.sign(typ, &claims()).expect("signs");
    let check = |token: &str| bad(begun(signed_by(&own)).hear(jwt(token)));
    check(&sign(&other, "JWT"));
    assert!(check(&sign(&own, "at+jwt")).contains("another kind"));
    check("");
    check("a.b.c");
    assert!(check("a.b.c.d.e").contains("encrypted"));
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzLTEifQ.";
    assert!(check(none).contains("algorithm"));
    let good = sign(&own, "JWT");
    assert!(bad(begun(setup()).hear(jwt(&good))).contains("name the issuer"));
    let mut only_rs256 = signed_by(&own);
    if let Some(signed) = &mut only_rs256.signed {
        signed.algorithms = vec!["RS256".to_owned()];
    }
    assert!(bad(begun(only_rs256).hear(jwt(&good))).contains("algorithm"));
    // A JWT that calls itself JSON is neither.
    bad(begun(signed_by(&own)).hear(response(
        200,
        &[("content-type", "application/json")],
        &good,
    )));
}

proptest! {
    #[test]
    fn any_answer_is_survived(
        status in 100u16..600, body in prop::collection::vec(any::<u8>(), 0..200), is_jwt in any::<bool>(),
        challenge in "[ -~]{0,60}",
    ) {
        let media_type = if is_jwt { "application/jwt" } else { "application/json" };
        let mut answer = response(status, &[("content-type", media_type), ("www-authenticate", &challenge)], "");
        *answer.body_mut() = body;
        let _ = begun(signed_by(&key(1))).hear(answer);
    }
}
