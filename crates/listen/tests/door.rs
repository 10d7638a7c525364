//! Doors on real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::routing::get;
use bytes::Bytes;
use gatepass_listen::{Door, Seal, bind, named, serve};
use hyper::body::Frame;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A door that is open.
struct Open {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Open {
    fn to(router: Router) -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let (listener, address) = bind(loopback).expect("a port");
        let (stop, stopped) = oneshot::channel();
        let door = Door {
            listener,
            router: named(router),
            seal: Seal::None,
        };
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            serve([door], stopped).await
        });
        Self {
            address,
            stop,
            serving,
        }
    }

    async fn ask(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("connected");
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream
    }
}

async fn until(stream: &mut TcpStream, wanted: &[u8]) -> Vec<u8> {
    let mut heard = Vec::new();
    while !heard.windows(wanted.len()).any(|part| part == wanted) {
        let read = timeout(PATIENCE, stream.read_buf(&mut heard)).await;
        let count = read.expect("in time").expect("read");
        assert!(count > 0, "{}", heard.escape_ascii());
    }
    heard
}

/// Bytes that come when they are sent.
fn pieces() -> (mpsc::Sender<&'static [u8]>, Body) {
    let (sender, mut receiver) = mpsc::channel(1);
    let stream = futures_util::stream::poll_fn(move |cx| {
        receiver.poll_recv(cx).map(|piece| {
            piece.map(|bytes| Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(bytes))))
        })
    });
    (sender, Body::new(http_body_util::StreamBody::new(stream)))
}

#[tokio::test]
async fn a_stream_ends_in_order_when_the_door_closes() {
    let (sender, body) = pieces();
    let body = std::sync::Arc::new(std::sync::Mutex::new(Some(body)));
    let open = Open::to(Router::new().route(
        "/",
        get(move || async move { body.lock().expect("whole").take().expect("once") }),
    ));
    let mut stream = open.ask("/").await;
    sender.send(b"one").await.expect("sent");
    until(&mut stream, b"one").await;
    open.stop.send(()).expect("told");
    while TcpStream::connect(open.address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    sender.send(b"two").await.expect("sent");
    drop(sender);
    let heard = until(&mut stream, b"0\r\n\r\n").await;
    assert!(heard.windows(3).any(|part| part == b"two"));
    let ended = timeout(PATIENCE, open.serving).await.expect("in time");
    ended.expect("no panic").expect("no error");
}

#[tokio::test]
async fn requests_know_where_they_come_from_and_have_a_name() {
    let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() };
    let router = Router::new().route("/peer", get(peer));
    let open = Open::to(router.route("/panic", get(panics)));
    let mut stream = open.ask("/peer").await;
    let own = stream.local_addr().expect("an address").to_string();
    let heard = until(&mut stream, own.as_bytes()).await;
    let heard = String::from_utf8(heard).expect("text");
    assert!(heard.contains("\r\nx-request-id: "), "{heard}");
    let mut stream = open.ask("/panic").await;
    until(&mut stream, b"500 ").await;
}

async fn panics() {
    std::panic::resume_unwind(Box::new("for the test"));
}
