//! HTTP/1.1 and HTTP/2 on either side, TLS, and sockets in the file system.

use axum::Router;
use axum::body::Body;
use gatepass_gateway::UpstreamSettings;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use tokio::net::UnixListener;

use crate::sealed::{sealed, trusting};
use crate::stage::{client, client_of_http2, echo, get, proxy, read, serve, settings, told};

#[tokio::test]
async fn over_tls_both_sides_agree_on_a_version() {
    for (protocols, version) in [
        (&["h2", "http/1.1"][..], "HTTP/2.0"),
        (&["http/1.1"], "HTTP/1.1"),
        (&[], "HTTP/1.1"),
    ] {
        let (server, root) = sealed(protocols, Router::new().fallback(told)).await;
        let proxy = proxy(
            &format!("https://localhost:{}", server.port()),
            trusting(root),
        )
        .await;
        let (status, told) = read(get(proxy, "/x").await).await;
        assert_eq!(status, 200, "{told}");
        assert!(
            told.lines()
                .next()
                .is_some_and(|line| line.ends_with(version)),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_kept_host_goes_by_http_1() {
    let (server, root) = sealed(&["h2", "http/1.1"], Router::new().fallback(told)).await;
    let keeping = UpstreamSettings {
        keep_host: true,
        ..trusting(root)
    };
    let proxy = proxy(&format!("https://localhost:{}", server.port()), keeping).await;
    let (_, told) = read(get(proxy, "/x").await).await;
    assert!(
        told.starts_with("GET /x HTTP/1.1\n") && told.contains(&format!("host: {proxy}\n")),
        "{told}"
    );
}

#[tokio::test]
async fn a_certificate_of_nobody_is_502() {
    let (server, _) = sealed(&[], Router::new().fallback(told)).await;
    let (_, other) = sealed(&[], Router::new()).await;
    for settings in [settings(), trusting(other)] {
        let proxy = proxy(&format!("https://localhost:{}", server.port()), settings).await;
        let (status, told) = read(get(proxy, "/").await).await;
        assert_eq!(status, 502);
        assert!(told.contains("certificate"), "{told}");
    }
}

/// An answer as gRPC sends it: data, then trailers.
async fn call(request: Request<Body>) -> Response<Body> {
    assert_eq!(request.headers()["te"], "trailers");
    let trailers = HeaderMap::from_iter([(
        "grpc-status".parse().expect("a name"),
        HeaderValue::from_static("0"),
    )]);
    let frames = [
        Ok::<_, std::io::Error>(Frame::data(bytes::Bytes::from("message"))),
        Ok(Frame::trailers(trailers)),
    ];
    Response::new(Body::new(StreamBody::new(futures_util::stream::iter(
        frames,
    ))))
}

#[tokio::test]
async fn calls_of_grpc_pass_with_their_trailers() {
    let plain = serve(Router::new().fallback(call)).await;
    let http2 = UpstreamSettings {
        http2: true,
        ..settings()
    };
    let (server, root) = sealed(&["h2"], Router::new().fallback(call)).await;
    for (url, settings) in [
        (format!("http://{plain}"), http2),
        (
            format!("https://localhost:{}", server.port()),
            trusting(root),
        ),
    ] {
        let proxy = proxy(&url, settings).await;
        let request =
            Request::post(format!("http://{proxy}/service/Method")).header("te", "trailers");
        let request = request.body(Body::from("message")).expect("a request");
        let answer = client_of_http2().request(request).await.expect("an answer");
        let body = answer.into_body().collect().await.expect("a body");
        let status = body
            .trailers()
            .and_then(|trailers| trailers.get("grpc-status"));
        assert_eq!(status.expect("trailers"), "0");
        assert_eq!(body.to_bytes(), "message");
    }
}

#[tokio::test]
async fn each_side_has_its_own_version() {
    let server = echo().await;
    for (http2, sent) in [(false, "HTTP/1.1"), (true, "HTTP/2.0")] {
        let settings = UpstreamSettings {
            http2,
            ..settings()
        };
        let proxy = proxy(&format!("http://{server}"), settings).await;
        for (client, via) in [(client(), "via: 1.1 "), (client_of_http2(), "via: 2 ")] {
            let request = Request::post(format!("http://{proxy}/x")).body(Body::from("text"));
            let answer = client
                .request(request.expect("a request"))
                .await
                .expect("an answer");
            let (_, told) = read(answer).await;
            assert!(
                told.lines().next().is_some_and(|line| line.ends_with(sent)),
                "{told}"
            );
            assert!(told.contains(via) && told.ends_with("\n\ntext"), "{told}");
        }
    }
}

#[tokio::test]
async fn a_socket_in_the_file_system_is_an_upstream() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("an app.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(told)).await });
    let url = url::Url::parse(&format!("unix:{}", path.display())).expect("a URL");
    let proxy = proxy(url.as_str(), settings()).await;
    let (status, told) = read(get(proxy, "/x?y").await).await;
    assert_eq!(status, 200, "{told}");
    assert!(
        told.starts_with("GET /x?y HTTP/1.1\n") && told.contains("host: localhost\n"),
        "{told}"
    );
    std::fs::remove_file(&path).expect("removed");
    drop(folder);
}
