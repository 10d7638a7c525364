//! WebSockets and events, with a token on them.

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server;
use tokio_tungstenite::{accept_hdr_async, connect_async};

use crate::stage::{Api, listen, proxy, send, serve};

#[expect(
    clippy::result_large_err,
    clippy::unnecessary_wraps,
    reason = "the library's signature"
)]
fn with_token(
    request: &server::Request,
    response: server::Response,
) -> Result<server::Response, http::Response<Option<String>>> {
    assert_eq!(request.headers()["authorization"], "Bearer t0");
    Ok(response)
}

#[tokio::test]
async fn a_websocket_is_opened_with_the_token() {
    let api = Api::start().await;
    let listener = listen().await;
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut socket = accept_hdr_async(stream, with_token)
            .await
            .expect("a WebSocket");
        while let Some(Ok(message)) = socket.next().await {
            socket.send(message).await.expect("sent");
        }
    });
    let proxy = proxy(api.session(&[&origin]), &origin, |_| {}).await;
    let (mut socket, _) = connect_async(format!("ws://{proxy}/chat"))
        .await
        .expect("a WebSocket");
    for word in ["one", "two"] {
        socket.send(Message::text(word)).await.expect("sent");
        let said = socket.next().await.expect("a message").expect("whole");
        assert_eq!(said, Message::text(word));
    }
}

#[tokio::test]
async fn each_event_arrives_before_the_next_is_sent() {
    let api = Api::start().await;
    let (events, pieces) = mpsc::channel::<Bytes>(1);
    let pieces = std::sync::Arc::new(tokio::sync::Mutex::new(pieces));
    let listener = listen().await;
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(async move |headers: HeaderMap| {
        assert_eq!(headers["authorization"], "Bearer t0");
        Body::from_stream(futures_util::stream::unfold(pieces, async |pieces| {
            let piece = pieces.lock().await.recv().await?;
            Some((Ok::<_, std::io::Error>(piece), pieces))
        }))
    });
    serve(listener, router);
    let proxy = proxy(api.session(&[&origin]), &origin, |_| {}).await;
    let request = Request::get("/events")
        .body(Body::empty())
        .expect("a request");
    let mut answer = send(proxy, request).await;
    for number in 0..3 {
        let event = Bytes::from(format!("data: {number}\n\n"));
        events.send(event.clone()).await.expect("sent");
        let frame = answer.frame().await.expect("a frame").expect("whole");
        assert_eq!(frame.into_data().expect("data"), event);
    }
}
