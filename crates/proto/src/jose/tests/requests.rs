use serde_json::{Value, json};

use super::{NOW, key, with_cx};
use crate::Params;
use crate::jose::request_object::{RequestObjectError, TYP, sign};
use crate::jose::{KeySet, VerifiedJws};

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
