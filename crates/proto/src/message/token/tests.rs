use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::TokenResponse;
use crate::message::quirks::Quirks;
use crate::{Secret, Timestamp};

fn read(body: &str) -> TokenResponse {
    TokenResponse::parse(body.as_bytes()).expect(body)
}

#[test]
fn sloppy_answers_are_understood() {
    for (body, expires_in) in [
        (r#"{"access_token":"a","expires_in":"3600"}"#, Some(3600)),
        (r#"{"access_token":"a","expires_in":3600.9}"#, Some(3600)),
        (r#"{"access_token":"a","expires_in":" 3.6e3 "}"#, Some(3600)),
        (r#"{"access_token":"a","expires_in":0}"#, Some(0)),
        (r#"{"access_token":"a","expires_in":null}"#, None),
        (r#"{"access_token":"a","expires_in":-5}"#, None),
        (r#"{"access_token":"a","expires_in":"soon"}"#, None),
        (r#"{"access_token":"a","expires_in":[3600]}"#, None),
        (r#"{"access_token":"a","expires":5183999}"#, Some(5_183_999)),
        (r#"{"access_token":"a","expires":"60"}"#, Some(60)),
        (r#"{"access_token":"a","expires":0}"#, None),
        (r#"{"access_token":"a","expires_at":60}"#, Some(60)),
        (
            r#"{"access_token":"a","expires_at":18446744073709551615}"#,
            None,
        ),
        (
            r#"{"access_token":"a","expires_in":7,"expires":60}"#,
            Some(7),
        ),
        ("access_token=a&expires=5183999", Some(5_183_999)),
        ("access_token=a&expires_in=&scope=", None),
    ] {
        let token = read(body);
        assert_eq!(token.expires_in, expires_in, "{body}");
        assert_eq!(token.token_type, "Bearer");
        assert_eq!((token.scope, token.until), (None, None), "{body}");
    }
}

#[test]
fn a_moment_is_told_from_a_lifetime() {
    let moment = Timestamp::from_secs(1_800_000_000);
    for body in [
        r#"{"access_token":"a","expires_at":1800000000}"#,
        r#"{"access_token":"a","expires_at":"1800000000"}"#,
        r#"{"access_token":"a","expires_at":1800000000.25}"#,
        r#"{"access_token":"a","expires_at":1800000000123}"#,
        r#"{"access_token":"a","expires":1800000000}"#,
        r#"{"access_token":"a","expires":"1800000000","expires_at":"Friday"}"#,
        "access_token=a&expires=1800000000",
    ] {
        let token = read(body);
        assert_eq!(token.expires_in, None, "{body}");
        assert_eq!(token.until, Some(moment), "{body}");
        assert_eq!(
            token.expires_at(Timestamp::from_secs(5)),
            Some(moment),
            "{body}"
        );
    }
}

#[test]
fn the_lifetime_counts_from_the_request_and_before_the_moment() {
    let token = read(r#"{"access_token":"a","expires_in":60,"expires_at":1800000000}"#);
    let asked_at = Timestamp::from_secs(1_900_000_000);
    assert_eq!(
        token.expires_at(asked_at),
        Some(Timestamp::from_secs(1_900_000_060))
    );
    assert_eq!(read(r#"{"access_token":"a"}"#).expires_at(asked_at), None);
    let endless = read(r#"{"access_token":"a","expires_in":18446744073709551615}"#);
    assert!(endless.expires_at(asked_at) > Some(asked_at));
}

#[test]
fn scopes_are_read_however_they_are_written() {
    for scope in [
        r#""x y""#,
        r#""x,y""#,
        r#""x, y""#,
        r#"["x","y"]"#,
        r#"["x y"]"#,
        r#"" y  x ""#,
    ] {
        let token = read(&format!(r#"{{"access_token":"a","scope":{scope}}}"#));
        assert_eq!(
            token.scope,
            Some("x y".parse().expect("a scope")),
            "{scope}"
        );
    }
    let token = read(r#"{"access_token":"a","scopes":"x y"}"#);
    assert_eq!(token.scope, Some("x y".parse().expect("a scope")));
    assert!(token.extra.is_empty());
    for scope in [r#""""#, "[]", "[1]", "7", "null", r#""é""#, "{}"] {
        let token = read(&format!(r#"{{"access_token":"a","scope":{scope}}}"#));
        assert_eq!(token.scope, None, "{scope}");
    }
}

#[test]
fn the_type_is_kept_as_it_was_written() {
    for (body, kind) in [
        (r#"{"access_token":"a","token_type":"bearer"}"#, "bearer"),
        (r#"{"access_token":"a","token_type":"DPoP"}"#, "DPoP"),
        (r#"{"access_token":"a","token_type":""}"#, "Bearer"),
        (r#"{"access_token":"a","token_type":null}"#, "Bearer"),
    ] {
        assert_eq!(read(body).token_type, kind);
    }
}

#[test]
fn an_answer_without_a_token_is_refused() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"access_token":""}"#,
        r#"{"access_token":7}"#,
        r#"{"access_token":"a","access_token":"b"}"#,
        "access_token=",
        "token=a",
        "<html>access_token=a</html>",
    ] {
        assert!(TokenResponse::parse(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn other_members_are_kept_and_do_not_print() {
    let token = read(
        r#"{"access_token":"a","instance_url":"https://na1.example","team":{"id":"T1"},"nothing":null,"hidden":"hunter2"}"#,
    );
    assert_eq!(
        token.extra.get("instance_url"),
        Some(&"https://na1.example".into())
    );
    assert_eq!(token.extra.get("team"), Some(&json!({"id":"T1"})));
    assert_eq!(token.extra.len(), 3);
    let shown = format!("{token:?}");
    assert!(
        shown.contains("hidden") && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn other_members_are_bounded() {
    let many: Map<String, Value> = (0..500)
        .map(|n| (format!("m{n}"), n.into()))
        .chain([("access_token".to_owned(), "a".into())])
        .collect();
    assert_eq!(read(&Value::Object(many).to_string()).extra.len(), 64);
    let large = json!({"access_token":"a","big":"x".repeat(20_000),"small":1});
    let token = read(&large.to_string());
    assert_eq!(token.extra.keys().collect::<Vec<_>>(), ["small"]);
}

#[test]
fn what_openid_and_the_extensions_add_is_read() {
    let token = read(
        r#"{"access_token":"a","id_token":"h.p.s","refresh_token":"r","refresh_expires_in":"1800",
            "authorization_details":[{"type":"payment"}],"issued_token_type":"urn:ietf:params:oauth:token-type:access_token"}"#,
    );
    assert_eq!(token.id_token, Some(Secret::new("h.p.s")));
    assert_eq!(token.refresh_token_expires_in, Some(1800));
    assert_eq!(
        token.authorization_details,
        Some(json!([{"type":"payment"}]))
    );
    assert!(
        token
            .issued_token_type
            .as_deref()
            .is_some_and(|kind| kind.ends_with(":access_token"))
    );
    assert!(token.extra.is_empty());
    let token = read(
        r#"{"access_token":"a","refresh_expires_in":0,"authorization_details":"x","id_token":""}"#,
    );
    assert_eq!(token, TokenResponse::bearer(Secret::new("a")));
}

#[test]
fn a_token_is_found_where_the_quirk_says() {
    let quirks = Quirks {
        token_at: Some("/authed_user".to_owned()),
        token_type: Some("Bearer".to_owned()),
        ..Quirks::default()
    };
    let read = |body: &str| TokenResponse::parse_by(body.as_bytes(), &quirks).expect(body);
    let token = read(
        r#"{"ok":true,"access_token":"bot","token_type":"bot","scope":"commands","expires_in":9,"refresh_token":"botr",
            "authed_user":{"id":"U1","access_token":"user","token_type":"user","scope":"chat:write"},"team":{"id":"T1"}}"#,
    );
    assert_eq!(token.access_token, Secret::new("user"));
    assert_eq!(token.token_type, "Bearer");
    assert_eq!(token.scope, Some("chat:write".parse().expect("a scope")));
    assert_eq!((token.expires_in, token.refresh_token), (None, None));
    assert_eq!(
        Value::Object(token.extra),
        json!({"ok":true,"id":"U1","team":{"id":"T1"}})
    );
    for body in [
        r#"{"access_token":"user","token_type":"user","authed_user":{"id":"U1"}}"#,
        r#"{"access_token":"user","authed_user":null}"#,
        r#"{"access_token":"user","authed_user":"U1"}"#,
    ] {
        assert_eq!(read(body).access_token, Secret::new("user"), "{body}");
    }
    assert!(TokenResponse::parse_by(br#"{"authed_user":{"access_token":""}}"#, &quirks).is_err());
}

#[test]
fn a_named_member_is_not_written_twice() {
    let mut token = TokenResponse::bearer(Secret::new("a"));
    token.extra.insert("access_token".to_owned(), "b".into());
    token.extra.insert("team".to_owned(), "T1".into());
    assert_eq!(
        serde_json::to_string(&token.to_body()).expect("serialises"),
        r#"{"access_token":"a","token_type":"Bearer","team":"T1"}"#
    );
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        access in "[!-~]{1,60}", refresh in prop::option::of("[!-~]{1,60}"), id in prop::option::of("[!-~]{1,60}"),
        expires_in in prop::option::of(0u64..1_000_000_000), scope in prop::option::of("[a-z]{1,6}( [a-z]{1,6}){0,3}"),
        until in prop::option::of(1_000_000_000u64..10_000_000_000), refresh_ends in prop::option::of(1u64..1_000_000_000),
        issued in prop::option::of("[a-z:]{1,20}"), kind in prop::option::of("[a-z]{1,9}"),
        extra in prop::collection::btree_map("x_[a-z]{1,8}", ".{0,20}", 0..5),
    ) {
        let token = TokenResponse {
            token_type: "Bearer".to_owned(),
            expires_in,
            until: until.map(Timestamp::from_secs),
            refresh_token: refresh.map(Secret::new),
            refresh_token_expires_in: refresh_ends,
            scope: scope.map(|scope| scope.parse().expect("valid")),
            id_token: id.map(Secret::new),
            authorization_details: kind.map(|kind| json!([{"type": kind}])),
            issued_token_type: issued,
            extra: extra.into_iter().map(|(name, text)| (name, text.into())).collect(),
            ..TokenResponse::bearer(Secret::new(access))
        };
        prop_assert_eq!(TokenResponse::parse(token.to_json().to_string().as_bytes()), Ok(token));
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = TokenResponse::parse(&bytes);
    }

    #[test]
    fn no_value_prints(secret in "[A-Z]{12,20}", name in "[a-z_]{1,12}") {
        let whole = json!({"access_token": secret, name: secret, "authorization_details": [secret], "deep": {"in": [secret]}});
        if let Ok(token) = TokenResponse::parse(whole.to_string().as_bytes()) {
            // A type and a scope are no secrets.
            if token.token_type == "Bearer" && token.scope.is_none() && token.issued_token_type.is_none() {
                let shown = format!("{token:?}");
                prop_assert!(!shown.contains(&secret), "{}", shown);
            }
        }
    }
}
