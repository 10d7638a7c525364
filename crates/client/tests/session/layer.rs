//! The tower layer, over the client of another library.

use bytes::Bytes;
use gatepass_client::{
    Advice, AnsweredBy, ApiKey, AuthLayer, Body, Credential, Error, Grant, KeyPlace, Once,
    SecretRef, Session,
};
use gatepass_http::{Egress, HttpTransport, ResourceTransport as _};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use tower::{Layer as _, ServiceBuilder, ServiceExt as _};

use crate::authority::Authority;
use crate::provider::{Provider, claims};
use crate::server::{Server, answer, redirect};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

/// The status and the body of the answer to a POST.
async fn post<P>(
    layer: &AuthLayer<P>,
    url: &str,
    body: &'static str,
) -> Result<(u16, String), BoxError>
where
    P: gatepass_client::Repeat<Full<Bytes>> + Clone + Send + 'static,
{
    let request = Request::post(url).body(Full::from(body))?;
    let answer = layer.layer(client()).oneshot(request).await?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

fn of(text: &str) -> (u16, String) {
    (200, text.to_owned())
}

#[tokio::test]
async fn a_refused_token_is_renewed_for_the_next_request() {
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    let layer = session.layer();
    let api = authority.url("/api");
    assert_eq!(post(&layer, &api, "x").await.unwrap(), of("hello x"));
    authority.desk().generation += 1;
    assert_eq!(post(&layer, &api, "x").await.unwrap().0, 401);
    assert_eq!(authority.desk().requests, 0, "sent once, and nothing else");
    assert_eq!(post(&layer, &api, "x").await.unwrap(), of("hello x"));
    assert_eq!(authority.desk().requests, 1);
}

#[tokio::test]
async fn a_repeating_layer_renews_and_repeats_once() {
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    let layer = session.layer().repeating();
    authority.desk().generation += 1;
    let api = authority.url("/api");
    assert_eq!(post(&layer, &api, "x").await.unwrap(), of("hello x"));
    assert_eq!(authority.desk().requests, 1);
    assert_eq!(authority.server.seen().len(), 3, "API, token, API");

    authority.desk().api = Some((401, "Bearer"));
    assert_eq!(
        post(&layer, &api, "x").await.unwrap().0,
        401,
        "the second answer stands"
    );
    assert_eq!(authority.server.seen().len(), 6);
}

#[tokio::test]
async fn bodies_that_cannot_be_cloned_are_sent_once_or_by_a_copy() {
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    let api = authority.url("/api");
    authority.desk().generation += 1;
    // Our own body: a stream has no copy, bytes have.
    let service = tower::service_fn({
        let client = client();
        move |request: Request<Body>| {
            let client = client.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect(1000).await?;
                let request = Request::from_parts(parts, Full::from(body));
                Ok::<_, BoxError>(client.request(request).await?)
            }
        }
    });
    let layer = session.layer().repeating_by(|body: &Body| body.try_clone());
    let stream = Body::stream(futures_util::stream::iter([Ok(Bytes::from("x"))]));
    for (body, status) in [(stream, 401), (Body::from("x"), 200)] {
        let request = Request::post(&api).body(body).unwrap();
        let answer = layer.layer(service.clone()).oneshot(request).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }

    let streaming: Client<HttpConnector, StreamBody<_>> =
        Client::builder(TokioExecutor::new()).build_http();
    let frames = [Ok::<_, std::io::Error>(hyper::body::Frame::data(
        Bytes::from("y"),
    ))];
    let body = StreamBody::new(futures_util::stream::iter(frames));
    let request = Request::post(&api).body(body).unwrap();
    let answer = session
        .layer()
        .layer(streaming)
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn other_origins_get_nothing_not_even_a_request() {
    let other = Server::start(|_| answer(200, &[], "")).await;
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    let layer = session.layer().repeating();
    let elsewhere = format!("{}/api", other.url);
    for url in [
        elsewhere.as_str(),
        "https://api.example.com/",
        "https://me:pw@api.example.com/",
        "/api",
    ] {
        let error = post(&layer, url, "").await.unwrap_err();
        let error: &Error = error.downcast_ref().unwrap();
        assert!(
            matches!(error, Error::WrongOrigin { .. } | Error::Setup(_)),
            "{url}: {error}"
        );
    }
    assert!(other.seen().is_empty() && authority.server.seen().is_empty());
}

#[tokio::test]
async fn keys_go_where_they_belong_and_challenges_are_answered() {
    let provider = Provider::start().await;
    let key = |place| {
        Credential::ApiKey(ApiKey {
            key: SecretRef::given("s 1"),
            place,
        })
    };
    let layer = |credential| {
        provider
            .session(credential)
            .build()
            .unwrap()
            .layer()
            .repeating()
    };
    let url = provider.url("/key?a=b");
    let in_query = layer(key(KeyPlace::Query("key".into())));
    assert_eq!(
        post(&in_query, &url, "").await.unwrap(),
        of("/key?a=b&key=s+1")
    );
    let in_cookie = layer(key(KeyPlace::Cookie("k".into())));
    post(&in_cookie, &url, "").await.unwrap();
    assert_eq!(provider.server.last().header("cookie"), Some("k=s 1"));

    let password = SecretRef::given("p");
    let digest = Credential::Digest {
        username: "me".into(),
        password,
    };
    let digest = layer(digest);
    assert_eq!(
        post(&digest, &provider.url("/digest"), "").await.unwrap().0,
        200
    );
    assert_eq!(provider.visits("/digest"), 2);
    post(&digest, &provider.url("/digest?again"), "")
        .await
        .unwrap();
    assert_eq!(provider.visits("/digest"), 3, "the challenge is remembered");
    let authorization = provider
        .server
        .last()
        .header("authorization")
        .unwrap()
        .to_owned();
    assert!(
        authorization.contains("uri=\"/digest?again\""),
        "{authorization}"
    );
}

#[tokio::test]
async fn proofs_are_made_for_each_request_and_take_the_servers_nonce() {
    let provider = Provider::start().await;
    let mut oauth = provider.client(Grant::ClientCredentials);
    oauth.client_secret = Some(SecretRef::given("s"));
    oauth.dpop = true;
    let session = provider.session(oauth).build().unwrap();
    session.token(std::time::Duration::ZERO).await.unwrap();
    provider.desk().nonces = true;
    let layer = session.layer().repeating();
    let url = provider.url("/api?x=y");
    assert_eq!(post(&layer, &url, "x").await.unwrap(), of("hello x"));
    assert_eq!(provider.visits("/api"), 2);
    post(&layer, &url, "x").await.unwrap();
    assert_eq!(provider.visits("/api"), 3, "the nonce is remembered");
    let proof = claims(provider.server.last().header("dpop").unwrap());
    assert_eq!(
        (&proof["htm"], &proof["htu"]),
        (&"POST".into(), &provider.url("/api").into())
    );
    assert_eq!(provider.visits("/token"), 1);
}

#[tokio::test]
async fn advice_comes_with_the_answer() {
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    authority.desk().api = Some((403, r#"Bearer error="insufficient_scope", scope="admin""#));
    let request = Request::get(authority.url("/api"))
        .body(Full::default())
        .unwrap();
    let answer = session
        .layer()
        .layer(client())
        .oneshot(request)
        .await
        .unwrap();
    let wanted = Advice::Scope(Some("admin".parse().unwrap()));
    assert_eq!(answer.extensions().get::<Advice>(), Some(&wanted));
}

#[tokio::test]
async fn it_stacks_with_other_layers() {
    fn stacked(session: &Session) -> AuthLayer<Once> {
        session.layer()
    }
    let authority = Authority::start().await;
    let (session, _) = authority.session_with_token(3000).await;
    let mut service = ServiceBuilder::new()
        .concurrency_limit(2)
        .layer(stacked(&session))
        .service(client());
    for _ in 0..3 {
        let request = Request::get(authority.url("/api"))
            .body(Full::default())
            .unwrap();
        let answer = service.ready().await.unwrap();
        let answer = tower::Service::call(answer, request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
}

/// An API that redirects to a stranger, who finds fault with every token.
async fn redirecting() -> (Server, Server) {
    let challenge = [("WWW-Authenticate", r#"Bearer error="invalid_token""#)];
    let stranger = Server::start(move |_| answer(401, &challenge, "")).await;
    let to = stranger.url.clone();
    let api = Server::start(move |_| redirect(307, &to)).await;
    (api, stranger)
}

#[tokio::test]
async fn a_redirect_is_an_answer_where_the_client_follows_none() {
    let (api, stranger) = redirecting().await;
    let authority = Authority::start().await;
    let session = authority.session(authority.service_client()).api(&api.url);
    let layer = session.build().unwrap().layer().repeating();
    assert_eq!(post(&layer, &api.url, "x").await.unwrap().0, 307);
    assert_eq!((api.seen().len(), stranger.seen().len()), (1, 0));
    let error = post(&layer, &stranger.url, "x").await.unwrap_err();
    let error: &Error = error.downcast_ref().unwrap();
    assert!(matches!(error, Error::WrongOrigin { .. }), "{error}");
    assert!(stranger.seen().is_empty());
}

#[tokio::test]
async fn an_answer_is_judged_as_that_of_whom_its_client_names() {
    for (named, tokens) in [(true, 1), (false, 2)] {
        let (api, stranger) = redirecting().await;
        let authority = Authority::start().await;
        let session = authority.session(authority.service_client()).api(&api.url);
        let transport = HttpTransport::new(Egress::default()).unwrap();
        let follows = tower::service_fn(move |request: Request<Body>| {
            let transport = transport.clone();
            async move {
                let mut answer = transport.send_resource(request).await?;
                if !named {
                    answer.extensions_mut().remove::<AnsweredBy>();
                }
                Ok::<_, BoxError>(answer)
            }
        });
        let layer = session.build().unwrap().layer();
        let layer = layer.repeating_by(|body: &Body| body.try_clone());
        let request = Request::get(&api.url).body(Body::empty()).unwrap();
        let answer = layer.layer(follows).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(
            authority.desk().requests,
            tokens,
            "a stranger's word has no token renewed, where it is known to be one"
        );
        let seen = stranger.seen();
        assert!(
            seen.iter()
                .all(|seen| seen.header("authorization").is_none())
        );
    }
}
