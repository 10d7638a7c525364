//! Upstreams that fail, and clients that do.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use gatepass_gateway::{Upstream, UpstreamError, UpstreamSettings};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::stage::{
    by_hand, canned, client, get, proxy, proxy_of, raw, read, send, serve, settings,
};

const SOON: Duration = Duration::from_millis(100);

/// The error of an answer that must have one, and its status.
async fn error(answer: http::Response<hyper::body::Incoming>) -> (u16, String) {
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let (status, text) = read(answer).await;
    let told: Value = serde_json::from_str(&text).expect("JSON");
    assert!(
        told["error_description"]
            .as_str()
            .is_some_and(|text| text.len() > 10),
        "{told}"
    );
    (status, told["error"].as_str().expect("a word").to_owned())
}

fn of(status: u16, word: &str) -> (u16, String) {
    (status, word.to_owned())
}

#[tokio::test]
async fn nobody_there_is_502() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let proxy = proxy_of(address).await;
    assert_eq!(error(get(proxy, "/").await).await, of(502, "bad_gateway"));
}

#[tokio::test]
async fn no_answer_is_504() {
    let server = serve(Router::new().fallback(async || std::future::pending::<()>().await));
    let hasty = UpstreamSettings {
        answer_timeout: SOON,
        ..settings()
    };
    let proxy = proxy(&format!("http://{}", server.await), hasty).await;
    assert_eq!(
        error(get(proxy, "/").await).await,
        of(504, "gateway_timeout")
    );
}

#[tokio::test]
async fn no_handshake_is_504() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let hasty = UpstreamSettings {
        connect_timeout: SOON,
        ..settings()
    };
    let proxy = proxy(&format!("https://{address}"), hasty).await;
    assert_eq!(
        error(get(proxy, "/").await).await,
        of(504, "gateway_timeout")
    );
}

#[tokio::test]
async fn a_client_that_sends_no_more_is_408() {
    let server = serve(Router::new().fallback(async |body: Bytes| body));
    let hasty = UpstreamSettings {
        answer_timeout: SOON,
        ..settings()
    };
    let proxy = proxy(&format!("http://{}", server.await), hasty).await;
    let told = raw(
        proxy,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
    )
    .await;
    assert!(told.starts_with("HTTP/1.1 408 "), "{told}");
}

#[tokio::test]
async fn a_slow_upload_is_no_silence() {
    let server = serve(Router::new().fallback(async |body: Bytes| body.len().to_string()));
    let hasty = UpstreamSettings {
        answer_timeout: SOON * 10,
        ..settings()
    };
    let proxy = proxy(&format!("http://{}", server.await), hasty).await;
    let (pieces, body) = by_hand();
    let request = Request::post(format!("http://{proxy}/"))
        .body(body)
        .expect("a request");
    let answer = tokio::spawn(client().request(request));
    for _ in 0..15 {
        pieces.send(Bytes::from("x")).await.expect("sent");
        tokio::time::sleep(SOON).await;
    }
    drop(pieces);
    assert_eq!(
        read(answer.await.expect("ended").expect("an answer")).await,
        of(200, "15")
    );
}

#[tokio::test]
async fn an_answer_that_stops_is_cut_off() {
    let hasty = UpstreamSettings {
        idle_timeout: SOON,
        ..settings()
    };
    let (server, _) =
        canned(|_, _| Some("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_owned())).await;
    let mut answer = get(proxy(&format!("http://{server}"), hasty).await, "/").await;
    assert_eq!(
        answer
            .frame()
            .await
            .expect("a frame")
            .expect("whole")
            .into_data()
            .expect("data"),
        "half"
    );
    assert!(
        answer.frame().await.expect("an end").is_err(),
        "silent for too long"
    );
}

#[tokio::test]
async fn an_upstream_that_dies_is_no_end_of_an_answer() {
    for head in [
        "Content-Length: 10\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let proxy = proxy_of(listener.local_addr().expect("an address")).await;
        let asking = tokio::spawn(get(proxy, "/"));
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut asked = [0; 1024];
        assert!(stream.read(&mut asked).await.expect("read") > 0);
        let written = format!("HTTP/1.1 200 OK\r\n{head}");
        stream.write_all(written.as_bytes()).await.expect("written");
        let mut answer = asking.await.expect("an answer");
        let first = answer.frame().await.expect("a frame").expect("whole");
        assert_eq!(first.into_data().expect("data"), "half");
        drop(stream);
        assert!(answer.frame().await.expect("an end").is_err(), "{head}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_502() {
    for answer in [
        "SSH-2.0-OpenSSH\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad Name: 1\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ] {
        let (server, _) = canned(move |_, _| Some(answer.to_owned())).await;
        let answered = get(proxy_of(server).await, "/").await;
        assert_eq!(error(answered).await, of(502, "bad_gateway"), "{answer:?}");
    }
}

/// A server that answers the first request, and closes the connection on the second.
async fn tired() -> (std::net::SocketAddr, crate::stage::Log) {
    canned(|number, _| {
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        (number != 2).then(|| ok.to_owned())
    })
    .await
}

#[tokio::test]
async fn a_connection_that_is_closed_under_a_request_that_changes_nothing_is_replaced() {
    let (server, log) = tired().await;
    let proxy = proxy_of(server).await;
    assert_eq!(read(get(proxy, "/one").await).await, of(200, "ok"));
    assert_eq!(read(get(proxy, "/two").await).await, of(200, "ok"));
    let lines: Vec<String> = log
        .seen()
        .iter()
        .map(|head| head.lines().next().unwrap_or("").to_owned())
        .collect();
    assert_eq!(
        lines,
        [
            "GET /one HTTP/1.1",
            "GET /two HTTP/1.1",
            "GET /two HTTP/1.1"
        ]
    );
}

#[tokio::test]
async fn what_may_have_changed_something_is_not_sent_again() {
    for (method, body) in [("POST", ""), ("DELETE", ""), ("GET", "body")] {
        let (server, log) = tired().await;
        let proxy = proxy_of(server).await;
        get(proxy, "/one").await;
        let request = Request::builder()
            .method(method)
            .uri("/two")
            .body(Body::from(body));
        let answer = send(proxy, request.expect("a request")).await;
        assert_eq!(error(answer).await, of(502, "bad_gateway"));
        assert_eq!(log.seen().len(), 2, "{method}");
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_is_no_request() {
    let (server, log) = canned(|_, _| Some(String::new())).await;
    let proxy = proxy_of(server).await;
    let mut stream = TcpStream::connect(proxy).await.expect("connected");
    let half = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha";
    stream.write_all(half.as_bytes()).await.expect("written");
    while log.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(stream);
    // The proxy goes on with others.
    assert_eq!(
        get(proxy_of(crate::stage::echo().await).await, "/")
            .await
            .status(),
        StatusCode::OK
    );
    assert!(
        !log.seen()[0].contains("\r\n0\r\n"),
        "no end of the body was made up"
    );
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let made =
        |settings| Upstream::new(&"http://a.example".parse().expect("a URL"), settings).err();
    let root = |pem: &str| UpstreamSettings {
        extra_roots: vec![pem.as_bytes().to_vec()],
        ..settings()
    };
    assert_eq!(made(root("")), Some(UpstreamError::Root));
    assert_eq!(
        made(root("-----BEGIN CERTIFICATE-----\n!")),
        Some(UpstreamError::Root)
    );
    let both = UpstreamSettings {
        http2: true,
        keep_host: true,
        ..settings()
    };
    assert_eq!(made(both), Some(UpstreamError::HostOverHttp2));
}
