//! New settings while requests are served.

use crate::api;
use crate::world::World;

const UPSTREAM: &str = "upstream = \"@UPSTREAM@\"\npublic_url = \"https://api.example.com\"\n";
const ISSUER: &str = "[[issuer]]\nissuer = \"@ISSUER@\"\n";

#[tokio::test]
async fn new_rules_hold_at_once() {
    let world = World::usual().await;
    assert_eq!(world.send("GET /public", &[]).await.status, 200);
    assert_eq!(world.ask("GET /never", "").await.status, 403);
    world
        .reload(&format!("{UPSTREAM}{ISSUER}"))
        .await
        .expect("reloaded");
    assert_eq!(world.send("GET /public", &[]).await.status, 401);
    assert_eq!(world.ask("GET /never", "").await.status, 200);
}

#[tokio::test]
async fn what_makes_no_sense_leaves_the_old_settings_in_force() {
    let world = World::usual().await;
    for (text, said) in [
        ("", "upstream: "),
        (&*format!("{UPSTREAM}rule = 1"), "guard.toml:3:"),
        (
            &format!("{UPSTREAM}{ISSUER}[[rule]]\npath = \"admin\""),
            "guard.toml:6:8: ",
        ),
        (
            &format!("{UPSTREAM}{ISSUER}[[rule]]\npath = \"/a\"\nmethods = [\"get\"]"),
            "\"get\" is not a method",
        ),
        (
            &format!("{UPSTREAM}forward_auth = [\"nginx\"]\n{ISSUER}"),
            "proxies.trusted",
        ),
        (
            &format!("{UPSTREAM}{ISSUER}[identity.jwt]\nkey = {{ file = \"/no/such.pem\" }}"),
            "/no/such.pem",
        ),
        (
            &format!("{UPSTREAM}{ISSUER}[identity.jwt]\nlifetime = \"1h\""),
            "\"60s\"",
        ),
        (
            &format!("{UPSTREAM}{ISSUER}[identity]\nstrip = [\"a b\"]"),
            "identity.strip",
        ),
        (
            "upstream = \"ftp://files.example\"\npublic_url = \"https://a.example\"",
            "upstream",
        ),
        (
            &format!("{UPSTREAM}{ISSUER}[resource]\nresource = \"nowhere\""),
            "resource.resource",
        ),
    ] {
        let error = world.reload(text).await.expect_err(text);
        assert!(error.contains(said), "{text}: {error}");
        assert_eq!(world.send("GET /public", &[]).await.status, 200, "{text}");
        assert_eq!(world.send("GET /admin", &[]).await.status, 401, "{text}");
    }
}

/// The key that a gate has drawn stays, or identities signed a moment ago would be refused.
#[tokio::test]
async fn what_stays_the_same_is_kept() {
    let world = World::with_tables("[identity.jwt]").await;
    let before = world.send("GET /.gatepass/jwks.json", &[]).await.body;
    let other = "[otherwise]\naccess = \"denied\"\n[identity.jwt]\n";
    world
        .reload(&format!("{UPSTREAM}{ISSUER}{other}"))
        .await
        .expect("reloaded");
    assert_eq!(world.ask("GET /x", "").await.status, 403);
    assert_eq!(
        world.send("GET /.gatepass/jwks.json", &[]).await.body,
        before
    );
    let other = "[identity.jwt]\nlifetime = \"20s\"\n";
    world
        .reload(&format!("{UPSTREAM}{ISSUER}{other}"))
        .await
        .expect("reloaded");
    assert_ne!(
        world.send("GET /.gatepass/jwks.json", &[]).await.body,
        before
    );
}

#[tokio::test]
async fn a_request_under_way_ends_by_the_old_settings() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (events, say) = api::events().await;
    let world = World::before_api(events).await;
    let mut stream = tokio::net::TcpStream::connect(world.address)
        .await
        .expect("connected");
    let text = "GET /public HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(text.as_bytes()).await.expect("sent");
    let mut seen = String::new();
    for word in ["one", "two"] {
        say.send(word).await.expect("said");
        while !seen.contains(&format!("data: {word}\n\n")) {
            let mut piece = [0; 1024];
            let read = api::soon(stream.read(&mut piece)).await.expect("read");
            assert_ne!(read, 0, "it ended: {seen}");
            seen.push_str(std::str::from_utf8(&piece[..read]).expect("UTF-8"));
        }
        let denied = format!("{UPSTREAM}{ISSUER}[otherwise]\naccess = \"denied\"");
        world.reload(&denied).await.expect("reloaded");
        assert_eq!(world.send("GET /public", &[]).await.status, 403);
    }
}
