use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ClientInformation, ClientMetadata};
use crate::{ClientId, Secret, Timestamp};

fn parse(value: &Value) -> Result<ClientInformation, &'static str> {
    ClientInformation::parse(value.to_string().as_bytes())
}

/// RFC 7591 §3.2.1, with what RFC 7592 §3 adds.
fn answer() -> Value {
    json!({
        "client_id": "s6BhdRkqt3",
        "client_secret": "cf136dc3c1fc93f31185e5885805d",
        "client_id_issued_at": 2893256800_u64,
        "client_secret_expires_at": 2893276800_u64,
        "registration_access_token": "reg-23410913-abewfq.123483",
        "registration_client_uri": "https://server.example.com/register/s6BhdRkqt3",
        "redirect_uris": ["https://client.example.org/callback", "https://client.example.org/callback2"],
        "grant_types": ["authorization_code", "refresh_token"],
        "client_name": "My Example Client",
        "client_name#ja-Jpan-JP": "\u{30AF}\u{30E9}\u{30A4}\u{30A2}\u{30F3}\u{30C8}\u{540D}",
        "token_endpoint_auth_method": "client_secret_basic",
        "logo_uri": "https://client.example.org/logo.png",
        "jwks_uri": "https://client.example.org/my_public_keys.jwks",
        "example_extension_parameter": "example_value",
    })
}

#[test]
fn the_example_of_the_standard() {
    let client = parse(&answer()).expect("RFC 7591 §3.2.1");
    assert_eq!(client.client_id.as_str(), "s6BhdRkqt3");
    assert_eq!(client.metadata.redirect_uris.len(), 2);
    assert_eq!(client.metadata.extra.len(), 2);
    assert_eq!(client.expose_json(), answer());
    assert!(!client.secret_has_expired(Timestamp::from_secs(2_893_276_799)));
    assert!(client.secret_has_expired(Timestamp::from_secs(2_893_276_800)));
}

#[test]
fn an_update_says_nothing_that_only_the_server_may_say() {
    let client = parse(&answer()).expect("a client");
    let metadata = ClientMetadata {
        client_name: Some("New".to_owned()),
        ..ClientMetadata::default()
    };
    assert_eq!(
        client.to_update(metadata),
        json!({
            "client_id": "s6BhdRkqt3", "client_secret": "cf136dc3c1fc93f31185e5885805d", "client_name": "New",
        })
    );
}

#[test]
fn a_member_of_the_wrong_type_does_not_cost_the_client() {
    let client = parse(&json!({
        "client_id": "c", "client_secret": "", "client_secret_expires_at": "0", "client_id_issued_at": 1.9,
        "registration_client_uri": 7, "redirect_uris": null, "contacts": "one", "grant_types": ["refresh_token", 7],
        "default_max_age": "soon", "scope": "a\"b", "logo_uri": null, "client_name": "kept", "odd": {"kept": [1]},
        "dpop_bound_access_tokens": null, "require_auth_time": "yes", "tos_uri": ["x"],
    }))
    .expect("a client");
    assert_eq!(client.client_secret, None);
    assert_eq!(client.client_secret_expires_at, Some(0));
    assert!(!client.secret_has_expired(Timestamp::from_secs(1)));
    assert_eq!(client.client_id_issued_at, Some(1));
    assert_eq!(client.registration_client_uri, None);
    let expected = ClientMetadata {
        client_name: Some("kept".to_owned()),
        extra: [("odd".to_owned(), json!({"kept": [1]}))]
            .into_iter()
            .collect(),
        ..ClientMetadata::default()
    };
    assert_eq!(client.metadata, expected);
}

#[test]
fn a_request_with_a_member_of_the_wrong_type_is_none() {
    for body in [
        r#"{"redirect_uris":"https://a.example"}"#,
        r#"{"scope":["a"]}"#,
        r#"{"default_max_age":-1}"#,
        r#"{"require_auth_time":"yes"}"#,
        "[]",
    ] {
        assert!(
            serde_json::from_str::<ClientMetadata>(body).is_err(),
            "{body}"
        );
    }
    let empty: ClientMetadata = serde_json::from_str(r#"{"contacts":null}"#).expect("null");
    assert_eq!(empty, ClientMetadata::default());
}

#[test]
fn what_is_no_registration_is_refused() {
    let long = json!({ "client_id": "c", "client_name": "n".repeat(300_000) }).to_string();
    let deep = format!(
        r#"{{"client_id":"c","jwks":{}{}}}"#,
        "[".repeat(500),
        "]".repeat(500)
    );
    for body in [
        "",
        "[]",
        "{}",
        "null",
        r#"{"client_id":""}"#,
        r#"{"client_id":7}"#,
        "{\"client_id\":\"a\\u0000b\"}",
        &json!({ "client_id": "c".repeat(3000) }).to_string(),
        &long,
        &deep,
    ] {
        assert!(ClientInformation::parse(body.as_bytes()).is_err());
    }
}

#[test]
fn secrets_do_not_print() {
    let shown = format!("{:?}", parse(&answer()).expect("a client"));
    assert!(!shown.contains("cf136dc3") && !shown.contains("reg-23410913"));
}

prop_compose! {
    fn metadata()(
        redirect_uris in prop::collection::vec("[!-~]{1,30}", 0..3), scope in prop::option::of("[a-z]{1,5}"),
        name in prop::option::of("\\PC{0,20}"), dpop in any::<bool>(), default_max_age in prop::option::of(any::<u64>()),
        extra in prop::collection::btree_map("x-[a-z]{1,6}", "\\PC{0,9}", 0..3),
    ) -> ClientMetadata {
        ClientMetadata {
            redirect_uris,
            scope: scope.map(|scope| scope.parse().expect("a scope")),
            client_name: name,
            dpop_bound_access_tokens: dpop,
            default_max_age,
            extra: extra.into_iter().map(|(name, value)| (name, value.into())).collect(),
            ..ClientMetadata::default()
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        id in "[ -~]{1,30}", secret in prop::option::of("[!-~]{1,30}"), token in prop::option::of("[!-~]{1,30}"),
        issued in prop::option::of(any::<u64>()), expires in prop::option::of(any::<u64>()),
        uri in prop::option::of("[!-~]{1,30}"), metadata in metadata(),
    ) {
        let client = ClientInformation {
            client_id: ClientId::new(id),
            client_secret: secret.map(Secret::new),
            client_id_issued_at: issued,
            client_secret_expires_at: expires,
            registration_access_token: token.map(Secret::new),
            registration_client_uri: uri,
            metadata,
        };
        prop_assert_eq!(parse(&client.expose_json()), Ok(client));
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ClientInformation::parse(&bytes);
    }
}
