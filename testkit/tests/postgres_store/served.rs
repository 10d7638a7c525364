use std::net::SocketAddr;
use std::path::Path;

use gatepass_server::{Config, Server, StartError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{database, sql};

fn config(database: &str, master_key: Option<&Path>) -> Config {
    Config {
        issuer: Some("https://login.example.com".into()),
        master_key: master_key.map(Into::into),
        ..Config::new(SocketAddr::from(([127, 0, 0, 1], 0)), database)
    }
}

/// Whoever asks either node for the keys gets the same ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_have_the_same_keys() {
    let database = database();
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("master.key");
    let config = config(&database.url, Some(&key));
    let (one, other) = tokio::join!(Server::bind(&config), Server::bind(&config));
    let mut published = Vec::new();
    for node in [one.expect("bound"), other.expect("bound")] {
        let address = node.address();
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(node.run(async move { drop(ended.await) }));
        published.push(keys(address).await);
        drop(end);
        running.await.expect("no panic").expect("it ends in order");
    }
    let [one, other] = published.as_slice() else {
        panic!("two nodes");
    };
    assert!(one.contains("\"kid\""), "{one}");
    assert_eq!(one, other);
}

/// What the node publishes.
async fn keys(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let request = "GET /jwks.json HTTP/1.1\r\nHost: login.example.com\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    body.to_owned()
}

/// A key that is made up for one node alone would open nothing that another one sealed.
#[tokio::test]
async fn without_a_master_key_file_nothing_starts() {
    let database = database();
    let error = Server::bind(&config(&database.url, None)).await.err();
    let Some(StartError::Config(text)) = error else {
        panic!("{error:?}");
    };
    assert!(text.contains("--master-key-file"), "{text}");
    let keys = sql(&database, "SELECT count(*) FROM gatepass.sealed_keys");
    assert_eq!(keys, "0");
}

#[tokio::test]
async fn a_ready_made_set_has_no_place_there() {
    let database = database();
    let dev = Config {
        dev: true,
        ..config(&database.url, None)
    };
    let error = Server::bind(&dev).await.err();
    let Some(StartError::Config(text)) = error else {
        panic!("{error:?}");
    };
    assert!(text.contains("beside the database"), "{text}");
}
