//! resources, their redirects and streams.

use std::time::Duration;

use crate::server::{Act, Server, answer, redirect};
use crate::tls::Authority;
use bytes::Bytes;
use gatepass_http::{
    AnsweredBy, Body, Egress, HttpTransport, Resource, ResourceError, ResourceTransport as _,
};
use http::{HeaderValue, Method, Request, Response};

fn transport() -> HttpTransport {
    HttpTransport::new(Egress {
        idle_timeout: Duration::from_millis(300),
        ..Egress::default()
    })
    .unwrap()
}

fn request(method: Method, url: &str, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(url)
        .body(body.into())
        .unwrap();
    for name in [
        "authorization",
        "cookie",
        "proxy-authorization",
        "x-api-key",
        "dpop",
    ] {
        request
            .headers_mut()
            .insert(name, HeaderValue::from_static("hunter2"));
    }
    request
        .headers_mut()
        .insert("content-type", HeaderValue::from_static("text/plain"));
    request
}

async fn get(url: &str) -> Result<Response<Body>, ResourceError> {
    transport()
        .send_resource(request(Method::GET, url, ""))
        .await
}

/// What has a credential for a part of its origin only.
#[tokio::test]
async fn a_credential_stays_within_its_resource() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/api/in" => redirect(307, "/api/end"),
        "/api/out" => redirect(307, "/apix/back"),
        "/apix/back" => redirect(307, "/api/end"),
        _ => answer(200, &[], ""),
    })
    .await;
    for (path, shown) in [("/api/in", Some("hunter2")), ("/api/out", None)] {
        let (parts, body) = request(Method::GET, &server.url, "").into_parts();
        let resource = Resource {
            url: format!("{}{path}", server.url).parse().unwrap(),
            method: parts.method,
            headers: parts.headers,
            body,
            within: [format!("{}/api", server.url).parse().unwrap()].into(),
        };
        let (by, _) = transport().fetch(resource).await.unwrap();
        assert_eq!(by.path(), "/api/end");
        for name in ["authorization", "cookie", "x-api-key", "dpop"] {
            assert_eq!(server.last().header(name), shown, "{path} {name}");
        }
    }
}

#[tokio::test]
async fn credentials_stay_at_their_origin() {
    let other = Server::start(|_| answer(200, &[], "there")).await;
    let to = format!("{}/x", other.url);
    let server = Server::start(move |_| redirect(302, &to)).await;
    let response = get(&server.url).await.unwrap();
    let by = response.extensions().get::<AnsweredBy>().unwrap().0.clone();
    assert_eq!(by.as_str(), format!("{}/x", other.url));
    assert_eq!(response.into_body().collect(100).await.unwrap(), "there");
    assert_eq!(server.last().header("authorization"), Some("hunter2"));
    assert!(
        other
            .last()
            .headers
            .iter()
            .all(|(_, value)| value != "hunter2"),
        "{:?}",
        other.last()
    );
}

#[tokio::test]
async fn credentials_follow_within_their_origin_and_do_not_come_back() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/a" => redirect(302, "/b"),
        _ => answer(200, &[], ""),
    })
    .await;
    get(&format!("{}/a", server.url)).await.unwrap();
    assert_eq!(server.last().header("x-api-key"), Some("hunter2"));

    let home = server.url.clone();
    let elsewhere = Server::start(move |_| redirect(302, &format!("{home}/back"))).await;
    let away = elsewhere.url.clone();
    let start = Server::start(move |_| redirect(302, &away)).await;
    get(&start.url).await.unwrap();
    assert_eq!(
        (
            server.last().target.as_str(),
            server.last().header("x-api-key")
        ),
        ("/back", None)
    );
}

#[tokio::test]
async fn methods_and_bodies_follow_the_standard() {
    for (status, method, then, body) in [
        (301, Method::POST, "GET", ""),
        (302, Method::POST, "GET", ""),
        (303, Method::PUT, "GET", ""),
        (302, Method::PUT, "PUT", "hello"),
        (307, Method::POST, "POST", "hello"),
        (308, Method::PATCH, "PATCH", "hello"),
    ] {
        let server = Server::start(move |seen| match seen.target.as_str() {
            "/" => redirect(status, "/next"),
            _ => answer(200, &[], ""),
        })
        .await;
        transport()
            .send_resource(request(method.clone(), &server.url, "hello"))
            .await
            .unwrap();
        let last = server.last();
        assert_eq!(
            (last.method.as_str(), last.text().as_str()),
            (then, body),
            "{status} {method}"
        );
        assert_eq!(last.header("content-type").is_some(), !body.is_empty());
    }
}

#[tokio::test]
async fn a_streamed_body_is_sent_once() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/" => redirect(307, "/next"),
        _ => answer(200, &[], ""),
    })
    .await;
    let stream = || {
        Body::stream(futures_util::stream::iter([
            Ok(Bytes::from("hel")),
            Ok(Bytes::from("lo")),
        ]))
    };
    let outcome = transport()
        .send_resource(request(Method::POST, &server.url, stream()))
        .await;
    assert!(matches!(outcome, Err(ResourceError::BodyGone)));
    transport()
        .send_resource(request(
            Method::POST,
            &format!("{}/x", server.url),
            stream(),
        ))
        .await
        .unwrap();
    assert!(server.last().text().contains("hel") && server.last().text().contains("lo"));
    assert!(stream().try_clone().is_none() && Body::from("x").try_clone().is_some());
}

/// The transport of these tests takes 300 ms for silence.
#[tokio::test]
async fn an_upload_may_take_as_long_as_it_goes_on() {
    let server = Server::start(|_| answer(200, &[], "")).await;
    let transport = transport();
    let slowly = futures_util::stream::unfold(0, |sent| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        (sent < 8).then(|| (Ok(Bytes::from("piece")), sent + 1))
    });
    let url = format!("{}/slow", server.url);
    let sent = transport.send_resource(request(Method::POST, &url, Body::stream(slowly)));
    assert_eq!(sent.await.unwrap().status(), 200);
    assert_eq!(server.last().text().matches("piece").count(), 8);

    let stuck = futures_util::stream::pending();
    let sent = transport.send_resource(request(Method::POST, &url, Body::stream(stuck)));
    let error = sent.await.unwrap_err().to_string();
    assert!(error.contains("timed out"), "{error}");
}

#[tokio::test]
async fn many_bytes_go_out_with_their_length() {
    let server = Server::start(|_| answer(200, &[], "")).await;
    let transport = transport();
    let body = "0123456789abcdef".repeat(20_000);
    let sent = transport.send_resource(request(Method::PUT, &server.url, body.clone()));
    assert_eq!(sent.await.unwrap().status(), 200);
    let last = server.last();
    assert_eq!(last.header("content-length"), Some("320000"));
    assert!(last.header("transfer-encoding").is_none());
    assert!(last.text() == body);
}

#[tokio::test]
async fn loops_end_and_bad_locations_are_refused() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/loop" => redirect(302, "/loop"),
        "/userinfo" => redirect(302, "https://me:pw@localhost/"),
        "/clear" => redirect(302, "http://192.0.2.1/"),
        "/file" => redirect(302, "file:///etc/passwd"),
        _ => redirect(302, "https://"),
    })
    .await;
    let at = |path: &str| format!("{}/{path}", server.url);
    assert!(matches!(
        get(&at("loop")).await,
        Err(ResourceError::TooManyRedirects(10))
    ));
    assert_eq!(server.seen().len(), 11);
    for path in ["userinfo", "clear", "file"] {
        assert!(
            matches!(get(&at(path)).await, Err(ResourceError::Redirect(_))),
            "{path}"
        );
    }
    assert!(matches!(
        get(&at("nothing")).await,
        Err(ResourceError::Location)
    ));
}

#[tokio::test]
async fn https_is_never_left_and_the_extra_root_is_trusted() {
    let authority = Authority::new();
    let plain = Server::start(|_| answer(200, &[], "")).await;
    let to = plain.url.clone();
    let secure = Server::start_tls(authority.server("localhost"), move |seen| {
        match seen.target.as_str() {
            "/down" => redirect(302, &to),
            _ => answer(200, &[], "safe"),
        }
    })
    .await;
    let trusting = Egress {
        extra_roots: vec![authority.pem.clone().into_bytes()],
        ..Egress::default()
    };
    let trusting = HttpTransport::new(trusting).unwrap();
    let response = trusting
        .send_resource(request(Method::GET, &secure.url, ""))
        .await
        .unwrap();
    assert_eq!(response.into_body().collect(100).await.unwrap(), "safe");
    let down = trusting
        .send_resource(request(Method::GET, &format!("{}/down", secure.url), ""))
        .await;
    assert!(matches!(down, Err(ResourceError::Downgrade)));
    assert!(plain.seen().is_empty());

    assert!(
        matches!(get(&secure.url).await, Err(ResourceError::Unreachable(_))),
        "an unknown CA is not trusted"
    );
    assert!(
        HttpTransport::new(Egress {
            extra_roots: vec![b"nonsense".to_vec()],
            ..Egress::default()
        })
        .is_err()
    );
}

#[tokio::test]
async fn broken_and_silent_bodies_are_errors() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/cut" => Act::Write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".to_vec()),
        _ => Act::Hang(Duration::from_secs(5)),
    })
    .await;
    let response = get(&format!("{}/cut", server.url)).await.unwrap();
    assert!(response.into_body().collect(100).await.is_err());
    let error = get(&format!("{}/silent", server.url)).await.unwrap_err();
    assert!(error.to_string().ends_with("timed out"), "{error}");
    let big = Server::start(|_| answer(200, &[], "x".repeat(5000))).await;
    let error = get(&big.url)
        .await
        .unwrap()
        .into_body()
        .collect(4999)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
}
