//! Which headers reach the API.

use serde_json::json;

use crate::world::World;

/// Spellings that some server reads as a header that the gate sets, or that changes the request behind it.
const FORGERIES: [&str; 20] = [
    "X-Gatepass-Subject",
    "x-gatepass-subject",
    "X_Gatepass_Subject",
    "X-Gatepass_Subject",
    "x_gatepass-scope",
    "X.Gatepass.Subject",
    "X-Gatepass-Whatever",
    "X-Gatepass-Assertion",
    "X-Forwarded-User",
    "X_Forwarded_User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Auth-Request-User",
    "Remote-User",
    "Remote_Groups",
    "X-WebAuth-User",
    "X-Remote-Group",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-HTTP-Method-Override",
];

#[tokio::test]
async fn no_client_says_who_it_is() {
    let world = World::with_tables("[identity]\nstrip = [\"X-Legacy-User\"]").await;
    let bearer = world.bearer("read");
    for name in FORGERIES.iter().chain(&["X-Legacy-User", "x_legacy_user"]) {
        let forged = format!("{name}: root");
        for (path, headers) in [
            ("/public", vec![forged.as_str()]),
            ("/public", vec![&forged, &forged]),
            ("/things/1", vec![&bearer, &forged]),
            ("/things/1", vec![&forged, &bearer, &forged]),
        ] {
            let said = world.send(&format!("GET {path}"), &headers).await;
            assert_eq!(said.status, 200, "{name}: {said:?}");
            assert!(!said.body.contains("root"), "{name} at {path}: {said:?}");
            let subject = &said.json()["headers"]["x-gatepass-subject"];
            let expected = if path == "/public" {
                json!(null)
            } else {
                json!("ann")
            };
            assert_eq!(*subject, expected, "{name}");
        }
    }
}

/// `Connection` names headers that go no further. It cannot name ours.
#[tokio::test]
async fn no_client_has_our_headers_taken_away() {
    let world = World::usual().await;
    let bearer = world.bearer("read");
    for connection in [
        "Connection: X-Gatepass-Subject, X-Gatepass-Scope",
        "Connection: close, x-gatepass-subject",
        "Connection: keep-alive\r\nConnection: x_gatepass_subject, X-GATEPASS-SUBJECT",
    ] {
        let said = world.send("GET /things/1", &[&bearer, connection]).await;
        assert_eq!(said.status, 200, "{connection}: {said:?}");
        let seen = said.json();
        assert_eq!(seen["headers"]["x-gatepass-subject"], "ann", "{connection}");
        assert_eq!(seen["headers"]["x-gatepass-scope"], "read", "{connection}");
    }
}

#[tokio::test]
async fn credentials_go_no_further() {
    let world = World::usual().await;
    let bearer = world.bearer("read");
    let other = [
        "X-API-Key: gp_ak_secret",
        "DPoP: secret",
        "Proxy-Authorization: Basic secret",
    ];
    for path in ["/public", "/things/1"] {
        let mut headers = vec![bearer.as_str()];
        headers.extend(other.iter().filter(|_| path == "/public"));
        headers.push("X-Harmless: yes");
        let said = world.send(&format!("GET {path}"), &headers).await;
        assert_eq!(said.status, 200, "{said:?}");
        let seen = said.json();
        assert_eq!(seen["headers"]["x-harmless"], "yes");
        for name in ["authorization", "x-api-key", "dpop", "proxy-authorization"] {
            assert_eq!(seen["headers"][name], json!(null), "{name} at {path}");
        }
        assert!(
            !said.body.contains("secret") && !said.body.contains("eyJ"),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn the_token_goes_on_where_the_settings_say_so() {
    let world = World::with_tables("[identity]\npass_authorization = true").await;
    let bearer = world.bearer("read");
    let said = world.send("GET /things/1", &[&bearer]).await;
    let seen = said.json();
    let token = bearer.strip_prefix("Authorization: ").expect("a header");
    assert_eq!(seen["headers"]["authorization"], token);
    assert_eq!(seen["headers"]["x-gatepass-subject"], "ann");
}

/// What a client says of proxies is no proxy's word.
#[tokio::test]
async fn forwarded_headers_of_strangers_are_written_anew() {
    let world = World::usual().await;
    let said = world
        .send(
            "GET /public",
            &[
                "X-Forwarded-For: 6.6.6.6",
                "X-Forwarded-Proto: https",
                "X-Forwarded-Host: evil.example",
                "Forwarded: for=6.6.6.6;host=evil.example",
                "X-Forwarded-Method: DELETE",
                "X-Forwarded-Uri: /admin",
                "X-Forwarded-Prefix: /admin",
            ],
        )
        .await;
    assert_eq!(said.status, 200, "{said:?}");
    for word in ["6.6.6.6", "evil.example", "DELETE", "/admin"] {
        assert!(!said.body.contains(word), "{word}: {said:?}");
    }
    assert_eq!(said.json()["headers"]["x-forwarded-for"], "127.0.0.1");
}

#[tokio::test]
async fn a_trusted_proxys_word_is_passed_on() {
    let world = World::with_tables("[proxies]\ntrusted = [\"127.0.0.1\"]").await;
    let said = world
        .send("GET /public", &["X-Forwarded-For: 192.0.2.7"])
        .await;
    let seen = said.json();
    let told = seen["headers"]["x-forwarded-for"]
        .as_str()
        .unwrap_or_default();
    assert!(told.contains("192.0.2.7"), "{said:?}");
}

#[tokio::test]
async fn headers_have_bounds() {
    let world = World::usual().await;
    let fits = format!("X-Long: {}", "x".repeat(20_000));
    let said = world.send("GET /public", &[&fits]).await;
    assert_eq!(said.status, 200, "{}", said.status);
    let said = world.send("GET /public", &[&fits, &fits]).await;
    assert_eq!(said.status, 431, "{}", said.status);
    let many: Vec<String> = (0..200).map(|each| format!("X-{each}: y")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let said = world.send("GET /public", &many).await;
    assert_eq!(said.status, 431, "{}", said.status);
}
