//! A resource that asks for patience, and takes no proof twice.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use gatepass_client::{Body, Credential, Egress, Grant, SecretRef, Session};
use http::Method;

use crate::provider::{Provider, claims};
use crate::server::{Act, Seen, Server, answer};

fn busy() -> Act {
    answer(503, &[("Retry-After", "0")], "later")
}

/// An API that is busy so many times, and refuses a proof that it has seen (RFC 9449 §11.1).
async fn api(busy_for: usize) -> Server {
    let (asked, proofs) = (AtomicUsize::new(0), Mutex::new(HashSet::new()));
    Server::start(move |seen| {
        let proof = claims(seen.header("dpop").unwrap());
        let id = proof["jti"].as_str().unwrap().to_owned();
        if !proofs.lock().unwrap().insert(id) {
            let challenge = r#"DPoP error="invalid_dpop_proof""#;
            return answer(401, &[("WWW-Authenticate", challenge)], "replayed");
        }
        match asked.fetch_add(1, Ordering::SeqCst) < busy_for {
            true => busy(),
            false => answer(200, &[], format!("{} {}", seen.method, seen.text())),
        }
    })
    .await
}

/// A session whose tokens are bound to a key.
async fn bound(api: &Server, egress: Egress) -> (Provider, Session) {
    let provider = Provider::start().await;
    let mut oauth = provider.client(Grant::ClientCredentials);
    oauth.client_secret = Some(SecretRef::given("s"));
    oauth.dpop = true;
    let session = Session::builder(oauth.into()).api(&api.url).egress(egress);
    (provider, session.build().unwrap())
}

async fn send(session: &Session, method: Method, api: &Server, body: Body) -> (u16, String) {
    let request = http::Request::builder().method(method).uri(&api.url);
    let answer = session.send(request.body(body).unwrap()).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn each_repeat_has_a_proof_of_its_own() {
    let api = api(2).await;
    let (_provider, session) = bound(&api, Egress::default()).await;
    let told = send(&session, Method::PUT, &api, "x".into()).await;
    assert_eq!(told, (200, "PUT x".to_owned()));
    let seen = api.seen();
    assert_eq!(seen.len(), 3);
    let bodies = seen.iter().map(Seen::text).collect::<HashSet<_>>();
    assert_eq!(bodies, ["x".to_owned()].into());
}

#[tokio::test]
async fn patience_ends_and_only_what_may_be_sent_twice_is() {
    let stream = || Body::stream(futures_util::stream::iter([Ok(Bytes::from("x"))]));
    let once = Egress {
        repeats: 0,
        ..Egress::default()
    };
    for (egress, method, body, requests) in [
        (Egress::default(), Method::GET, Body::empty(), 3),
        (Egress::default(), Method::POST, Body::from("x"), 1),
        (Egress::default(), Method::PUT, stream(), 1),
        (once, Method::GET, Body::empty(), 1),
    ] {
        let api = api(9).await;
        let (_provider, session) = bound(&api, egress).await;
        let told = send(&session, method.clone(), &api, body).await;
        assert_eq!(told, (503, "later".to_owned()));
        assert_eq!(api.seen().len(), requests, "{method}");
    }
}

/// Who is busy elsewhere gets no proof, and so has the patience of the transport, and no more.
#[tokio::test]
async fn a_stranger_who_is_busy_is_not_asked_more_often_than_others() {
    let stranger = Server::start(|_| busy()).await;
    let to = stranger.url.clone();
    let api = Server::start(move |_| crate::server::redirect(307, &to)).await;
    let (_provider, session) = bound(&api, Egress::default()).await;
    let told = send(&session, Method::GET, &api, Body::empty()).await;
    assert_eq!(told.0, 503);
    assert_eq!((api.seen().len(), stranger.seen().len()), (1, 3));
}

#[tokio::test]
async fn a_challenge_is_answered_anew_as_well() {
    let asked = AtomicUsize::new(0);
    let api = Server::start(move |seen| {
        let challenge = r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256"#;
        match (
            seen.header("authorization"),
            asked.fetch_add(1, Ordering::SeqCst),
        ) {
            (None, _) => answer(401, &[("WWW-Authenticate", challenge)], ""),
            (Some(_), 1) => busy(),
            (Some(shown), _) => answer(200, &[], shown),
        }
    })
    .await;
    let credential = Credential::Digest {
        username: "me".into(),
        password: SecretRef::given("p"),
    };
    let session = Session::builder(credential).api(&api.url).build().unwrap();
    let (status, shown) = send(&session, Method::GET, &api, Body::empty()).await;
    assert_eq!((status, api.seen().len()), (200, 3));
    assert!(shown.contains("nc=00000002"), "{shown}");
}
