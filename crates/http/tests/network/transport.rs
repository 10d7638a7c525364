//! protocol messages.

use std::time::{Duration, Instant};

use crate::server::{Act, Server, answer, redirect};
use gatepass_http::{Egress, HttpTransport, Transport as _};
use http::Request;

fn transport() -> HttpTransport {
    let egress = Egress {
        max_answer: 1000,
        timeout: Duration::from_millis(400),
        connect_timeout: Duration::from_millis(300),
        ..Egress::default()
    };
    HttpTransport::new(egress).unwrap()
}

async fn post(url: &str) -> Result<http::Response<Vec<u8>>, String> {
    let request = Request::post(url)
        .header("authorization", "Basic c2VjcmV0")
        .body(b"a=1".to_vec())
        .unwrap();
    transport()
        .send(request)
        .await
        .map_err(|error| error.reason)
}

#[tokio::test]
async fn a_message_and_its_answer() {
    let server = Server::start(|_| answer(400, &[("X-Own", "1")], "no")).await;
    let response = post(&format!("{}/token?x=y", server.url)).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.body().as_slice()),
        (400, b"no".as_slice())
    );
    assert_eq!(response.headers()["x-own"], "1");
    let seen = server.last();
    assert_eq!(
        (
            seen.method.as_str(),
            seen.target.as_str(),
            seen.text().as_str()
        ),
        ("POST", "/token?x=y", "a=1")
    );
    assert_eq!(seen.header("accept-encoding"), Some("identity"));
    assert!(seen.header("user-agent").unwrap().starts_with("gatepass/"));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_posts_nothing_elsewhere() {
    let other = Server::start(|_| answer(200, &[], "{}")).await;
    for status in [301, 302, 303, 307, 308] {
        let to = other.url.clone();
        let server = Server::start(move |_| redirect(status, &to)).await;
        assert_eq!(post(&server.url).await.unwrap().status().as_u16(), status);
    }
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn an_oversized_answer_is_cut_off_announced_or_not() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/announced" => answer(200, &[], "x".repeat(1001)),
        "/fits" => answer(200, &[], "x".repeat(1000)),
        _ => Act::Write(
            format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}",
                "x".repeat(200_000)
            )
            .into_bytes(),
        ),
    })
    .await;
    assert_eq!(
        post(&format!("{}/fits", server.url))
            .await
            .unwrap()
            .body()
            .len(),
        1000
    );
    for path in ["announced", "endless"] {
        let reason = post(&format!("{}/{path}", server.url)).await.unwrap_err();
        assert!(
            reason.ends_with("the answer is larger than 1000 bytes"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn compression_that_nobody_asked_for_is_refused() {
    let server =
        Server::start(|_| answer(200, &[("Content-Encoding", "gzip")], [0x1f, 0x8b, 8, 0])).await;
    assert!(post(&server.url).await.unwrap_err().contains("compressed"));
}

#[tokio::test]
async fn slow_servers_time_out() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/silent" => Act::Hang(Duration::from_secs(5)),
        "/late" => Act::Later(
            Duration::from_millis(100),
            b"HTTP/1.1 204 X\r\n\r\n".to_vec(),
        ),
        _ => Act::Write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".to_vec()),
    })
    .await;
    assert!(
        post(&format!("{}/late", server.url)).await.is_ok(),
        "late is not too late"
    );
    let began = Instant::now();
    let reason = post(&format!("{}/silent", server.url)).await.unwrap_err();
    assert!(reason.ends_with("timed out"), "{reason}");
    assert!(began.elapsed() < Duration::from_secs(2));
    assert!(
        post(&format!("{}/cut-short", server.url)).await.is_err(),
        "a body that ends too early is no answer"
    );
}

#[tokio::test]
async fn failures_name_the_origin_and_no_more() {
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port())
    };
    let reason = post(&format!("{dead}/path?code=hunter2"))
        .await
        .unwrap_err();
    assert!(
        reason.starts_with(&format!("{dead}: cannot connect")) && !reason.contains("hunter2"),
        "{reason}"
    );
    let nonsense = Server::start(|_| Act::Write(b"SSH-2.0-hello\r\n".to_vec())).await;
    assert!(post(&nonsense.url).await.is_err());
}

#[tokio::test]
async fn nothing_goes_out_in_clear_or_with_a_name_in_the_url() {
    for url in [
        "http://192.0.2.1/token",
        "http://example.com/",
        "https://me:pw@localhost:1/",
        "ftp://localhost/",
    ] {
        let began = Instant::now();
        let reason = post(url).await.unwrap_err();
        assert!(
            began.elapsed() < Duration::from_millis(200),
            "{url} must be refused, not tried"
        );
        assert!(!reason.contains("pw"), "{reason}");
    }
}
