//! The function from a request to its headers.

use gatepass_client::{ApiKey, Credential, Error, Grant, KeyPlace, SecretRef, Session};
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, Method};

use crate::provider::{Provider, claims};

async fn headers(session: &Session, url: &str) -> Result<HeaderMap, Error> {
    session
        .headers_for(&Method::PUT, &url.parse().unwrap())
        .await
}

fn session(credential: Credential) -> Session {
    Session::builder(credential)
        .api("https://api.example")
        .build()
        .unwrap()
}

fn key(place: KeyPlace) -> Credential {
    let key = SecretRef::given("hunter2");
    Credential::ApiKey(ApiKey { key, place })
}

#[tokio::test]
async fn what_is_a_header_is_given_as_one_and_marked() {
    let own = http::HeaderName::from_static("x-own");
    for (credential, name, value) in [
        (
            Credential::bearer(SecretRef::given("t")),
            AUTHORIZATION,
            "Bearer t",
        ),
        (
            Credential::basic("me", SecretRef::given("p:w")),
            AUTHORIZATION,
            "Basic bWU6cDp3",
        ),
        (key(KeyPlace::Header(own.clone())), own, "hunter2"),
        (key(KeyPlace::Cookie("k".into())), COOKIE, "k=hunter2"),
    ] {
        let headers = headers(&session(credential), "https://api.example/x")
            .await
            .unwrap();
        assert_eq!(headers.len(), 1);
        assert_eq!(headers[&name], value);
        assert!(headers[&name].is_sensitive());
    }
}

#[tokio::test]
async fn what_cannot_be_one_is_said_and_other_origins_get_none() {
    let in_query = session(key(KeyPlace::Query("k".into())));
    let error = headers(&in_query, "https://api.example/")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("attachment_for"), "{error}");
    let error = headers(&in_query, "https://other.example/")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::WrongOrigin { .. }), "{error}");
}

#[tokio::test]
async fn a_proof_is_for_the_method_and_the_url() {
    let provider = Provider::start().await;
    let mut oauth = provider.client(Grant::ClientCredentials);
    oauth.client_secret = Some(SecretRef::given("s"));
    oauth.dpop = true;
    let session = provider.session(oauth).build().unwrap();
    let url = provider.url("/api");
    let first = headers(&session, &format!("{url}?q=1")).await.unwrap();
    assert!(
        first[AUTHORIZATION]
            .to_str()
            .unwrap()
            .starts_with("DPoP access-token-")
    );
    let proof = claims(first["dpop"].to_str().unwrap());
    assert_eq!(
        (&proof["htm"], &proof["htu"]),
        (&"PUT".into(), &url.as_str().into())
    );
    let second = headers(&session, &url).await.unwrap();
    assert_ne!(first["dpop"], second["dpop"]);
    let error = session.attachment().await.unwrap_err();
    assert!(error.to_string().contains("DPoP"), "{error}");
}

#[tokio::test]
async fn an_answer_to_a_challenge_needs_the_challenge() {
    let provider = Provider::start().await;
    let password = SecretRef::given("p");
    let digest = Credential::Digest {
        username: "me".into(),
        password,
    };
    let session = provider.session(digest).build().unwrap();
    let url = provider.url("/digest?q=1");
    let error = headers(&session, &url).await.unwrap_err();
    assert!(error.to_string().contains("challenge"), "{error}");
    session.get(&url).send().await.unwrap();
    let headers = headers(&session, &url).await.unwrap();
    let value = headers[AUTHORIZATION].to_str().unwrap();
    assert!(
        value.starts_with("Digest ") && value.contains("uri=\"/digest?q=1\""),
        "{value}"
    );
}
