//! Servers, proxies in front of them, and clients.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use bytes::Bytes;
use futures_util::Stream;
use gatepass_gateway::{Client, Upstream, UpstreamSettings};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Serves a router on a port of its own, in HTTP/1.1 and HTTP/2.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await.expect("served") });
    address
}

/// A server that answers with its request's head as text.
pub(crate) async fn echo() -> SocketAddr {
    serve(Router::new().fallback(told)).await
}

/// A request's line and headers, one a line, and its body.
pub(crate) async fn told(request: Request<Body>) -> String {
    let (head, body) = request.into_parts();
    let mut text = format!("{} {} {:?}\n", head.method, head.uri, head.version);
    for (name, value) in &head.headers {
        text.push_str(&format!(
            "{name}: {}\n",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    let body = body.collect().await.expect("a body");
    if let Some(trailers) = body.trailers() {
        text.push_str(&format!("trailers: {trailers:?}\n"));
    }
    let body = body.to_bytes();
    text + "\n" + &String::from_utf8_lossy(&body)
}

/// A proxy with these settings.
pub(crate) fn settings() -> UpstreamSettings {
    UpstreamSettings::default()
}

/// A proxy in front of `url`.
pub(crate) async fn proxy(url: &str, settings: UpstreamSettings) -> SocketAddr {
    let upstream = Upstream::new(&url.parse().expect("a URL"), settings).expect("an upstream");
    serve(Router::new().fallback(forward).with_state(upstream)).await
}

/// The same in front of a server.
pub(crate) async fn proxy_of(server: SocketAddr) -> SocketAddr {
    proxy(&format!("http://{server}"), settings()).await
}

async fn forward(State(upstream): State<Upstream>, request: Request<Body>) -> Response<Body> {
    let client = Client {
        address: Some([192, 0, 2, 7].into()),
        scheme: "http",
        host: Some("www.example".into()),
        trusted: false,
    };
    upstream.forward(request, &client).await
}

/// A client of HTTP/1.1.
pub(crate) fn client() -> legacy::Client<HttpConnector, Body> {
    legacy::Client::builder(TokioExecutor::new()).build_http()
}

/// A client of HTTP/2 without TLS.
pub(crate) fn client_of_http2() -> legacy::Client<HttpConnector, Body> {
    legacy::Client::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http()
}

/// The answer to a request for `path`.
pub(crate) async fn get(proxy: SocketAddr, path: &str) -> Response<Incoming> {
    send(
        proxy,
        Request::get(path).body(Body::empty()).expect("a request"),
    )
    .await
}

/// The answer to a request whose URI is a path.
pub(crate) async fn send(proxy: SocketAddr, mut request: Request<Body>) -> Response<Incoming> {
    let uri = format!("http://{proxy}{}", request.uri());
    *request.uri_mut() = uri.parse().expect("a URI");
    client().request(request).await.expect("an answer")
}

/// The status and the text of an answer.
pub(crate) async fn read(answer: Response<Incoming>) -> (u16, String) {
    let status = answer.status().as_u16();
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

/// What a server that reads and writes bytes has read.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// What came, each request for itself.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.0.lock().expect("whole").clone()
    }
}

/// A server that writes what `answer` says to the head of the n-th request, byte for byte, and closes the connection where
/// that is nothing. Bodies are not read.
pub(crate) async fn canned(
    answer: impl Fn(usize, &str) -> Option<String> + Send + Sync + 'static,
) -> (SocketAddr, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (log, answer) = (Log::default(), Arc::new(answer));
    let own = log.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (log, answer) = (own.clone(), answer.clone());
            tokio::spawn(async move {
                while let Some(head) = head(&mut stream).await {
                    let number = {
                        let mut seen = log.0.lock().expect("whole");
                        seen.push(head.clone());
                        seen.len()
                    };
                    let answer = answer(number, &head)?;
                    stream.write_all(answer.as_bytes()).await.ok()?;
                }
                Some(())
            });
        }
    });
    (address, log)
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(read).ok()
}

/// Writes these bytes and reads until the other side closes.
pub(crate) async fn raw(proxy: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(proxy).await.expect("connected");
    stream.write_all(bytes.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let _ = tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .expect("closed");
    String::from_utf8(answer).expect("text")
}

/// A body whose pieces are sent by hand.
pub(crate) fn by_hand() -> (mpsc::Sender<Bytes>, Body) {
    let (sender, pieces) = mpsc::channel(1);
    (sender, Body::from_stream(stream(pieces)))
}

fn stream(pieces: mpsc::Receiver<Bytes>) -> impl Stream<Item = Result<Bytes, std::io::Error>> {
    futures_util::stream::unfold(pieces, async |mut pieces| {
        let piece = pieces.recv().await?;
        Some((Ok(piece), pieces))
    })
}
