use proptest::prelude::*;

use super::ErrorResponse;
use crate::OAuthError;
use crate::Secret;
use crate::message::known::KnownSecrets;
use crate::message::quirks::Quirks;

fn read(body: &str) -> Option<(String, Option<String>)> {
    let nothing = KnownSecrets::default();
    let error = ErrorResponse::parse_failure(body.as_bytes(), &Quirks::default(), &nothing)?;
    Some((error.error, error.description))
}

#[test]
fn errors_read_back() {
    let body = OAuthError::invalid_grant("code is spent")
        .to_json()
        .to_string();
    let error = ErrorResponse::parse(body.as_bytes()).expect("an error");
    assert_eq!(error.error, "invalid_grant");
    assert_eq!(error.description.as_deref(), Some("code is spent"));
}

#[test]
fn every_known_form_of_error_is_understood() {
    for (body, error, description) in [
        (r#"{"error":"e"}"#, "e", None),
        (r#"{"error":"e","error_description":"d"}"#, "e", Some("d")),
        (r#"{"error":"e","errorDescription":"d"}"#, "e", Some("d")),
        (r#"{"error":"e","message":"d"}"#, "e", Some("d")),
        (r#"{"error":"e","reason":"d"}"#, "e", Some("d")),
        (r#"{"ok":false,"error":"e"}"#, "e", None),
        (r#"{"access_token":"t","ok":false,"error":"e"}"#, "e", None),
        (
            r#"{"error":{"code":403,"message":"d","status":"PERMISSION_DENIED"}}"#,
            "PERMISSION_DENIED",
            Some("d"),
        ),
        (
            r#"{"error":{"message":"d","type":"OAuthException","code":190}}"#,
            "OAuthException",
            Some("d"),
        ),
        (r#"{"error":{"code":403,"message":"d d"}}"#, "d d", None),
        (
            r#"{"errors":[{"errorType":"invalid_grant","message":"d"}],"success":false}"#,
            "invalid_grant",
            Some("d"),
        ),
        (
            r#"{"message":"d","errors":[{"resource":"R","field":"f","code":"invalid"}]}"#,
            "invalid",
            Some("d (R f)"),
        ),
        (r#"{"errors":["d d"]}"#, "d d", None),
        (r#"{"error":true,"status":400,"message":"d"}"#, "d", None),
        (
            r#"{"status":"BAD_AUTH_CODE","message":"d"}"#,
            "BAD_AUTH_CODE",
            Some("d"),
        ),
        (
            r#"{"type":"about:blank","title":"t","status":401,"detail":"d"}"#,
            "d",
            None,
        ),
        (
            r#"{"errorCode":"E0000011","errorSummary":"d","errorCauses":[]}"#,
            "E0000011",
            Some("d"),
        ),
        (
            r#"{"message":"Unauthorized","error":401}"#,
            "Unauthorized",
            None,
        ),
        (r#"{"message":"Bad credentials"}"#, "Bad credentials", None),
        (r#"{"success":false}"#, "an error without a name", None),
        (
            "error=e&error_description=d+d&error_uri=https%3A%2F%2Fx",
            "e",
            Some("d d"),
        ),
    ] {
        let expected = (error.to_owned(), description.map(str::to_owned));
        assert_eq!(read(body), Some(expected), "{body}");
    }
}

#[test]
fn what_does_not_call_itself_an_error_is_none() {
    for body in [
        r#"{"device_code":"d","message":"To sign in, open the page"}"#,
        r#"{"access_token":"t","message":"welcome"}"#,
        r#"{"access_token":"t","error":null,"errors":[],"ok":true}"#,
        r#"{"access_token":"t","error":"","success":true,"status":"fine"}"#,
        r#"{"active":false}"#,
        "access_token=t",
        "not an error",
        "<html>error=x</html>",
        "",
    ] {
        assert_eq!(ErrorResponse::parse(body.as_bytes()), None, "{body}");
    }
}

#[test]
fn the_page_about_it_is_kept() {
    let read = |body: &str| ErrorResponse::parse(body.as_bytes()).expect("an error");
    let error = read(r#"{"error":"e","error_uri":"https://as.example/why"}"#);
    assert_eq!(error.error_uri.as_deref(), Some("https://as.example/why"));
    assert_eq!(
        error.explanation().as_deref(),
        Some("see https://as.example/why")
    );
    let error = read(r#"{"error":"e","error_uri":"javascript:alert(1)"}"#);
    assert_eq!(error.error_uri, None);
}

#[test]
fn nothing_is_echoed_that_looks_like_a_credential() {
    let body = r#"{"errors":[{"errorType":"invalid_grant","message":"Refresh token invalid: c643a63d072f0f05478e9d18b991db80"}],
        "access_token":"c643a63d072f0f05478e9d18b991db80","error_uri":"https://x/c643a63d072f0f05478e9d18b991db80"}"#;
    let error = ErrorResponse::parse(body.as_bytes()).expect("an error");
    assert!(!format!("{error:?}").contains("c643a63d"), "{error:?}");
    let long = format!(r#"{{"error":"{0}","message":"{0}"}}"#, "x ".repeat(9000));
    let (error, description) = read(&long).expect("an error");
    assert!(error.len() + description.map_or(0, |text| text.len()) < 700);
}

#[test]
fn a_servers_own_word_becomes_the_standards() {
    let quirks = Quirks {
        invalid_grant: vec!["bad_refresh_token".into(), "Invalid refresh token".into()],
        ..Quirks::default()
    };
    for (body, description) in [
        (
            r#"{"error":"bad_refresh_token","error_description":"gone"}"#,
            "bad_refresh_token: gone",
        ),
        (
            r#"{"ok":false,"error":"bad_refresh_token"}"#,
            "bad_refresh_token",
        ),
        (
            r#"{"error":"Bad Request","message":"Invalid refresh token"}"#,
            "Bad Request: Invalid refresh token",
        ),
        (
            r#"{"status":400,"message":"Invalid refresh token"}"#,
            "Invalid refresh token",
        ),
        (
            r#"{"error":"invalid_grant","message":"Invalid refresh token"}"#,
            "Invalid refresh token",
        ),
    ] {
        let nothing = KnownSecrets::default();
        let error = ErrorResponse::parse_failure(body.as_bytes(), &quirks, &nothing).expect(body);
        assert_eq!(error.error, "invalid_grant", "{body}");
        assert_eq!(error.description.as_deref(), Some(description), "{body}");
    }
    let other = ErrorResponse::parse_by(br#"{"error":"slow_down"}"#, &quirks);
    assert_eq!(other.expect("an error").error, "slow_down");
}

#[test]
fn a_secret_of_the_request_is_shown_in_no_member() {
    let known: KnownSecrets = [&Secret::new("hunter2")].into_iter().collect();
    for body in [
        r#"{"error":"no hunter2"}"#,
        r#"{"error":"invalid_grant","error_description":"hunter2"}"#,
        r#"{"error":"invalid_grant","error_description":"h\u0075nter2 is bad"}"#,
        r#"{"error":"e","error_uri":"https://as.example/?code=hunter2"}"#,
        r#"{"errors":[{"message":"hunter2","field":"hunter2"}]}"#,
        r#"{"error":{"message":"hunter2"}}"#,
        "error=e&error_description=hunter2",
    ] {
        let quirks = Quirks::default();
        let error = ErrorResponse::parse_failure(body.as_bytes(), &quirks, &known).expect(body);
        let shown = format!("{error:?}");
        assert!(
            shown.contains("[redacted]") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ErrorResponse::parse(&bytes);
    }
}
