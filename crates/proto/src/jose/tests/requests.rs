use serde_json::{Value, json};

use super::{NOW, key, with_cx};
use crate::jose::request_object::{
    Expect, RequestObjectError, RequestObjectFault as Fault, TYP, check, sign,
};
use crate::jose::{JwsFault, KeySet, VerifiedJws};
use crate::{Params, Timestamp};

fn signed(params: &Params) -> Result<Value, RequestObjectError> {
    let key = key();
    let token = with_cx(|cx| sign(params, &key, "cl_1", "https://as.example", cx))?;
    let keys = KeySet::of([key.jwk()]);
    let jws = VerifiedJws::check(&token, &keys).expect("our own");
    assert_eq!(jws.typ.as_deref(), Some(TYP));
    Ok(serde_json::from_slice(&jws.payload).expect("JSON"))
}

#[test]
fn every_parameter_becomes_a_claim() {
    let mut params = Params::new();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "cl_1"),
        ("scope", "openid read"),
        ("state", "true"),
        ("max_age", "60"),
        ("claims", r#"{"userinfo":{"email":null}}"#),
        ("authorization_details", r#"[{"type":"a"},{"type":"b"}]"#),
        ("resource", "https://a.example"),
        ("resource", "https://b.example"),
        ("resource", "https://c.example"),
    ] {
        params.push(name, value);
    }
    let mut claims = signed(&params).expect("signs");
    let jti = claims["jti"].take();
    assert_eq!(jti.as_str().map(str::len), Some(22));
    assert_eq!(
        claims,
        json!({
            "response_type": "code", "client_id": "cl_1", "scope": "openid read", "state": "true", "max_age": 60,
            "claims": { "userinfo": { "email": null } },
            "authorization_details": [{ "type": "a" }, { "type": "b" }],
            "resource": ["https://a.example", "https://b.example", "https://c.example"],
            "iss": "cl_1", "aud": "https://as.example", "iat": NOW, "nbf": NOW, "exp": NOW + 300, "jti": null,
        })
    );
}

#[test]
fn nothing_goes_in_that_has_no_business_there() {
    let mut params = Params::new();
    for name in [
        "request",
        "request_uri",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "iss",
        "aud",
        "exp",
        "client_id",
    ] {
        params.push(name, "x");
    }
    params.push("scope", "read");
    let claims = signed(&params).expect("signs");
    assert!(!claims.to_string().contains(r#""x""#), "{claims}");
    assert_eq!(claims["scope"], "read");
    assert!(claims.get("sub").is_none(), "RFC 9101 §10.8");
}

#[test]
fn what_must_be_json_is() {
    for name in ["claims", "authorization_details", "max_age"] {
        let mut params = Params::new();
        params.push(name, "{");
        let json = RequestObjectError::Json(name.to_owned());
        assert_eq!(signed(&params), Err(json));
    }
}

const EXPECT: Expect<'static> = Expect {
    client_id: "cl_1",
    issuer: "https://as.example",
    algorithms: &[],
    dated: true,
};

fn claims() -> Value {
    json!({
        "iss": "cl_1", "aud": "https://as.example", "client_id": "cl_1", "iat": NOW, "nbf": NOW, "exp": NOW + 300,
        "scope": "read",
    })
}

fn checked(typ: &'static str, claims: &Value, expect: &Expect<'_>) -> Result<Params, Fault> {
    let key = key();
    let token = key.sign(typ, claims).expect("signs");
    let keys = KeySet::of([key.jwk()]);
    check(&token, &keys, expect, Timestamp::from_secs(NOW))
}

#[test]
fn what_the_client_signs_the_server_reads() {
    let mut params = Params::new();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "cl_1"),
        ("state", "a b\u{e4}"),
        ("max_age", "60"),
        ("claims", r#"{"userinfo":{"email":null}}"#),
        ("authorization_details", r#"[{"type":"a"}]"#),
        ("resource", "https://a.example"),
        ("resource", "https://b.example"),
    ] {
        params.push(name, value);
    }
    let key = key();
    let token = with_cx(|cx| sign(&params, &key, "cl_1", "https://as.example", cx));
    let keys = KeySet::of([key.jwk()]);
    let now = Timestamp::from_secs(NOW + 10);
    let read = check(&token.expect("signed"), &keys, &EXPECT, now).expect("good");
    let sorted = |params: &Params| {
        let mut all: Vec<(String, String)> = params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        all.sort_unstable();
        all
    };
    assert_eq!(sorted(&read), sorted(&params));
}

#[test]
fn each_fault_of_a_request_object_has_its_name() {
    for (name, value, fault) in [
        ("iss", json!("cl_2"), Fault::Issuer),
        ("iss", json!(null), Fault::Claims),
        ("client_id", json!("cl_2"), Fault::Issuer),
        ("client_id", json!(null), Fault::Claims),
        ("aud", json!("https://as.example/"), Fault::Audience),
        ("aud", json!(null), Fault::Claims),
        ("exp", json!(null), Fault::Claims),
        ("exp", json!("1900000000"), Fault::Claims),
        ("exp", json!(NOW - 30), Fault::Expired),
        ("exp", json!(NOW + 3631), Fault::Lifetime),
        ("nbf", json!(null), Fault::Claims),
        ("nbf", json!(NOW + 31), Fault::NotYet),
        ("nbf", json!(NOW - 3631), Fault::Lifetime),
        ("iat", json!(NOW + 31), Fault::NotYet),
        ("iat", json!(true), Fault::Claims),
        ("sub", json!("cl_1"), Fault::Typ),
        ("request", json!("x"), Fault::Inside),
        ("request_uri", json!("x"), Fault::Inside),
        ("client_secret", json!("x"), Fault::Inside),
        ("scope", json!(["read"]), Fault::Parameter),
        ("state", json!({}), Fault::Parameter),
        ("resource", json!([{}]), Fault::Parameter),
        ("resource", json!(vec!["x"; 65]), Fault::Parameter),
    ] {
        let mut claims = claims();
        claims[name] = value.clone();
        assert_eq!(checked(TYP, &claims, &EXPECT), Err(fault), "{name} {value}");
    }
    assert_eq!(checked("at+jwt", &claims(), &EXPECT), Err(Fault::Typ));
    let algorithms = ["PS256".to_owned()];
    let other = Expect {
        algorithms: &algorithms,
        ..EXPECT
    };
    let fault = Fault::Jws(JwsFault::Algorithm);
    assert_eq!(checked(TYP, &claims(), &other), Err(fault));
}

#[test]
fn dates_have_some_room() {
    for (name, value) in [
        ("exp", NOW - 29),
        ("exp", NOW + 3630),
        ("nbf", NOW + 30),
        ("nbf", NOW - 3630),
        ("iat", NOW + 30),
    ] {
        let mut claims = claims();
        claims[name] = value.into();
        checked(TYP, &claims, &EXPECT).unwrap_or_else(|fault| panic!("{name} {value}: {fault}"));
    }
    let mut undated = claims();
    undated["nbf"] = Value::Null;
    let lenient = Expect {
        dated: false,
        ..EXPECT
    };
    checked("JWT", &undated, &lenient).expect("OpenID Connect asks for none");
}
