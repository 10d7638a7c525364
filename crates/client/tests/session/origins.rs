//! Credentials go to the configured origins only.

use gatepass_client::{Credential, Error, SecretRef, Session};

use crate::authority::Authority;
use crate::server::{Server, answer, redirect};

#[tokio::test]
async fn other_origins_get_nothing_not_even_a_request() {
    let other = Server::start(|_| answer(200, &[], "")).await;
    let authority = Authority::start().await;
    let session = Session::builder(authority.service_client())
        .api("https://api.example.com")
        .build()
        .unwrap();
    for url in [
        other.url.clone(),
        authority.url("/api"),
        "https://api.example.com:444/".into(),
        "https://api.example.com.evil.example/".into(),
    ] {
        let error = session.get(&url).send().await.unwrap_err();
        assert!(matches!(error, Error::WrongOrigin { .. }), "{url}: {error}");
    }
    for url in [
        "http://api.example.com/",
        "https://me:pw@api.example.com/",
        "api.example.com",
        "",
    ] {
        let error = session.get(url).send().await.unwrap_err();
        assert!(
            matches!(error, Error::Setup(_)) && !error.to_string().contains("pw"),
            "{url}: {error}"
        );
    }
    assert!(other.seen().is_empty() && authority.server.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_elsewhere_takes_no_credential_and_its_401_renews_nothing() {
    let other = Server::start(|_| {
        answer(
            401,
            &[("WWW-Authenticate", "Bearer error=\"invalid_token\"")],
            "",
        )
    })
    .await;
    let to = other.url.clone();
    let api = Server::start(move |_| redirect(307, &to)).await;
    let authority = Authority::start().await;
    let session = Session::builder(authority.service_client())
        .api(&api.url)
        .build()
        .unwrap();
    let answer = session.get(&api.url).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    assert_eq!(answer.url().as_str().trim_end_matches('/'), other.url);
    assert!(api.last().header("authorization").is_some());
    assert_eq!(
        (other.seen().len(), other.last().header("authorization")),
        (1, None)
    );
    assert_eq!(authority.desk().requests, 1);

    let mut key = Credential::api_key(SecretRef::given("hunter2"));
    if let Credential::ApiKey(own) = &mut key {
        own.place = gatepass_client::KeyPlace::Header(http::HeaderName::from_static("x-whatever"));
    }
    Session::builder(key)
        .api(&api.url)
        .build()
        .unwrap()
        .get(&api.url)
        .send()
        .await
        .unwrap();
    assert_eq!(api.last().header("x-whatever"), Some("hunter2"));
    assert!(
        other
            .last()
            .headers
            .iter()
            .all(|(_, value)| value != "hunter2")
    );
}

#[test]
fn origins_are_checked_when_they_are_given() {
    for bad in [
        "http://api.example.com",
        "https://api.example.com/v1",
        "api.example.com",
        "https://me@x.example",
    ] {
        let error = Session::builder(Credential::bearer(SecretRef::given("x")))
            .api(bad)
            .build()
            .unwrap_err();
        assert!(error.to_string().contains(bad), "{error}");
    }
}
