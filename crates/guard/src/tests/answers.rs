//! Every refusal, byte by byte.

use http::Request;
use serde_json::{Value, json};

use super::{api_key, ask, basic, bearer, get, house, jwt, scope, send};
use crate::{Guard, X_API_KEY};

const BEARER: &str = r#"www-authenticate: Bearer realm="api", scope="read""#;
const BASIC: &str = r#"www-authenticate: Basic realm="api", charset="UTF-8""#;

/// An answer as it stands on the wire.
fn answer(status: &str, error: &str, description: &str, more: &[&str]) -> String {
    let mut text = format!("{status}\ncontent-type: application/json\ncache-control: no-store\n");
    for line in more {
        text += &format!("{line}\n");
    }
    text + &format!(
        r#"{}{{"error":"{error}","error_description":"{description}"}}"#,
        '\n'
    )
}

/// The challenge that says what is wrong with a token.
fn blamed(error: &str, text: &str, scope: &str) -> String {
    format!(
        r#"www-authenticate: Bearer realm="api", error="{error}", error_description="{text}", scope="{scope}""#
    )
}

fn no_credentials() -> String {
    let text = "credentials are required";
    answer("401 Unauthorized", "unauthorized", text, &[BASIC, BEARER])
}

fn invalid_request(text: &str) -> String {
    let bearer = blamed("invalid_request", text, "read");
    answer("400 Bad Request", "invalid_request", text, &[&bearer])
}

fn invalid_token(text: &str) -> String {
    let bearer = blamed("invalid_token", text, "read");
    answer("401 Unauthorized", "invalid_token", text, &[BASIC, &bearer])
}

#[tokio::test]
async fn no_credentials_that_anybody_here_speaks() {
    assert_eq!(ask(get()).await, no_credentials());
    for other in ["", "Negotiate abc", "Digest username=\"ada\""] {
        let answer = ask(get().header("Authorization", other)).await;
        assert_eq!(answer, no_credentials(), "{other}");
    }
}

#[tokio::test]
async fn a_token_in_the_query_is_refused() {
    let text = "the access token stands in the query, where others read it; send it in the Authorization header";
    let token = super::token(|_| ());
    for query in [
        format!("access_token={token}"),
        format!("a=b&access_token={token}&c"),
        "access_token".to_owned(),
    ] {
        let got = ask(Request::get(format!("/?{query}"))).await;
        assert_eq!(got, invalid_request(text), "{query}");
    }
    // A key was never taken there, and what is called otherwise is none.
    let uri = format!("/?api_key={}&no_access_token=x", api_key().expose());
    assert_eq!(ask(Request::get(uri)).await, no_credentials());
}

#[tokio::test]
async fn what_is_larger_than_any_token_is_not_looked_at() {
    let text = "the credentials are larger than 16 KiB";
    let expected = answer(
        "431 Request Header Fields Too Large",
        "invalid_request",
        text,
        &[&blamed("invalid_request", text, "read")],
    );
    let long = "x".repeat(16 * 1024);
    let got = ask(get().header("Authorization", format!("Bearer {long}"))).await;
    assert_eq!(got, expected);
    let got = ask(get().header(X_API_KEY, format!("gp_ak_{long}"))).await;
    assert_eq!(got, expected);
}

#[tokio::test]
async fn malformed_credentials() {
    for value in ["Basic", "Basic !", "Basic YWJj", "Bearer", "Bearer a b"] {
        let answer = ask(get().header("Authorization", value)).await;
        assert_eq!(
            answer,
            invalid_request("the credentials are malformed"),
            "{value}"
        );
    }
    let answer = ask(get().header("Authorization", &b"Bearer \xff"[..])).await;
    assert_eq!(answer, invalid_request("the credentials are malformed"));
    let answer = ask(get().header(X_API_KEY, &b"gp_ak_\xc3\xa9"[..])).await;
    assert_eq!(answer, invalid_request("the credentials are malformed"));
}

#[tokio::test]
async fn credentials_twice_are_refused_even_if_both_are_good() {
    let twice = invalid_request("the request carries credentials more than once");
    let good = bearer(|_| ());
    let answer = ask(get()
        .header("Authorization", &good)
        .header("Authorization", &good))
    .await;
    assert_eq!(answer, twice);
    let key = api_key();
    let answer = ask(get()
        .header(X_API_KEY, key.expose())
        .header(X_API_KEY, key.expose()))
    .await;
    assert_eq!(answer, twice);
    for other in [good.as_str(), "Negotiate abc"] {
        let request = get()
            .header("Authorization", other)
            .header(X_API_KEY, key.expose());
        let both = invalid_request("the request carries two kinds of credentials");
        assert_eq!(ask(request).await, both);
    }
}

#[tokio::test]
async fn a_wrong_password() {
    let text = "the username or the password is wrong";
    let expected = answer("401 Unauthorized", "unauthorized", text, &[BASIC, BEARER]);
    for (username, password) in [("ada", "wrong"), ("nobody", "right"), ("", "")] {
        let got = ask(get().header("Authorization", basic(username, password))).await;
        assert_eq!(got, expected);
    }
}

#[tokio::test]
async fn tokens_that_are_not_good() {
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 6] = [
        (
            |claims| claims["exp"] = json!(super::NOW - 5),
            "token has expired",
        ),
        (
            |claims| claims["iat"] = json!(super::NOW + 6),
            "token is not valid yet",
        ),
        (
            |claims| claims["aud"] = json!("https://else.example"),
            "token is for another audience",
        ),
        (
            |claims| claims["iss"] = json!("https://else.example"),
            "token is from another issuer",
        ),
        (
            |claims| claims["sub"] = json!(1),
            "token lacks a required claim",
        ),
        (
            |claims| claims["jti"] = json!("withdrawn"),
            "token has been revoked",
        ),
    ];
    for (change, text) in cases {
        let got = ask(get().header("Authorization", bearer(change))).await;
        assert_eq!(got, invalid_token(text));
    }
    for value in ["Bearer x", "Bearer gp_at_AAAA", "Bearer a.b.c"] {
        let got = ask(get().header("Authorization", value)).await;
        assert_eq!(got, invalid_token("token is malformed"), "{value}");
    }
}

#[tokio::test]
async fn api_keys_that_are_not_good() {
    let other = gatepass_proto::base::opaque::encode("gp_ak_", &[8; 32]);
    for key in [other.expose(), "gp_ak_", "gp_ak_AAAA", "hunter2", ""] {
        let got = ask(get().header(X_API_KEY, key)).await;
        assert_eq!(got, invalid_token("the API key is not good"), "{key}");
    }
    let got = ask(get().header("Authorization", format!("Bearer {}", other.expose()))).await;
    assert_eq!(got, invalid_token("the API key is not good"));
}

#[tokio::test]
async fn too_little_scope() {
    let text = "the credentials do not have the scope that is required";
    let bearer_line = blamed("insufficient_scope", text, "read admin");
    let expected = answer("403 Forbidden", "insufficient_scope", text, &[&bearer_line]);
    let layer = house().guard.layer(scope("read admin"));
    for value in [bearer(|_| ()), basic("ada", "right")] {
        let got = send(&layer, get().header("Authorization", value)).await;
        assert_eq!(got, expected);
    }
    let got = send(&layer, get().header(X_API_KEY, api_key().expose())).await;
    assert_eq!(got, expected);
}

#[tokio::test]
async fn too_many_guesses() {
    let got = ask(get().header("Authorization", basic("throttled", "x"))).await;
    let text = "too many failed attempts; wait before the next one";
    let status = "429 Too Many Requests";
    let expected = answer(
        status,
        "temporarily_unavailable",
        text,
        &["retry-after: 30"],
    );
    assert_eq!(got, expected);
}

#[tokio::test]
async fn nobody_passes_when_a_port_cannot_answer() {
    let text = "the server cannot answer right now; try again";
    let status = "503 Service Unavailable";
    let expected = answer(status, "temporarily_unavailable", text, &[]);
    let without_store = bearer(|claims| claims["jti"] = json!("gone"));
    for value in [basic("gone", "right"), without_store] {
        assert_eq!(ask(get().header("Authorization", value)).await, expected);
    }
    let text = "too many credentials are being checked; try again";
    let expected = answer(status, "temporarily_unavailable", text, &["retry-after: 1"]);
    let got = ask(get().header("Authorization", basic("busy", "right"))).await;
    assert_eq!(got, expected);
}

#[tokio::test]
async fn only_what_is_taken_is_named_and_taken() {
    let people = house().people;
    let only_basic = Guard::builder()
        .realm("api")
        .basic(people)
        .build()
        .layer(scope("read"));
    let text = "credentials are required";
    let expected = answer("401 Unauthorized", "unauthorized", text, &[BASIC]);
    let key = format!("Bearer {}", api_key().expose());
    for value in ["Negotiate", &bearer(|_| ()), &key] {
        let got = send(&only_basic, get().header("Authorization", value)).await;
        assert_eq!(got, expected, "{value}");
    }
    let got = send(&only_basic, get().header(X_API_KEY, api_key().expose())).await;
    assert_eq!(got, expected);
    let text = "the credentials are malformed";
    let got = send(&only_basic, get().header("Authorization", "Basic !")).await;
    assert_eq!(got, answer("400 Bad Request", "invalid_request", text, &[]));

    let only_bearer = Guard::builder()
        .realm("api")
        .issuer(jwt())
        .build()
        .layer(scope("read"));
    let text = "credentials are required";
    let expected = answer("401 Unauthorized", "unauthorized", text, &[BEARER]);
    let got = send(
        &only_bearer,
        get().header("Authorization", basic("ada", "right")),
    )
    .await;
    assert_eq!(got, expected);

    let nobody = Guard::builder().realm("api").build().layer(scope(""));
    let expected = answer("401 Unauthorized", "unauthorized", text, &[]);
    let got = send(&nobody, get().header("Authorization", bearer(|_| ()))).await;
    assert_eq!(got, expected);
}

#[tokio::test]
async fn a_realm_of_any_text_makes_a_header() {
    let guard = Guard::builder()
        .realm("the \"api\"\r\nof\\us")
        .issuer(jwt())
        .build();
    let got = send(&guard.layer(scope("")), get()).await;
    assert!(got.contains(r#"Bearer realm="the \"api\"of\\us""#), "{got}");
}

#[tokio::test]
async fn a_token_may_stand_for_others() {
    let clock = house().clock;
    let guard = || Guard::builder().issuer(super::jwt()).clock(clock.clone());
    let request = || {
        get().header(
            "Authorization",
            bearer(|claims| claims["scope"] = "all".into()),
        )
    };
    for (guard, status) in [
        (guard().build(), "403"),
        (guard().implies("other", scope("read")).build(), "403"),
        (guard().implies("all", scope("read write")).build(), "200"),
    ] {
        let got = send(&guard.layer(scope("read")), request()).await;
        assert!(got.starts_with(status), "{got}");
    }
}
