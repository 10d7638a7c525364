use http::header::RETRY_AFTER;

use crate::flow::{FlowError, Response};
use crate::message::known::KnownSecrets;

fn refusal(answer: &Response) -> FlowError {
    super::refusal(answer, &KnownSecrets::default())
}

fn answer(status: u16, body: &str) -> Response {
    http::Response::builder()
        .status(status)
        .header(RETRY_AFTER, "7")
        .body(body.as_bytes().to_vec())
        .expect("an answer")
}

#[test]
fn the_servers_own_words_are_what_the_person_sees() {
    for (status, body, shown) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"spent","error_uri":"https://as.example/why"}"#,
            "invalid_grant: spent (see https://as.example/why)",
        ),
        (
            403,
            r#"{"error":{"code":403,"message":"not you","status":"PERMISSION_DENIED"}}"#,
            "PERMISSION_DENIED: not you",
        ),
        (401, r#"{"message":"Bad credentials"}"#, "Bad credentials"),
        (
            503,
            r#"{"message":"Down for maintenance"}"#,
            "Down for maintenance",
        ),
        (
            502,
            "<html><head><title>502 Bad Gateway</title></head></html>",
            "temporarily_unavailable: the server answered 502 Bad Gateway: 502 Bad Gateway",
        ),
        (
            429,
            "slow\ndown",
            "temporarily_unavailable: the server answered 429 Too Many Requests: slow down",
        ),
        (
            404,
            "no such door",
            "the server's answer cannot be used: status 404 Not Found without an OAuth error: no such door",
        ),
        (
            404,
            r#"{"access_token":"hunter2"}"#,
            "the server's answer cannot be used: status 404 Not Found without an OAuth error",
        ),
    ] {
        assert_eq!(refusal(&answer(status, body)).to_string(), shown);
    }
}

#[test]
fn what_may_pass_is_told_from_what_will_not() {
    for (status, body, temporary) in [
        (503, "", true),
        (429, r#"{"error":"slow_down"}"#, true),
        (500, "<title>no</title>", true),
        (400, r#"{"error":"invalid_grant"}"#, false),
        (404, "", false),
    ] {
        let error = refusal(&answer(status, body));
        assert_eq!(error.is_temporary(), temporary, "{status} {body}");
        if let FlowError::Refused { retry_after, .. } = error {
            assert_eq!(retry_after, Some(7), "{status} {body}");
        }
    }
}
