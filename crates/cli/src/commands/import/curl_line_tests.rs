use gatepass_client::Secret;
use zeroize::Zeroizing;

use super::super::shell;
use super::{Found, Line, read};

fn line(text: &str) -> Result<Line, String> {
    let words = shell::words(text).expect("words");
    let words: Vec<Zeroizing<String>> = words.into_iter().skip(1).collect();
    read(&words)
}

fn found(text: &str) -> Found {
    line(text).expect(text).found
}

fn header(name: &'static str, value: &str) -> Found {
    Found::Header(http::HeaderName::from_static(name), Secret::new(value))
}

#[test]
fn credentials_are_found_wherever_they_stand() {
    let basic = |password: &str| Found::Basic("me".to_owned(), Some(Secret::new(password)));
    for (text, expected) in [
        (
            "curl -H 'Authorization: Bearer t1' https://a.example/x",
            Found::Bearer(Secret::new("t1")),
        ),
        (
            "curl https://a.example --oauth2-bearer t1 -sS",
            Found::Bearer(Secret::new("t1")),
        ),
        (
            "curl -sSLH 'authorization:bearer t1' https://a.example",
            Found::Bearer(Secret::new("t1")),
        ),
        ("curl -u me:p:w https://a.example", basic("p:w")),
        ("curl -ume:pw https://a.example", basic("pw")),
        (
            "curl --user me https://a.example",
            Found::Basic("me".to_owned(), None),
        ),
        (
            "curl -H 'Authorization: Basic bWU6cHc=' https://a.example",
            basic("pw"),
        ),
        ("curl 'https://me:p%20w@a.example/x'", basic("p w")),
        (
            "curl --digest -u me:pw https://a.example",
            Found::Digest("me".to_owned(), Some(Secret::new("pw"))),
        ),
        (
            "curl -u sk_live_1: https://a.example",
            header("authorization", "Basic c2tfbGl2ZV8xOg=="),
        ),
        (
            "curl -H 'X-API-Key: k1' a.example",
            header("x-api-key", "k1"),
        ),
        (
            "curl -H 'PRIVATE-TOKEN: k1' -H 'Accept: x' a.example",
            header("private-token", "k1"),
        ),
        (
            "curl -H 'Authorization: Token k1' a.example",
            header("authorization", "Token k1"),
        ),
        (
            "curl 'https://a.example/x?q=1&api_key=k%201'",
            Found::Query("api_key".to_owned(), Secret::new("k 1")),
        ),
        (
            "curl -b 'sid=k1' a.example",
            Found::Cookie("sid".to_owned(), Secret::new("k1")),
        ),
        (
            "curl -H 'Cookie: a=1; b=2' a.example",
            header("cookie", "a=1; b=2"),
        ),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn a_command_as_a_browser_copies_it() {
    let text = "curl 'https://a.example/api/items?page=2' \\\n  -H 'accept: */*' \\\n  -H $'authorization: Bearer a\\'b' \\\n  \
        -b 'sid=1' \\\n  -H 'x-csrf-token: 5' \\\n  --data-raw $'{\"x\":1}' \\\n  --compressed";
    let line = line(text).expect("understood");
    assert_eq!(line.found, Found::Bearer(Secret::new("a'b")));
    assert_eq!(line.url.as_str(), "https://a.example/api/items?page=2");
    assert_eq!(line.left, ["-b"]);
}

#[test]
fn values_are_not_taken_for_urls() {
    let line = line(
        "curl -X POST -d a=b -o out -w '%{http_code}' --cacert /ca.pem -m 5 --retry 3 -A x -u me:pw -- a.example",
    );
    let line = line.expect("understood");
    assert_eq!(line.url.as_str(), "https://a.example/");
    assert_eq!(line.ca.as_deref(), Some(std::path::Path::new("/ca.pem")));
}

#[test]
fn what_is_missing_or_elsewhere_is_said_without_secrets() {
    for text in [
        "curl",
        "curl https://a.example",
        "curl -u hunter2:hunter2",
        "curl -u",
        "curl -n https://a.example",
        "curl -H @hunter2 https://a.example",
        "curl -b jar https://a.example",
        "curl -K x https://a.example",
        "curl --ntlm -u hunter2:x https://a.example",
        "curl -u a:hunter2 https://a.example https://b.example",
        "curl -H 'hunter2 hunter2: x' https://a.example",
        "curl 'https://['",
    ] {
        let error = line(text).expect_err(text);
        assert!(!error.contains("hunter2"), "{text}: {error}");
    }
    let line = line("curl -u a:hunter2 https://a.example").expect("understood");
    assert!(!format!("{line:?}").contains("hunter2"));
}
