//! WebSockets, from end to end.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use gatepass_gateway::UpstreamSettings;
use http::{HeaderValue, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{accept_hdr_async, connect_async};

use crate::stage::{canned, echo, proxy, proxy_of, raw, settings};

/// A server that says everything back, and tells when a connection has ended.
async fn parrot() -> (SocketAddr, oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (ended, end) = oneshot::channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut socket = accept_hdr_async(stream, agree).await.expect("a WebSocket");
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() && socket.send(message).await.is_err() {
                break;
            }
        }
        let _ = ended.send(());
    });
    (address, end)
}

#[expect(
    clippy::result_large_err,
    clippy::unnecessary_wraps,
    reason = "the library's signature"
)]
fn agree(
    request: &Request,
    mut response: Response,
) -> Result<Response, http::Response<Option<String>>> {
    assert!(request.headers().contains_key("sec-websocket-key"));
    assert!(
        request.headers()["via"]
            .to_str()
            .is_ok_and(|via| via.contains("gatepass"))
    );
    let protocol = HeaderValue::from_static("chat");
    response
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    Ok(response)
}

fn asking(proxy: SocketAddr) -> http::Request<()> {
    let mut request = format!("ws://{proxy}/chat?x")
        .into_client_request()
        .expect("a request");
    let protocol = HeaderValue::from_static("chat");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    request
}

#[tokio::test]
async fn both_ends_are_joined_until_one_closes() {
    let (server, ended) = parrot().await;
    let proxy = proxy_of(server).await;
    let (mut socket, answer) = connect_async(asking(proxy)).await.expect("a WebSocket");
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(answer.headers()["sec-websocket-protocol"], "chat");
    for text in ["one", "two", &"x".repeat(100_000)] {
        socket.send(Message::text(text)).await.expect("sent");
        let said = socket.next().await.expect("a message").expect("whole");
        assert_eq!(said, Message::text(text));
    }
    socket.close(None).await.expect("closed");
    while let Some(Ok(_)) = socket.next().await {}
    ended.await.expect("the other end too");
}

#[tokio::test]
async fn who_leaves_without_a_word_takes_the_other_end_along() {
    let (server, ended) = parrot().await;
    let (socket, _) = connect_async(asking(proxy_of(server).await))
        .await
        .expect("a WebSocket");
    drop(socket);
    ended.await.expect("the other end too");
}

#[tokio::test]
async fn silence_ends_it_where_there_is_a_limit() {
    let (server, ended) = parrot().await;
    let hasty = UpstreamSettings {
        idle_timeout: Duration::from_millis(100),
        ..settings()
    };
    let proxy = proxy(&format!("http://{server}"), hasty).await;
    let (mut socket, _) = connect_async(asking(proxy)).await.expect("a WebSocket");
    assert!(!matches!(socket.next().await, Some(Ok(_))), "closed");
    ended.await.expect("the other end too");
}

#[tokio::test]
async fn who_is_refused_gets_the_answer() {
    let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    let (server, log) = canned(move |_, _| Some(answer.to_owned())).await;
    let error = connect_async(asking(proxy_of(server).await))
        .await
        .expect_err("refused");
    let Error::Http(answer) = error else {
        panic!("{error}")
    };
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(
        log.seen()[0].contains("\r\nupgrade: websocket\r\n"),
        "{:?}",
        log.seen()
    );
}

#[tokio::test]
async fn nothing_else_is_upgraded_to() {
    let server = echo().await;
    for headers in [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n",
        "Connection: Upgrade\r\nUpgrade: tcp\r\n",
    ] {
        let asked = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n");
        let told = raw(proxy_of(server).await, &asked).await;
        assert!(
            told.starts_with("HTTP/1.1 200 ") && !told.contains("upgrade"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn an_upstream_that_agrees_to_something_else_is_502() {
    let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let (server, _) = canned(move |_, _| Some(answer.to_owned())).await;
    let error = connect_async(asking(proxy_of(server).await))
        .await
        .expect_err("refused");
    let Error::Http(answer) = error else {
        panic!("{error}")
    };
    assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
}
