//! Who may use the proxy.

use axum::body::Body;
use gatepass_client::Secret;
use gatepass_gateway::InjectSettings;
use http::Request;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::stage::{Api, error, proxy, send};

/// The first line of the answer to a request of these bytes.
async fn raw(proxy: std::net::SocketAddr, bytes: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(proxy)
        .await
        .expect("connected");
    stream.write_all(bytes.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn it_answers_by_the_names_of_this_machine_alone() {
    let api = Api::start().await;
    let proxy = api.proxy().await;
    let port = proxy.port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), "200"),
        (format!("LocalHost:{port}"), "200"),
        (format!("[::1]:{port}"), "200"),
        ("127.0.0.1".to_owned(), "421"),
        (format!("127.0.0.1:{}", port ^ 1), "421"),
        (format!("rebound.example:{port}"), "421"),
        (format!("127.0.0.1.rebound.example:{port}"), "421"),
        (format!("localhost.:{port}"), "421"),
        (String::new(), "421"),
    ] {
        let line = raw(
            proxy,
            &format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        )
        .await;
        assert!(
            line.starts_with(&format!("HTTP/1.1 {status}")),
            "{host}: {line}"
        );
    }
    for (target, status) in [
        (format!("http://127.0.0.1:{port}/"), "200"),
        ("http://api.example/".to_owned(), "421"),
    ] {
        let asked =
            format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        let line = raw(proxy, &asked).await;
        assert!(
            line.starts_with(&format!("HTTP/1.1 {status}")),
            "{target}: {line}"
        );
    }
    let none = raw(proxy, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(none.contains(" 421 "), "{none}");
}

#[tokio::test]
async fn pages_of_other_sites_get_nothing() {
    let api = Api::start().await;
    let allow = |settings: &mut InjectSettings| {
        settings.allowed_origins = vec!["https://app.example".into()]
    };
    let proxy = proxy(api.session(&[&api.origin]), &api.origin, allow).await;
    let own = format!("http://localhost:{}", proxy.port());
    for (lines, status) in [
        (&[("origin", own.as_str())][..], 200),
        (
            &[
                ("origin", "https://app.example"),
                ("sec-fetch-site", "cross-site"),
            ],
            200,
        ),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "https://app.example.evil.example")], 403),
        (&[("origin", "null")], 403),
        (
            &[("origin", own.as_str()), ("origin", "https://evil.example")],
            403,
        ),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("sec-fetch-site", "none")], 200),
        (&[("sec-fetch-site", "same-origin")], 200),
    ] {
        let mut request = Request::get("/");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let answer = send(proxy, request.body(Body::empty()).expect("a request")).await;
        assert_eq!(answer.status(), status, "{lines:?}");
        assert!(
            answer
                .headers()
                .get("access-control-allow-origin")
                .is_none()
        );
    }
    let desk = api.desk();
    assert_eq!(
        desk.seen[0].0["origin"],
        api.origin.as_str(),
        "its own address is the upstream's"
    );
    assert_eq!(desk.seen[1].0["origin"], "https://app.example");
}

#[tokio::test]
async fn a_key_is_shown_wherever_a_program_can_put_one() {
    let api = Api::start().await;
    let key = |settings: &mut InjectSettings| settings.key = Some(Secret::new("sesame"));
    let proxy = proxy(api.session(&[&api.origin]), &api.origin, key).await;
    for (name, value, status) in [
        ("x-gatepass-key", "sesame", 200),
        ("authorization", "Bearer sesame", 200),
        ("authorization", "Basic eDpzZXNhbWU=", 200),
        ("proxy-authorization", "Bearer sesame", 200),
        ("x-gatepass-key", "sesam", 401),
        ("x-gatepass-key", "", 401),
        ("authorization", "Bearer t0", 401),
        ("authorization", "Basic c2VzYW1lOng=", 401),
        ("x-one", "sesame", 401),
    ] {
        let request = Request::get("/").header(name, value).body(Body::empty());
        let answer = send(proxy, request.expect("a request")).await;
        assert_eq!(answer.status(), status, "{name}: {value}");
        if status == 401 {
            assert!(answer.headers().contains_key("www-authenticate"));
            assert_eq!(error(answer).await.1, "invalid_key");
        }
    }
    let desk = api.desk();
    assert_eq!(desk.seen.len(), 4);
    let told = format!("{:?}", desk.seen);
    assert!(
        !told.contains("sesame") && !told.contains("eDpzZXNhbWU"),
        "{told}"
    );
}

#[tokio::test]
async fn tokens_are_not_sent_back() {
    let api = Api::start().await;
    let proxy = api.proxy().await;
    let line = format!("TRACE / HTTP/1.1\r\nHost: {proxy}\r\nConnection: close\r\n\r\n");
    assert!(raw(proxy, &line).await.contains(" 501 "));
    assert_eq!(api.desk().seen.len(), 0);
}
