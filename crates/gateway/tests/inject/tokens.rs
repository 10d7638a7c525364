//! Tokens on requests, and what becomes of refused ones.

use axum::body::Body;
use bytes::Bytes;
use gatepass_client::{Credential, SecretRef, Session};
use gatepass_gateway::{InjectError, InjectSettings, Injector, Reached, UpstreamError};
use http::Request;

use crate::stage::{Api, error, get, proxy, read, send};

fn of(status: u16, text: &str) -> (u16, String) {
    (status, text.to_owned())
}

#[tokio::test]
async fn a_request_gets_the_token_in_place_of_what_it_brought() {
    let api = Api::start().await;
    let proxy = api.proxy().await;
    let request = Request::post("/x/..;/%2e?y=z")
        .header("authorization", "Bearer stale")
        .header("connection", "authorization")
        .header("proxy-authorization", "Basic eDp5")
        .header("x-api-key", "old")
        .header("cookie", "a=b")
        .header("x-forwarded-for", "10.0.0.1")
        .header("x-one", "1");
    let answer = send(proxy, request.body(Body::from("text")).expect("a request")).await;
    assert!(answer.headers().get("set-cookie").is_none());
    assert_eq!(read(answer).await, of(200, "POST /x/..;/%2e?y=z 4"));
    let desk = api.desk();
    let (headers, _) = &desk.seen[0];
    let mut names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["authorization", "content-length", "host", "x-one"]);
    assert_eq!(headers["host"], api.origin.trim_start_matches("http://"));
}

#[tokio::test]
async fn one_token_serves_them_all() {
    let api = Api::start().await;
    let proxy = api.proxy().await;
    let asked = (0..10).map(|_| get(proxy, "/"));
    for (status, _) in futures_util::future::join_all(asked).await {
        assert_eq!(status, 200);
    }
    assert_eq!(api.desk().made, 1);
}

/// A body in pieces, whose length is not said.
fn streamed(text: &'static str) -> Body {
    Body::from_stream(futures_util::stream::iter([Ok::<_, std::io::Error>(
        Bytes::from(text),
    )]))
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_what_was_kept_is_sent_again() {
    let long: &'static str = Box::leak("x".repeat(65_537).into_boxed_str());
    for (body, statuses, length) in [
        (Body::empty(), [200, 200], 0),
        (Body::from("text"), [200, 200], 4),
        (Body::from(&long[1..]), [200, 200], 65_536),
        (Body::from(long), [401, 200], 65_537),
        (streamed("text"), [401, 200], 4),
    ] {
        let api = Api::start().await;
        let proxy = api.proxy().await;
        get(proxy, "/").await;
        api.desk().generation += 1;
        let request = Request::put("/").body(body).expect("a request");
        assert_eq!(send(proxy, request).await.status(), statuses[0], "{length}");
        assert_eq!(get(proxy, "/").await.0, statuses[1]);
        let desk = api.desk();
        assert_eq!(desk.made, 2, "renewed once");
        let (_, sent) = &desk.seen[desk.seen.len() - 2];
        assert_eq!(*sent, length, "in full");
    }
}

#[tokio::test]
async fn a_second_refusal_stands() {
    let api = Api::start().await;
    let proxy = api.proxy().await;
    get(proxy, "/").await;
    // A token endpoint that makes tokens that the API does not take.
    let strict = Api::start().await;
    strict.desk().generation = 7;
    let session = api.session(&[&strict.origin]);
    let proxy = crate::stage::proxy(session, &strict.origin, |_| {}).await;
    assert_eq!(get(proxy, "/").await.0, 401);
    assert_eq!(strict.desk().seen.len(), 2);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let api = Api::start().await;
    api.desk().closed = true;
    let answer = send(
        api.proxy().await,
        Request::get("/").body(Body::empty()).expect("a request"),
    );
    assert_eq!(
        error(answer.await).await,
        of(503, "temporarily_unavailable")
    );
    let basic = Credential::basic("me", SecretRef::env("GATEPASS_TEST_UNSET"));
    let session = Session::builder(basic)
        .api(&api.origin)
        .build()
        .expect("a session");
    let proxy = proxy(session, &api.origin, |_| {}).await;
    let answer = send(
        proxy,
        Request::get("/").body(Body::empty()).expect("a request"),
    );
    assert_eq!(error(answer.await).await, of(502, "no_credential"));
    assert_eq!(api.desk().seen.len(), 0);
}

#[tokio::test]
async fn the_base_of_the_upstream_is_not_left() {
    let api = Api::start().await;
    let proxy = proxy(
        api.session(&[&api.origin]),
        &format!("{}/v1", api.origin),
        |_| {},
    )
    .await;
    assert_eq!(get(proxy, "/x").await, of(200, "GET /v1/x 0"));
    assert_eq!(get(proxy, "/../admin").await.0, 400);
    assert_eq!(get(proxy, "/%2e%2e/admin").await.0, 400);
}

#[tokio::test]
async fn the_credential_has_to_be_for_the_upstream() {
    let api = Api::start().await;
    let session = || api.session(&["https://api.example.com"]);
    let settings = || InjectSettings::new(Reached::BySocket);
    for upstream in [
        "https://api.example.com:8443",
        "http://127.0.0.1:1",
        "https://example.com",
        "unix:/run/x.sock",
    ] {
        let url = upstream.parse().expect("a URL");
        let error = Injector::new(session(), &url, settings()).expect_err("refused");
        assert!(
            matches!(error, InjectError::NotForUpstream { .. }),
            "{upstream}: {error}"
        );
        assert!(
            error
                .to_string()
                .ends_with("it goes to https://api.example.com"),
            "{error}"
        );
    }
    let url = "https://me@api.example.com/".parse().expect("a URL");
    let error = Injector::new(session(), &url, settings()).expect_err("refused");
    assert_eq!(error, InjectError::Upstream(UpstreamError::More));
}

#[tokio::test]
async fn cookies_pass_where_that_is_wanted() {
    let api = Api::start().await;
    let keeping = |settings: &mut InjectSettings| settings.keep_cookies = true;
    let proxy = proxy(api.session(&[&api.origin]), &api.origin, keeping).await;
    let request = Request::get("/")
        .header("cookie", "c=d")
        .body(Body::empty());
    let answer = send(proxy, request.expect("a request")).await;
    assert_eq!(answer.headers()["set-cookie"], "a=b");
    assert_eq!(api.desk().seen[0].0["cookie"], "c=d");
}
