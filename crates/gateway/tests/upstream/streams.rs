//! Answers that go on, and conversations.

use std::sync::Mutex;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tokio::sync::oneshot;

use crate::stage::{by_hand, client, client_of_http2, get, proxy_of, serve};

/// Takes what is there for the first who asks.
fn once<T>(thing: T) -> impl Fn() -> T + Clone
where
    T: Send + 'static,
{
    let thing = std::sync::Arc::new(Mutex::new(Some(thing)));
    move || thing.lock().expect("whole").take().expect("once")
}

#[tokio::test]
async fn each_event_arrives_before_the_next_is_sent() {
    let (events, body) = by_hand();
    let body = once(body);
    let server = serve(Router::new().fallback(async move || {
        let answer = Response::builder().header("content-type", "text/event-stream");
        answer.body(body()).expect("an answer")
    }));
    let mut answer = get(proxy_of(server.await).await, "/").await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    for number in 0..5 {
        let event = Bytes::from(format!("data: {number}\n\n"));
        events.send(event.clone()).await.expect("sent");
        let frame = answer.frame().await.expect("a frame").expect("whole");
        assert_eq!(frame.into_data().expect("data"), event);
    }
    drop(events);
    assert!(answer.frame().await.is_none());
}

#[tokio::test]
async fn a_conversation_goes_both_ways_at_once() {
    let server = serve(Router::new().fallback(async |request: Request<Body>| request.into_body()));
    let proxy = proxy_of(server.await).await;
    for client in [client(), client_of_http2()] {
        let (said, body) = by_hand();
        let request = Request::post(format!("http://{proxy}/"))
            .body(body)
            .expect("a request");
        let mut answer = client
            .request(request)
            .await
            .expect("an answer before the end of the request");
        for word in ["one", "two", "three"] {
            said.send(Bytes::from(word)).await.expect("sent");
            let frame = answer.frame().await.expect("a frame").expect("whole");
            assert_eq!(frame.into_data().expect("data"), word);
        }
        drop(said);
        let rest = answer.collect().await.expect("a whole answer");
        assert_eq!(rest.to_bytes(), "");
    }
}

/// Tells when it is dropped.
struct Gone(Option<oneshot::Sender<()>>);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = self.0.take().expect("once").send(());
    }
}

#[tokio::test]
async fn who_leaves_before_the_answer_ends_the_request() {
    let (here, gone) = oneshot::channel();
    let (began, begun) = oneshot::channel();
    let (here, began) = (once(here), once(began));
    let server = serve(Router::new().fallback(async move || {
        let _gone = Gone(Some(here()));
        let _ = began().send(());
        std::future::pending::<()>().await;
    }));
    let proxy = proxy_of(server.await).await;
    let request = Request::get(format!("http://{proxy}/")).body(Body::empty());
    let asking = tokio::spawn(client().request(request.expect("a request")));
    begun.await.expect("the request came");
    asking.abort();
    gone.await.expect("the request was given up");
}

#[tokio::test]
async fn who_leaves_in_the_middle_of_an_answer_ends_it() {
    let (events, body) = by_hand();
    let body = once(body);
    let server = serve(Router::new().fallback(async move || Response::new(body())));
    let mut answer = get(proxy_of(server.await).await, "/").await;
    events.send(Bytes::from("first")).await.expect("sent");
    answer.frame().await.expect("a frame").expect("whole");
    drop(answer);
    events.closed().await;
}
