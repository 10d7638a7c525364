//! servers that ask for patience, and connections that break.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::server::{Act, Server, answer, redirect};
use bytes::Bytes;
use gatepass_http::{Body, Egress, HttpTransport, ResourceError, ResourceTransport};
use http::{Method, Request};

/// A server whose first answers are `first`, in order, and then 200.
async fn server(first: Vec<fn() -> Act>) -> Server {
    let count = AtomicUsize::new(0);
    Server::start(move |_| {
        let turn = count.fetch_add(1, Ordering::SeqCst);
        first
            .get(turn)
            .map_or_else(|| answer(200, &[], "here"), |act| act())
    })
    .await
}

async fn send(
    egress: Egress,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Result<u16, ResourceError> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).unwrap();
    let transport: Arc<dyn ResourceTransport> = Arc::new(HttpTransport::new(egress).unwrap());
    let response = transport.send_resource(request).await?;
    Ok(response.status().as_u16())
}

async fn get(egress: Egress, server: &Server) -> Result<u16, ResourceError> {
    send(egress, Method::GET, &server.url, &[], "").await
}

fn busy() -> Act {
    answer(503, &[("Retry-After", "0")], "later")
}

fn too_many() -> Act {
    let past = "Sun, 06 Nov 1994 08:49:37 GMT";
    answer(429, &[("Retry-After", past)], "later")
}

fn silent() -> Act {
    answer(503, &[], "later")
}

fn cut() -> Act {
    Act::Write(Vec::new())
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_not_for_ever() {
    let once = server(vec![busy, too_many]).await;
    assert_eq!(get(Egress::default(), &once).await.unwrap(), 200);
    assert_eq!(once.seen().len(), 3);

    let without_a_word = server(vec![silent]).await;
    assert_eq!(get(Egress::default(), &without_a_word).await.unwrap(), 200);

    let always = Server::start(|_| busy()).await;
    assert_eq!(get(Egress::default(), &always).await.unwrap(), 503);
    assert_eq!(always.seen().len(), 3);

    let off = server(vec![busy]).await;
    let egress = Egress {
        repeats: 0,
        ..Egress::default()
    };
    assert_eq!(get(egress, &off).await.unwrap(), 503);
    assert_eq!(off.seen().len(), 1);
}

#[tokio::test]
async fn who_asks_for_too_much_patience_gets_none() {
    let server = server(vec![|| {
        answer(429, &[("Retry-After", "3600")], "much later")
    }])
    .await;
    assert_eq!(get(Egress::default(), &server).await.unwrap(), 429);
    let server = Server::start(|_| silent()).await;
    let egress = Egress {
        max_wait: Duration::ZERO,
        ..Egress::default()
    };
    assert_eq!(get(egress, &server).await.unwrap(), 503);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn only_what_may_be_sent_twice_is() {
    let proof = [("DPoP", "proof")];
    for (method, headers, count) in [
        (Method::PUT, &[][..], 2),
        (Method::DELETE, &[], 2),
        (Method::OPTIONS, &[], 2),
        (Method::POST, &[], 1),
        (Method::PATCH, &[], 1),
        (Method::PUT, &proof, 1),
    ] {
        let server = server(vec![busy]).await;
        let sent = send(
            Egress::default(),
            method.clone(),
            &server.url,
            headers,
            "body",
        );
        sent.await.unwrap();
        let seen = server.seen();
        assert_eq!(seen.len(), count, "{method} {headers:?}");
        assert!(seen.iter().all(|seen| seen.text() == "body"));
    }
    let server = server(vec![busy]).await;
    let stream = Body::stream(futures_util::stream::iter([Ok(Bytes::from("once"))]));
    let outcome = send(Egress::default(), Method::PUT, &server.url, &[], stream).await;
    assert_eq!(outcome.unwrap(), 503);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_once_more() {
    let broken = server(vec![cut]).await;
    assert_eq!(get(Egress::default(), &broken).await.unwrap(), 200);
    assert_eq!(broken.seen().len(), 2);

    let always = Server::start(|_| cut()).await;
    assert!(get(Egress::default(), &always).await.is_err());
    assert_eq!(always.seen().len(), 2);

    let posted = server(vec![cut]).await;
    let outcome = send(Egress::default(), Method::POST, &posted.url, &[], "x").await;
    assert!(outcome.is_err());
    assert_eq!(posted.seen().len(), 1);

    let nonsense = Server::start(|_| Act::Write(b"SSH-2.0-hello\r\n".to_vec())).await;
    assert!(get(Egress::default(), &nonsense).await.is_err());
    assert_eq!(nonsense.seen().len(), 1, "an answer, of a kind, was there");
}

#[tokio::test]
async fn patience_is_for_the_whole_journey() {
    let server = Server::start(|seen| match seen.target.as_str() {
        "/" => redirect(302, "/busy"),
        _ => busy(),
    })
    .await;
    assert_eq!(get(Egress::default(), &server).await.unwrap(), 503);
    assert_eq!(server.seen().len(), 4, "one redirect, and three times busy");
}
