//! Bodies, which stream through.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use gatepass_gateway::UpstreamSettings;
use http::Request;
use http_body_util::BodyExt as _;
use tokio::sync::Notify;

use crate::stage::{canned, client, echo, get, proxy, proxy_of, raw, read, send, serve, settings};

const PIECE: usize = 64 * 1024;
const PIECES: usize = 800;

/// 50 MB in pieces, and how many have been asked for.
fn large() -> (Body, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let own = taken.clone();
    let pieces = (0..PIECES).map(move |_| {
        own.fetch_add(1, Ordering::SeqCst);
        Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; PIECE]))
    });
    (Body::from_stream(futures_util::stream::iter(pieces)), taken)
}

/// Comes back when no more pieces are taken, with how many were.
async fn settled(taken: &AtomicUsize) -> usize {
    let mut before = usize::MAX;
    loop {
        let now = taken.load(Ordering::SeqCst);
        if now == before && now > 0 {
            return now;
        }
        before = now;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn an_upload_is_read_no_faster_than_it_is_taken() {
    let go = Arc::new(Notify::new());
    let own = go.clone();
    let server = serve(Router::new().fallback(async move |request: Request<Body>| {
        own.notified().await;
        assert!(request.headers().get("content-length").is_none());
        let mut body = request.into_body();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            length += frame.expect("a frame").into_data().expect("data").len();
        }
        length.to_string()
    }));
    let proxy = proxy_of(server.await).await;
    let (body, taken) = large();
    let request = Request::post(format!("http://{proxy}/"))
        .body(body)
        .expect("a request");
    let answer = tokio::spawn(client().request(request));
    let held = settled(&taken).await;
    assert!(held < PIECES / 2, "{held} pieces are held");
    go.notify_one();
    let answer = answer.await.expect("ended").expect("an answer");
    assert_eq!(read(answer).await, (200, (PIECE * PIECES).to_string()));
}

#[tokio::test]
async fn a_download_is_read_no_faster_than_it_is_taken() {
    let (body, taken) = large();
    let body = std::sync::Mutex::new(Some(body));
    let body = Arc::new(body);
    let server = serve(
        Router::new().fallback(async move || body.lock().expect("whole").take().expect("once")),
    );
    let mut answer = get(proxy_of(server.await).await, "/").await;
    let held = settled(&taken).await;
    assert!(held < PIECES / 2, "{held} pieces are held");
    let mut length = 0;
    while let Some(frame) = answer.frame().await {
        length += frame.expect("a frame").into_data().expect("data").len();
    }
    assert_eq!(length, PIECE * PIECES);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_however_it_comes() {
    let limit = UpstreamSettings {
        max_request_body: Some(10),
        ..settings()
    };
    let proxy = proxy(&format!("http://{}", echo().await), limit).await;
    let streamed = |text: &'static str| {
        let pieces = text
            .as_bytes()
            .chunks(4)
            .map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
        Body::from_stream(futures_util::stream::iter(pieces))
    };
    for (body, status) in [
        (Body::from("ten digits"), 200),
        (Body::from("more than ten"), 413),
        (streamed("ten digits"), 200),
        (streamed("more than ten"), 413),
    ] {
        let request = Request::post("/").body(body).expect("a request");
        let (own, told) = read(send(proxy, request).await).await;
        assert_eq!(own, status, "{told}");
        assert_eq!(status == 413, told.contains("request_too_large"), "{told}");
    }
}

#[tokio::test]
async fn trailers_pass_unless_they_belong_to_the_head() {
    let proxy = proxy_of(echo().await).await;
    let asked = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\
                 Trailer: X-Sum, X-Gatepass-Subject, X_Forwarded_For, Authorization\r\n\r\n\
                 2\r\nok\r\n0\r\nX-Sum: 7\r\nX-Gatepass-Subject: root\r\nX_Forwarded_For: 6.6.6.6\r\nAuthorization: y\r\n\r\n";
    let told = raw(proxy, asked).await;
    assert!(
        told.contains("trailers: {\"x-sum\": \"7\"}\n\nok"),
        "{told}"
    );
}

#[tokio::test]
async fn trailers_of_an_answer_pass() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n";
    let (server, log) = canned(move |_, _| Some(answer.to_owned())).await;
    let asked = "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n";
    let told = raw(proxy_of(server).await, asked).await;
    assert!(told.ends_with("0\r\nx-sum: 7\r\n\r\n"), "{told}");
    assert!(
        log.seen()[0].contains("\r\nte: trailers\r\n"),
        "{:?}",
        log.seen()
    );
}
