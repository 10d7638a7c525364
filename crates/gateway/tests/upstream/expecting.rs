//! `Expect: 100-continue`.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::stage::{echo, proxy_of, raw};

const ASKED: &str = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";

async fn asking(proxy: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(proxy).await.expect("connected");
    stream.write_all(ASKED.as_bytes()).await.expect("written");
    stream
}

async fn some(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 4096];
    let count = stream.read(&mut bytes).await.expect("read");
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

#[tokio::test]
async fn the_body_is_asked_for_when_the_upstream_wants_it() {
    let mut stream = asking(proxy_of(echo().await).await).await;
    assert_eq!(some(&mut stream).await, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"text").await.expect("written");
    let mut told = String::new();
    stream.read_to_string(&mut told).await.expect("an answer");
    assert!(told.starts_with("HTTP/1.1 200 OK\r\n"), "{told}");
    assert!(
        told.contains("\nexpect: 100-continue\n") && told.ends_with("\n\ntext"),
        "{told}"
    );
}

#[tokio::test]
async fn a_refusal_comes_before_the_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = proxy_of(listener.local_addr().expect("an address")).await;
    let mut stream = asking(proxy).await;
    let (mut upstream, _) = listener.accept().await.expect("a connection");
    let head = some(&mut upstream).await;
    assert!(head.ends_with("\r\n\r\n"), "no body yet: {head}");
    let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 5\r\n\r\nnever";
    upstream
        .write_all(refusal.as_bytes())
        .await
        .expect("written");
    let mut told = String::new();
    stream.read_to_string(&mut told).await.expect("an answer");
    assert!(
        told.starts_with("HTTP/1.1 401 "),
        "nothing before it: {told}"
    );
    assert!(told.ends_with("\r\n\r\nnever"), "{told}");
    let mut rest = Vec::new();
    let _ = upstream.read_to_end(&mut rest).await;
    assert_eq!(rest, b"", "the body was never sent");
}

#[tokio::test]
async fn an_upstream_that_does_not_know_of_it_gets_the_body_all_the_same() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let proxy = proxy_of(listener.local_addr().expect("an address")).await;
    let mut stream = asking(proxy).await;
    let (mut upstream, _) = listener.accept().await.expect("a connection");
    let serving = tokio::spawn(async move {
        let mut read = String::new();
        while !read.ends_with("text") {
            read.push_str(&some(&mut upstream).await);
        }
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        upstream
            .write_all(answer.as_bytes())
            .await
            .expect("written");
        upstream
    });
    assert_eq!(some(&mut stream).await, "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"text").await.expect("written");
    let mut told = String::new();
    stream.read_to_string(&mut told).await.expect("an answer");
    assert!(
        told.starts_with("HTTP/1.1 200 OK\r\n") && told.ends_with("ok"),
        "{told}"
    );
    serving.await.expect("served");
}

#[tokio::test]
async fn other_expectations_are_not_met() {
    let proxy = proxy_of(echo().await).await;
    let told = raw(proxy, &ASKED.replace("100-continue", "a-miracle")).await;
    assert!(told.starts_with("HTTP/1.1 417 "), "{told}");
}
