//! What operators see: health, readiness, metrics, and the name of a request.

use std::net::SocketAddr;

use gatepass_server::Server;

use crate::wire::{Answer, Call};
use crate::world::{World, authorize, config, free_port};

async fn world() -> (World, SocketAddr) {
    let folder = tempfile::tempdir().expect("a folder");
    let operations = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut config = config(folder.path());
    config.dev = true;
    config.operations = Some(operations);
    let world = World::start(folder, config).await.expect("it starts");
    (world, operations)
}

async fn ask(address: SocketAddr, path: &str) -> Answer {
    Call::get(path).send(address).await
}

fn body(answer: &Answer) -> String {
    answer.body.clone()
}

#[tokio::test]
async fn a_server_that_runs_is_healthy_and_ready() {
    let (world, operations) = world().await;
    for (path, said) in [("/health", "ok\n"), ("/ready", "ready\n")] {
        let answer = ask(operations, path).await;
        assert_eq!((answer.status, body(&answer)), (200, said.to_owned()));
        let public = world.send(Call::get(path)).await;
        assert_eq!(public.status, 404, "only operators are told");
    }
    assert_eq!(world.send(Call::get("/metrics")).await.status, 404);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_nothing_of_theirs_is_kept() {
    let (world, operations) = world().await;
    world.send(Call::get("/jwks.json")).await;
    world.send(Call::get("/jwks.json")).await;
    let query = world.request().with("state", "s3cret");
    world.send(Call::get(authorize(&query))).await;
    world.send(Call::get("/no/such/path/s3cret")).await;
    let metrics = body(&ask(operations, "/metrics").await);
    let line = "gatepass_requests_total{route=\"/jwks.json\",method=\"GET\",status=\"200\"} 2";
    assert!(metrics.contains(line), "{metrics}");
    let line = "gatepass_request_seconds_count{route=\"/oauth/authorize\"} 1";
    assert!(metrics.contains(line), "{metrics}");
    for absent in ["s3cret", "no/such"] {
        assert!(!metrics.contains(absent), "{metrics}");
    }
}

#[tokio::test]
async fn each_answer_names_its_request_and_no_name_is_taken_over() {
    let (world, _) = world().await;
    let mut names = Vec::new();
    for _ in 0..3 {
        let call = Call::get("/jwks.json").header("x-request-id", "mine");
        let answer = world.send(call).await;
        let name = answer.header("x-request-id").expect("a name").to_owned();
        assert!(name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit()));
        assert!(!names.contains(&name));
        names.push(name);
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_said() {
    let (world, operations) = world().await;
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config(folder.path());
    config.operations = Some(operations);
    let error = Server::bind(&config).await.err().expect("refused");
    assert!(
        error.to_string().contains(&operations.to_string()),
        "{error}"
    );
    drop(world);
}
