//! A client registers a `jwks_uri` to have the server ask somebody whom only the server reaches.

use std::process::Command;

use gatepass_server::{Admission, RegistrationPolicy};
use serde_json::json;

use crate::neighbour::{Neighbour, ok};
use crate::pairs::Pairs;
use crate::prover::{Prover, by_assertion};
use crate::wire::{Answer, Call};
use crate::world::World;

/// A server as an operator gets it, where anybody may register.
async fn open(allow_private_hosts: bool) -> World {
    World::with(|config| {
        config.outbound.allow_private_hosts = allow_private_hosts;
        config.registration = Some(RegistrationPolicy {
            admission: Admission::Open,
            require_pkce: true,
            ..RegistrationPolicy::default()
        });
    })
    .await
}

/// Registers a client whose keys are at `uri`, and shows an assertion of it. Nothing where that cannot be registered.
async fn lure(world: &World, prover: &Prover, uri: &str) -> Option<Answer> {
    let metadata = json!({
        "redirect_uris": ["https://app.example/cb"], "jwks_uri": uri,
        "token_endpoint_auth_method": "private_key_jwt",
    });
    let made = Call::post("/oauth/register").json(&metadata.to_string());
    let made = world.send(made).await;
    if made.status == 400 {
        made.refused(400, "invalid_client_metadata");
        return None;
    }
    let draft = prover.assertion(&made.text("client_id"), &world.issuer);
    let form = by_assertion(&prover.sign(&draft));
    let form = form.with_all(&[("grant_type", "authorization_code"), ("code", "x")]);
    Some(world.send(Call::post("/oauth/token").form(&form)).await)
}

/// Asserts that a client with its keys there gets in nowhere.
async fn fails(world: &World, uri: &str) {
    if let Some(answer) = lure(world, &Prover::new(), uri).await {
        assert_eq!(answer.status, 503, "{uri}: {answer:?}");
        answer.refused(503, "temporarily_unavailable");
    }
}

#[tokio::test]
async fn jwks_uri_at_loopback() {
    let prover = Prover::new();
    let neighbour = Neighbour::answering(ok(&prover.jwks().to_string())).await;
    let port = neighbour.address.port();
    let world = open(false).await;
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
    ] {
        for scheme in ["http", "https"] {
            fails(&world, &format!("{scheme}://{host}:{port}/jwks")).await;
        }
    }
    assert_eq!(neighbour.heard(), [""; 0]);
    // The same from where it is allowed: the assertion is believed, and only then the code is looked for.
    let world = open(true).await;
    let uri = format!("http://127.0.0.1:{port}/jwks");
    let answer = lure(&world, &prover, &uri).await.expect("registered");
    answer.refused(400, "invalid_grant");
    assert_eq!(neighbour.heard(), ["GET /jwks HTTP/1.1"]);
}

/// What only the child of [`jwks_uri_at_a_link_local_address`] has.
const CHILD: &str = "GATEPASS_TEST_CHILD";

/// Where clouds keep their secrets, and the networks of others. Every request goes by a proxy, so that none can reach its
/// goal and each is seen: the server runs in a process of its own, with that proxy in its environment.
#[tokio::test]
async fn jwks_uri_at_a_link_local_address() {
    if std::env::var_os(CHILD).is_some() {
        return lure_to_private_networks().await;
    }
    let proxy = Neighbour::answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
    let name = "ssrf::jwks_uri_at_a_link_local_address";
    let mut child = Command::new(std::env::current_exe().expect("the path of this test"));
    for theirs in [
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "NO_PROXY",
        "no_proxy",
    ] {
        child.env_remove(theirs);
    }
    child
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .env("HTTPS_PROXY", format!("http://{}", proxy.address));
    let ended = tokio::task::spawn_blocking(move || child.output()).await;
    let ended = ended.expect("no panic").expect("it starts");
    assert!(ended.status.success(), "{ended:?}");
    assert_eq!(proxy.heard(), ["CONNECT keys.example:443 HTTP/1.1"]);
}

async fn lure_to_private_networks() {
    let world = open(false).await;
    for host in [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "2852039166",
        // One that anybody may have is asked for.
        "keys.example",
    ] {
        fails(&world, &format!("https://{host}/latest/meta-data")).await;
    }
}

#[tokio::test]
async fn jwks_uri_that_redirects() {
    let prover = Prover::new();
    let inner = Neighbour::answering(ok(&prover.jwks().to_string())).await;
    let world = open(true).await;
    for status in [
        "301 Moved",
        "302 Found",
        "303 See",
        "307 Temporary",
        "308 Permanent",
    ] {
        let outer = Neighbour::answering(format!(
            "HTTP/1.1 {status}\r\nLocation: http://{}/jwks\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            inner.address
        ))
        .await;
        let uri = format!("http://{}/jwks", outer.address);
        let answer = lure(&world, &prover, &uri).await.expect("registered");
        answer.refused(503, "temporarily_unavailable");
        assert_eq!(outer.heard(), ["GET /jwks HTTP/1.1"], "{status}");
    }
    assert_eq!(inner.heard(), [""; 0]);
}

/// A name that looks like anybody's leads home when it is resolved. Here it is the name of this machine, which its own
/// resolver knows; that a name may lead elsewhere the second time is shown beside the resolver, in `gatepass-http`.
#[tokio::test]
async fn jwks_uri_with_dns_rebinding() {
    let name = Command::new("uname").arg("-n").output().expect("uname");
    let name = String::from_utf8(name.stdout).expect("a name");
    let name = name.trim_end();
    assert!(name != "localhost", "this machine needs a name of its own");
    let neighbour = Neighbour::at((name, 0), ok("{}")).await;
    let world = open(false).await;
    let port = neighbour.address.port();
    for name in [name.to_owned(), name.to_uppercase(), format!("{name}.")] {
        fails(&world, &format!("https://{name}:{port}/jwks")).await;
    }
    let plain = Pairs::of(&[("client_id", "nobody")]);
    let alive = world.send(Call::post("/oauth/token").form(&plain)).await;
    assert_eq!(alive.status, 400, "{alive:?}");
    assert_eq!(neighbour.heard(), [""; 0]);
}
