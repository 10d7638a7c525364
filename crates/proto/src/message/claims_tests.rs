use proptest::prelude::*;
use serde_json::json;

use super::{Claim, ClaimsRequest, read_claim};

/// The example of OpenID Connect Core §5.5.
const EXAMPLE: &str = r#"{
    "userinfo": {
        "given_name": {"essential": true}, "nickname": null, "email": {"essential": true},
        "http://example.info/claims/groups": null
    },
    "id_token": {
        "auth_time": {"essential": true}, "acr": {"values": ["urn:mace:incommon:iap:silver"]}
    }
}"#;

#[test]
fn the_standards_example_is_read() {
    let request = ClaimsRequest::parse(EXAMPLE).expect("it is the standard's");
    assert_eq!(request.userinfo.len(), 4);
    assert!(request.userinfo["given_name"].essential);
    assert_eq!(request.userinfo["nickname"], Claim::default());
    assert!(request.id_token["acr"].admits(&json!("urn:mace:incommon:iap:silver")));
    assert!(!request.id_token["acr"].admits(&json!("bronze")));
    assert_eq!(ClaimsRequest::from_value(&request.to_value()), Ok(request));
}

#[test]
fn what_is_no_claims_parameter_is_refused() {
    let many = (0..65).map(|n| (format!("c{n}"), json!(null)));
    let many = json!({ "userinfo": many.collect::<serde_json::Map<_, _>>() }).to_string();
    let values = json!({ "id_token": { "acr": { "values": vec!["v"; 33] } } }).to_string();
    let long = format!(r#"{{"userinfo":{{"{}":null}}}}"#, "n".repeat(129));
    let huge = format!(r#"{{"x":"{}"}}"#, "x".repeat(8 * 1024));
    let deep = format!("{}{}", "[".repeat(4000), "]".repeat(4000));
    for text in [
        "",
        "x",
        "7",
        "null",
        "[]",
        "[{},{}]",
        "{",
        r#"{"userinfo":[]}"#,
        r#"{"userinfo":"email"}"#,
        r#"{"userinfo":{"email":true}}"#,
        r#"{"userinfo":{"email":{"essential":"yes"}}}"#,
        r#"{"id_token":{"acr":{"values":"x"}}}"#,
        &many,
        &values,
        &long,
        &huge,
        &deep,
    ] {
        assert!(ClaimsRequest::parse(text).is_err(), "{text:.80}");
    }
    for empty in [
        "{}",
        r#"{"userinfo":null}"#,
        r#"{"verified_claims":{"x":[1]}}"#,
    ] {
        let request = ClaimsRequest::parse(empty).expect("nothing that is known here");
        assert!(request.is_empty());
    }
}

#[test]
fn a_claim_is_of_its_type() {
    for (name, text, value) in [
        ("birthdate", "1990", json!("1990")),
        ("phone_number", "+1 555", json!("+1 555")),
        ("name#de", "7", json!("7")),
        ("email_verified", "true", json!(true)),
        ("updated_at", "1700000000", json!(1_700_000_000)),
        ("address", r#"{"country":"DE"}"#, json!({ "country": "DE" })),
        ("groups", r#"["a"]"#, json!(["a"])),
        ("team", "blue", json!("blue")),
    ] {
        assert_eq!(read_claim(name, text), Ok(value), "{name}");
    }
    for (name, text) in [
        ("email_verified", "yes"),
        ("updated_at", "today"),
        ("updated_at", "-1"),
        ("address", "DE"),
        ("sub", "x"),
        ("aud", "x"),
        ("acr", "x"),
        ("", "x"),
        ("a\nb", "x"),
    ] {
        assert!(read_claim(name, text).is_err(), "{name}");
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        names in prop::collection::btree_map("[a-z#:/]{1,12}", (any::<bool>(), prop::option::of("\\PC{0,9}")), 0..6),
    ) {
        let wanted = names.into_iter().map(|(name, (essential, value))| {
            (name, Claim { essential, value: value.map(Into::into), values: Vec::new() })
        });
        let wanted: super::Wanted = wanted.collect();
        let request = ClaimsRequest { userinfo: wanted.clone(), id_token: wanted };
        let text = request.to_value().to_string();
        prop_assert_eq!(ClaimsRequest::parse(&text), Ok(request));
    }

    #[test]
    fn any_text_is_survived(text in "\\PC{0,80}") {
        let _ = ClaimsRequest::parse(&text);
    }
}
