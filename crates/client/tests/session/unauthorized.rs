//! What a 401 of the resource leads to.

use std::time::Duration;

use bytes::Bytes;
use gatepass_client::Body;

use crate::authority::Authority;

#[tokio::test]
async fn an_invalid_token_is_renewed_and_the_request_repeated_once() {
    let authority = Authority::start().await;
    authority.desk().expires_in = None;
    let session = authority
        .session(authority.service_client())
        .build()
        .unwrap();
    let say = || session.post(authority.url("/api")).json("x").send();
    assert_eq!(say().await.unwrap().text().await.unwrap(), "hello \"x\"");
    assert_eq!(authority.desk().requests, 1);
    authority.desk().generation += 10;
    assert_eq!(
        say().await.unwrap().text().await.unwrap(),
        "hello \"x\"",
        "the body went along again"
    );
    assert_eq!(authority.desk().requests, 2);

    for challenge in [
        "Bearer",
        r#"Basic realm="x", Bearer error="invalid_token""#,
        "Negotiate",
        "",
    ] {
        authority.desk().api = Some((401, challenge));
        let (seen, requests) = (authority.server.seen().len(), authority.desk().requests);
        assert_eq!(
            say().await.unwrap().status().as_u16(),
            401,
            "the second answer is the answer"
        );
        assert_eq!(
            authority.server.seen().len() - seen,
            3,
            "{challenge}: API, token, API"
        );
        assert_eq!(authority.desk().requests, requests + 1);
    }
}

#[tokio::test]
async fn other_refusals_renew_nothing() {
    let authority = Authority::start().await;
    let session = authority
        .session(authority.service_client())
        .build()
        .unwrap();
    session.get(authority.url("/api")).send().await.unwrap();
    for (status, challenge) in [
        (403, r#"Bearer error="insufficient_scope""#),
        (401, r#"Bearer error="insufficient_scope""#),
        (401, r#"Bearer error="invalid_request""#),
        (407, "Basic"),
        (500, ""),
    ] {
        authority.desk().api = Some((status, challenge));
        assert_eq!(
            session
                .get(authority.url("/api"))
                .send()
                .await
                .unwrap()
                .status()
                .as_u16(),
            status
        );
    }
    assert_eq!(authority.desk().requests, 1);
}

#[tokio::test]
async fn a_streamed_body_is_not_repeated_but_the_next_request_has_a_new_token() {
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    authority.desk().generation = 2;
    let body = Body::stream(futures_util::stream::iter([Ok(Bytes::from("x"))]));
    let answer = session
        .post(authority.url("/api"))
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (answer.status().as_u16(), authority.desk().requests),
        (401, 0)
    );
    let answer = session.get(authority.url("/api")).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), authority.desk().requests),
        (200, 1)
    );
}

#[tokio::test]
async fn many_refused_at_once_renew_once() {
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    // Somebody else has refreshed: the token is refused, its refresh token is the predecessor of the newest.
    authority.desk().generation = 2;
    let all =
        futures_util::future::join_all((0..20).map(|_| session.get(authority.url("/api")).send()))
            .await;
    assert!(
        all.into_iter()
            .all(|answer| answer.unwrap().status().as_u16() == 200)
    );
    assert_eq!(authority.desk().requests, 1);
}

#[tokio::test]
async fn when_renewal_fails_the_reason_is_told() {
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    authority.desk().generation = 50;
    let error = session.get(authority.url("/api")).send().await.unwrap_err();
    assert!(error.is_login_needed(), "{error}");
    let error = session.token(Duration::ZERO).await.unwrap_err();
    assert!(
        error.is_login_needed(),
        "the refused token is not given out again: {error}"
    );
}
