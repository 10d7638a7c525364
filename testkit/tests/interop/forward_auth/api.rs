//! The API behind a proxy: it tells what it got, and repeats what it hears over a WebSocket.

use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use axum::http::{HeaderValue, Response, StatusCode};
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::upgrade::{OnUpgrade, on};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// The most bytes of a request's body.
const MAX_BODY: usize = 10_000_000;

/// Where it is.
pub(super) async fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let api = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, api).await });
    Ok(address)
}

async fn answer(mut request: Request) -> Response<Body> {
    let told = told(&request);
    if let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) {
        let accepted = derive_accept_key(key.as_bytes());
        tokio::spawn(repeat(on(&mut request), told));
        return switching(&accepted);
    }
    match to_bytes(request.into_body(), MAX_BODY).await {
        Ok(body) => Response::new(Body::from(format!("{told}body: {} bytes\n", body.len()))),
        Err(error) => Response::new(Body::from(format!("{told}body: {error}\n"))),
    }
}

/// The request's first line and its headers, a line each.
fn told(request: &Request) -> String {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        let _ = writeln!(text, "{name}: {value}");
    }
    text
}

fn switching(accepted: &str) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accepted) = HeaderValue::try_from(accepted) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accepted);
    }
    answer
}

/// Says what it got, and then what it hears.
async fn repeat(joined: OnUpgrade, told: String) {
    let Ok(joined) = joined.await else { return };
    let mut socket =
        WebSocketStream::from_raw_socket(TokioIo::new(joined), Role::Server, None).await;
    let mut next = Message::text(told);
    while socket.send(next).await.is_ok() {
        match socket.next().await {
            Some(Ok(message)) if message.is_text() => next = message,
            _ => return,
        }
    }
}
