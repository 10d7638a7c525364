use serde_json::{Value, json};

use super::{NOW, key};
use crate::jose::jarm::{self, JarmFault, check};
use crate::jose::{JwsFault, KeySet, SigningKey};
use crate::{Params, Timestamp};

fn claims() -> Value {
    json!({
        "iss": "https://as.example", "aud": "cl_1", "exp": NOW + 600, "iat": NOW,
        "code": "c0de", "state": "s", "expires_in": 60, "flag": true, "more": { "a": 1 }, "none": null,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn read(key: &SigningKey, typ: &'static str, claims: &Value) -> Result<Params, JarmFault> {
    let keys = KeySet::of([key.jwk()]);
    let token = key.sign(typ, claims).expect("signs");
    check(
        &token,
        &keys,
        "https://as.example",
        "cl_1",
        Timestamp::from_secs(NOW),
    )
}

#[test]
fn a_good_answer_gives_its_parameters() {
    let params = read(&key(), "JWT", &claims()).expect("good");
    let mut found: Vec<_> = params.iter().collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("code", "c0de"),
            ("expires_in", "60"),
            ("flag", "true"),
            ("iss", "https://as.example"),
            ("state", "s"),
        ]
    );
    let listed = with("aud", json!(["x", "cl_1"]));
    read(&key(), "application/jwt", &listed).expect("a list will do");
    read(&key(), "JWT", &with("exp", json!(NOW - 299))).expect("within the leeway");
}

#[test]
fn whatever_is_wrong_is_refused() {
    for (claims, fault) in [
        (with("iss", json!("https://as.example/")), JarmFault::Issuer),
        (with("iss", json!(null)), JarmFault::Claims),
        (with("aud", json!("cl_2")), JarmFault::Audience),
        (with("aud", json!([])), JarmFault::Audience),
        (with("aud", json!(null)), JarmFault::Claims),
        (with("exp", json!(NOW - 300)), JarmFault::Expired),
        (with("exp", json!(-1)), JarmFault::Claims),
        (with("exp", json!("soon")), JarmFault::Claims),
        (with("exp", json!(null)), JarmFault::Claims),
        (json!([]), JarmFault::Claims),
    ] {
        assert_eq!(read(&key(), "JWT", &claims), Err(fault), "{claims}");
    }
    for typ in ["at+jwt", "dpop+jwt", "logout+jwt", ""] {
        assert_eq!(read(&key(), typ, &claims()), Err(JarmFault::Typ), "{typ}");
    }
    let now = Timestamp::from_secs(NOW);
    let keys = KeySet::of([key().jwk()]);
    let unknown = key().sign("JWT", &claims()).expect("signs");
    let fault = check(&unknown, &keys, "https://as.example", "cl_1", now);
    assert_eq!(fault, Err(JarmFault::UnknownKey));
    let fault = check("a.b.c.d.e", &keys, "https://as.example", "cl_1", now);
    assert_eq!(fault, Err(JarmFault::Jws(JwsFault::Encrypted)));
    // {"alg":"none"}
    let fault = check(
        "eyJhbGciOiJub25lIn0.e30.",
        &keys,
        "https://as.example",
        "cl_1",
        now,
    );
    assert_eq!(fault, Err(JarmFault::Jws(JwsFault::Algorithm)));
}

#[test]
fn what_the_server_signs_the_client_reads() {
    let mut answer = Params::new();
    for (name, value) in [
        ("code", "c0de"),
        ("state", "60"),
        ("iss", "https://as.example"),
    ] {
        answer.push(name, value);
    }
    let now = Timestamp::from_secs(NOW);
    let claims = jarm::claims(&answer, "https://as.example", "cl_1", now);
    let claims = Value::Object(claims);
    assert_eq!(claims["aud"], "cl_1");
    assert_eq!(claims["exp"], NOW + 300);
    let read = read(&key(), jarm::TYP, &claims).expect("good");
    for (name, value) in answer.iter() {
        assert_eq!(read.get(name), Some(value));
    }
    assert_eq!(read.iter().count(), 3);
}
