//! Keys that a client publishes at its `jwks_uri`: fetched, remembered, and never where they may not be fetched from.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gatepass_proto::decide::details::ClientDetails;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::prover::{Prover, ask, by_assertion, robot};
use crate::wire::Answer;
use crate::world::World;

/// A server that gives everybody the same answer, and counts.
pub(crate) struct Published {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Published {
    async fn answering(answer: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let mut seen = [0; 4096];
                let _ = stream.read(&mut seen).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { address, asked }
    }

    async fn of(prover: &Prover) -> Self {
        Self::json(&prover.jwks()).await
    }

    pub(crate) async fn json(document: &Value) -> Self {
        Self::answering(ok(&document.to_string())).await
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn uri(&self) -> String {
        format!("http://{}/jwks", self.address)
    }
}

fn ok(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

async fn client(world: &World, uri: String) -> String {
    let details = ClientDetails {
        jwks_uri: Some(uri),
        ..ClientDetails::default()
    };
    let new = robot(Some("private_key_jwt"), details);
    let (client, _) = world.admin().await.add_client(new).await.expect("a client");
    client.client_id.to_string()
}

async fn at_home() -> World {
    World::with(|config| config.outbound.allow_private_hosts = true).await
}

async fn show(world: &World, prover: &Prover, client_id: &str) -> Answer {
    let draft = prover.assertion(client_id, &world.issuer);
    ask(world, &by_assertion(&prover.sign(&draft))).await
}

#[tokio::test]
async fn published_keys_are_fetched_once() {
    let world = at_home().await;
    let prover = Prover::new();
    let published = Published::of(&prover).await;
    let client_id = client(&world, published.uri()).await;
    for _ in 0..3 {
        show(&world, &prover, &client_id).await.good();
    }
    assert_eq!(published.asked(), 1);
}

/// What needs no key is looked at first, and a flood of invented ids costs the client's server nothing.
#[tokio::test]
async fn strangers_send_nobody_to_a_client() {
    let world = at_home().await;
    let (prover, stranger) = (Prover::new(), Prover::new());
    let published = Published::of(&prover).await;
    let client_id = client(&world, published.uri()).await;
    let stale = stranger
        .assertion(&client_id, &world.issuer)
        .claim("exp", 1);
    let answer = ask(&world, &by_assertion(&stranger.sign(&stale))).await;
    answer.refused(401, "invalid_client");
    assert_eq!(published.asked(), 0);
    for _ in 0..5 {
        let answer = show(&world, &Prover::new(), &client_id).await;
        answer.refused(401, "invalid_client");
    }
    assert_eq!(published.asked(), 1);
    show(&world, &prover, &client_id).await.good();
}

#[tokio::test]
async fn keys_that_cannot_be_had_let_nobody_in() {
    let world = at_home().await;
    let prover = Prover::new();
    let good = Published::of(&prover).await;
    let moved = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        good.uri()
    );
    let huge = format!("{{\"keys\":[],\"x\":\"{}\"}}", "x".repeat(300 * 1024));
    for answer in [
        ok("no JSON"),
        ok("{}"),
        ok(&huge),
        moved,
        "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned(),
        String::new(),
    ] {
        let published = Published::answering(answer.clone()).await;
        let client_id = client(&world, published.uri()).await;
        let said = show(&world, &prover, &client_id).await;
        assert_eq!(said.status, 503, "{answer:.60}: {said:?}");
        said.refused(503, "temporarily_unavailable");
        assert!(published.asked() > 0);
    }
    assert_eq!(good.asked(), 0, "no redirect is followed");
    let nowhere = client(&world, "http://127.0.0.1:1/jwks".to_owned()).await;
    let said = show(&world, &prover, &nowhere).await;
    said.refused(503, "temporarily_unavailable");
    // A set without the key is no failure of anybody's but the client's.
    let empty = Published::answering(ok(r#"{"keys":[]}"#)).await;
    let client_id = client(&world, empty.uri()).await;
    show(&world, &prover, &client_id)
        .await
        .refused(401, "invalid_client");
}

/// Server-side request forgery: a client must not send the server to this machine or its neighbours.
#[tokio::test]
async fn a_client_cannot_send_the_server_home() {
    let world = World::with(|_| ()).await;
    let prover = Prover::new();
    let published = Published::of(&prover).await;
    let port = published.address.port();
    for uri in [
        published.uri(),
        format!("http://localhost:{port}/jwks"),
        format!("http://[::1]:{port}/jwks"),
        format!("https://127.0.0.1:{port}/jwks"),
        format!("https://[::ffff:127.0.0.1]:{port}/jwks"),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://10.0.0.1/jwks".to_owned(),
    ] {
        let client_id = client(&world, uri.clone()).await;
        let answer = show(&world, &prover, &client_id).await;
        assert_eq!(answer.status, 503, "{uri}: {answer:?}");
    }
    assert_eq!(published.asked(), 0);
}
