//! Which tokens are good.

use serde_json::json;

use crate::world::{API, World};

#[tokio::test]
async fn a_token_must_be_good_in_every_respect() {
    let world = World::usual().await;
    let issuer = &world.issuer;
    for (what, token) in [
        (
            "another audience",
            issuer.token("https://other.example", "", json!({})),
        ),
        ("no audience", issuer.token(API, "", json!({ "aud": null }))),
        (
            "expired",
            issuer.token(API, "", json!({ "exp": 1_600_000_000 })),
        ),
        (
            "not yet",
            issuer.token(API, "", json!({ "nbf": 4_000_000_000_u64 })),
        ),
        (
            "another issuer",
            issuer.token(API, "", json!({ "iss": "https://evil.example" })),
        ),
        ("another key", issuer.forged(API, "")),
        ("none", "nonsense".to_owned()),
        ("no signature", "eyJhbGciOiJub25lIn0.e30.".to_owned()),
    ] {
        let said = world
            .send("GET /x", &[&format!("Authorization: Bearer {token}")])
            .await;
        assert_eq!(
            (said.status, said.error()),
            (401, "invalid_token".to_owned()),
            "{what}"
        );
        let challenge = said
            .all("www-authenticate")
            .find(|own| own.starts_with("Bearer"));
        assert!(
            challenge.expect("a challenge").contains("invalid_token"),
            "{what}"
        );
    }
    assert_eq!(world.ask("GET /x", "").await.status, 200);
}

#[tokio::test]
async fn credentials_come_once_and_in_headers() {
    let world = World::usual().await;
    let bearer = world.bearer("read");
    let token = bearer
        .strip_prefix("Authorization: Bearer ")
        .expect("a token");
    for (line, headers) in [
        ("GET /things/1", vec![bearer.as_str(), &bearer]),
        ("GET /things/1", vec![&bearer, "Authorization: Basic YTpi"]),
        (&format!("GET /things/1?access_token={token}"), vec![]),
        (&format!("GET /things/1?x=y&access_token={token}&z"), vec![]),
    ] {
        let said = world.send(line, &headers).await;
        assert_eq!(
            (said.status, said.error()),
            (400, "invalid_request".to_owned()),
            "{line}"
        );
        assert!(!said.body.contains(token), "a token is repeated");
    }
    let body = format!("access_token={token}");
    let text = format!(
        "POST /things/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(world.raw(&text).await.status, 401, "a body is not read");
}

#[tokio::test]
async fn without_the_issuer_nobody_new_comes_in() {
    let mut world = World::usual().await;
    world.issuer.stop().await;
    let said = world.ask("GET /x", "").await;
    assert_eq!(said.status, 503, "{said:?}");
    assert!(said.header("retry-after").is_some() || said.error() == "temporarily_unavailable");
    assert_eq!(world.send("GET /public", &[]).await.status, 200);
    assert_eq!(world.send("GET /x", &[]).await.status, 401);
}

#[tokio::test]
async fn known_keys_serve_while_the_issuer_is_down() {
    let mut world = World::usual().await;
    assert_eq!(world.ask("GET /x", "").await.status, 200);
    world.issuer.stop().await;
    assert_eq!(world.ask("GET /x", "other").await.status, 200);
    let forged = world.issuer.forged(API, "");
    let said = world
        .send("GET /x", &[&format!("Authorization: Bearer {forged}")])
        .await;
    assert_eq!(said.status, 401, "{said:?}");
}

#[tokio::test]
async fn opaque_tokens_are_asked_about() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "hunter2\n").expect("written");
    let settings = format!(
        "[[issuer]]\nissuer = \"@ISSUER@\"\n\
         introspection = {{ client_id = \"guard\", client_secret = {{ file = {secret:?} }}, cache = \"0s\" }}\n"
    );
    let world = World::with("").await;
    let usual = "upstream = \"@UPSTREAM@\"\npublic_url = \"https://api.example.com\"\n";
    world
        .reload(&format!("{usual}{settings}"))
        .await
        .expect("reloaded");
    let answer = json!({
        "active": true, "iss": world.issuer.url, "aud": API, "sub": "ben", "client_id": "tool",
        "scope": "read", "exp": 4_000_000_000_u64,
    });
    let opaque = &world.issuer.opaque;
    opaque
        .lock()
        .expect("not poisoned")
        .insert("opaque-1".to_owned(), answer);
    let bearer = "Authorization: Bearer opaque-1";
    let said = world.send("GET /x", &[bearer]).await;
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(said.json()["headers"]["x-gatepass-subject"], "ben");
    opaque.lock().expect("not poisoned").clear();
    assert_eq!(world.send("GET /x", &[bearer]).await.status, 401);
}
