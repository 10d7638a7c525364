//! What arrives of a request's head, and of an answer's.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, Response};

use crate::stage::{canned, echo, get, proxy, proxy_of, raw, read, send, serve, settings};

#[tokio::test]
async fn a_request_arrives_as_it_was_sent_but_for_this_hop() {
    let proxy = proxy_of(echo().await).await;
    let request = Request::post("/a/..//%2e%2E;x?b=%20&c=//../").header("x-one", "1");
    let request = request.header("connection", "x-two").header("x-two", "2");
    let request = request
        .header("forwarded", "for=6.6.6.6")
        .header("x_forwarded_for", "6.6.6.6");
    let (status, told) =
        read(send(proxy, request.body(Body::from("text")).expect("a request")).await).await;
    let (head, body) = told.split_once("\n\n").expect("a head");
    let mut lines: Vec<&str> = head.lines().collect();
    let via = lines
        .iter()
        .position(|line| line.starts_with("via: 1.1 gatepass-"))
        .expect("via");
    lines.remove(via);
    let host = lines
        .iter()
        .position(|line| line.starts_with("host: 127.0.0.1:"))
        .expect("host");
    lines.remove(host);
    lines.sort_unstable();
    let expected = [
        "POST /a/..//%2e%2E;x?b=%20&c=//../ HTTP/1.1",
        "content-length: 4",
        "forwarded: for=192.0.2.7;host=\"www.example\";proto=http",
        "x-forwarded-for: 192.0.2.7",
        "x-forwarded-host: www.example",
        "x-forwarded-proto: http",
        "x-one: 1",
    ];
    assert_eq!(
        (status, lines.as_slice(), body),
        (200, &expected[..], "text")
    );
}

#[tokio::test]
async fn the_upstream_is_told_its_own_host_or_the_one_asked_for() {
    let server = echo().await;
    for (keep_host, host) in [
        (false, server.to_string()),
        (true, "www.example:8080".to_owned()),
    ] {
        let settings = gatepass_gateway::UpstreamSettings {
            keep_host,
            ..settings()
        };
        let proxy = proxy(&format!("http://{server}/base/"), settings).await;
        let asked = "GET http://www.example:8080/x HTTP/1.1\r\nHost: www.example:8080\r\nConnection: close\r\n\r\n";
        let told = raw(proxy, asked).await;
        assert!(told.contains(&format!("\nhost: {host}\n")), "{told}");
        assert!(told.contains("GET /base/x HTTP/1.1\n"), "{told}");
    }
}

#[tokio::test]
async fn an_answer_comes_as_it_was_sent_but_for_this_hop() {
    let answer = "HTTP/1.1 302 Over There\r\nLocation: http://elsewhere.example/x\r\nX-One: 1\r\nX-Two: 2\r\n\
                  Set-Cookie: a=b\r\nSet-Cookie: c=d\r\nConnection: keep-alive, X-Two\r\nKeep-Alive: timeout=5\r\n\
                  Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nAlt-Svc: h3=\":443\"\r\nServer: own\r\nDate: then\r\nContent-Length: 2\r\n\r\nok";
    let (server, log) = canned(move |_, _| Some(answer.to_owned())).await;
    let told = raw(
        proxy_of(server).await,
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    .await;
    let mut lines: Vec<&str> = told.lines().collect();
    lines.sort_unstable();
    let expected = [
        "",
        "HTTP/1.1 302 Over There",
        "connection: close",
        "content-length: 2",
        "date: then",
        "location: http://elsewhere.example/x",
        "ok",
        "server: own",
        "set-cookie: a=b",
        "set-cookie: c=d",
        "x-one: 1",
    ];
    assert_eq!(lines, expected);
    assert_eq!(log.seen().len(), 1, "a redirect is an answer");
}

#[tokio::test]
async fn heads_have_their_length_and_no_body() {
    let server = serve(Router::new().fallback(async || "sixteen letters.")).await;
    let request = Request::head("/").body(Body::empty()).expect("a request");
    let answer = send(proxy_of(server).await, request).await;
    assert_eq!(answer.headers()["content-length"], "16");
    assert_eq!(read(answer).await, (200, String::new()));
}

#[tokio::test]
async fn long_heads_are_refused_in_both_directions() {
    let server = serve(Router::new().fallback(async |headers: HeaderMap| {
        let long = headers.get("x-long").is_some();
        let answer = Response::builder().header("x", "y".repeat(if long { 3000 } else { 10 }));
        answer.body(Body::empty()).expect("an answer")
    }));
    let settings = gatepass_gateway::UpstreamSettings {
        max_head: 2000,
        ..settings()
    };
    let proxy = proxy(&format!("http://{}", server.await), settings).await;
    assert_eq!(get(proxy, "/").await.status(), 200);
    assert_eq!(
        get(proxy, &format!("/{}", "x".repeat(2000))).await.status(),
        431
    );
    let request = Request::get("/")
        .header("x", "y".repeat(2000))
        .body(Body::empty());
    assert_eq!(send(proxy, request.expect("a request")).await.status(), 431);
    let request = Request::get("/").header("x-long", "1").body(Body::empty());
    let (status, told) = read(send(proxy, request.expect("a request")).await).await;
    assert_eq!(status, 502);
    assert!(
        told.starts_with("{\"error\":\"bad_gateway\",\"error_description\":"),
        "{told}"
    );
}

#[tokio::test]
async fn a_request_that_comes_round_again_is_stopped() {
    // An upstream that sends everything back to the proxy in front of it.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let between = listener.local_addr().expect("an address");
    let proxy = proxy_of(between).await;
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = tokio::net::TcpStream::connect(proxy)
                    .await
                    .expect("connected");
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    assert_eq!(get(proxy, "/").await.status(), 508);
}
