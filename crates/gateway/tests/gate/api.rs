//! The API behind the gate. It has no protection of its own, and tells what it got.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, Method, Request, Response, Uri};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// An answer in JSON.
pub(crate) type Document = ([(HeaderName, &'static str); 1], String);

pub(crate) fn document(value: &Value) -> Document {
    ([(CONTENT_TYPE, "application/json")], value.to_string())
}

/// Starts it.
pub(crate) async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().fallback(echo);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Document {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let names = headers.keys().map(|name| {
        let values: Vec<String> = headers.get_all(name).iter().map(text).collect();
        (name.to_string(), values.join(" | "))
    });
    let names: serde_json::Map<String, Value> =
        names.map(|(name, value)| (name, value.into())).collect();
    document(&json!({
        "method": method.as_str(),
        "target": uri.to_string(),
        "headers": names,
        "body": String::from_utf8_lossy(&body),
    }))
}

/// One that answers with a stream of events, each when it is told to.
pub(crate) async fn events() -> (SocketAddr, mpsc::Sender<&'static str>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let (say, said) = mpsc::channel::<&'static str>(1);
    let said = std::sync::Arc::new(tokio::sync::Mutex::new(said));
    let answer = move |_: Request<Body>| {
        let said = said.clone();
        async move {
            let events = stream::unfold(said, |said| async move {
                let next = said.lock().await.recv().await?;
                Some((
                    Ok::<_, Infallible>(Bytes::from(format!("data: {next}\n\n"))),
                    said,
                ))
            });
            let response = Response::builder().header("content-type", "text/event-stream");
            response.body(Body::from_stream(events)).expect("an answer")
        }
    };
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, say)
}

/// One that takes requests and says nothing.
pub(crate) async fn silent() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let router = Router::new().fallback(std::future::pending::<()>);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Where nobody listens.
pub(crate) async fn nowhere() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    listener.local_addr().expect("an address")
}

/// For what must not take for ever.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(30);
    tokio::time::timeout(limit, what).await.expect("in time")
}
