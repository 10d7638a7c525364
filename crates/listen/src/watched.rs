//! A connection's service, whose requests are known to be under way.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::body::{Frame, SizeHint};
use tower::{BoxError, Service};

use crate::under_way::{Turn, UnderWay};

/// A service that keeps [`UnderWay`].
#[derive(Clone, Debug)]
pub(crate) struct Watched<S> {
    service: S,
    under_way: Arc<UnderWay>,
}

impl<S> Watched<S> {
    pub(crate) fn new(service: S, under_way: Arc<UnderWay>) -> Self {
        Self { service, under_way }
    }
}

impl<S, B> Service<Request<B>> for Watched<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
{
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let turn = Turn::of(&self.under_way);
        let request = request.map(|body| match body.is_end_stream() {
            true => Body::new(body),
            false => Body::new(Asked {
                body,
                turn: Arc::clone(&turn),
            }),
        });
        let answering = self.service.call(request);
        Box::pin(async move {
            let answer = answering.await?;
            turn.answered();
            if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
                turn.upgraded();
            }
            Ok(answer.map(|body| Answer { body, turn }))
        })
    }
}

/// A request's body.
struct Asked<B> {
    body: B,
    turn: Arc<Turn>,
}

impl<B: HttpBody + Unpin> HttpBody for Asked<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        this.turn.body(polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B> Drop for Asked<B> {
    fn drop(&mut self) {
        self.turn.body(true);
    }
}

/// An answer's body.
pub(crate) struct Answer {
    body: Body,
    turn: Arc<Turn>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        this.turn.answer(polled.is_pending());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Poll};

    use axum::Router;
    use axum::body::{Body, HttpBody};
    use axum::routing::{get, post};
    use bytes::Bytes;
    use http::{Request, StatusCode};
    use hyper::body::Frame;
    use tokio::sync::mpsc::{Receiver, Sender, channel};
    use tower::ServiceExt as _;

    use super::Watched;
    use crate::under_way::UnderWay;

    /// A body whose pieces come when they are sent.
    struct Pieces(Receiver<Bytes>);

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            self.0
                .poll_recv(cx)
                .map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
        }
    }

    fn pieces() -> (Sender<Bytes>, Pieces) {
        let (sender, receiver) = channel(1);
        (sender, Pieces(receiver))
    }

    fn watched(router: Router) -> (Watched<Router>, Arc<UnderWay>) {
        let under_way = UnderWay::new();
        (Watched::new(router, Arc::clone(&under_way)), under_way)
    }

    async fn settle() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn who_waits_for_whom_is_known_of_a_body_that_comes() {
        let (go_on, going) = channel::<()>(1);
        let going = Arc::new(tokio::sync::Mutex::new(going));
        let router = Router::new().route(
            "/",
            post(move |body: Bytes| async move {
                going.lock().await.recv().await;
                body
            }),
        );
        let (service, under_way) = watched(router);
        let (sender, body) = pieces();
        let asked = Request::post("/").body(body).expect("a request");
        let answering = tokio::spawn(service.oneshot(asked));
        settle().await;
        assert!(under_way.idle_since().is_some(), "the body is to come");
        sender.send(Bytes::from_static(b"a")).await.expect("sent");
        settle().await;
        assert!(under_way.idle_since().is_some(), "more of it is to come");
        drop(sender);
        settle().await;
        assert!(under_way.idle_since().is_none(), "it is all there");
        go_on.send(()).await.expect("sent");
        let answer = answering.await.expect("no panic").expect("an answer");
        assert!(under_way.idle_since().is_some(), "the answer may be taken");
        drop(answer);
        assert!(under_way.idle_since().is_some());
    }

    #[tokio::test]
    async fn who_waits_for_whom_is_known_of_an_answer_that_comes() {
        let (sender, body) = pieces();
        let body = std::sync::Mutex::new(Some(Body::new(body)));
        let body = Arc::new(body);
        let router = Router::new().route(
            "/",
            get(move || async move { body.lock().expect("whole").take().expect("once") }),
        );
        let (service, under_way) = watched(router);
        let asked = Request::get("/").body(Body::empty()).expect("a request");
        let answer = service.oneshot(asked).await.expect("an answer");
        let mut body = answer.into_body();
        assert!(
            under_way.idle_since().is_some(),
            "nobody has asked for more"
        );
        let poll = async |body: &mut super::Answer| {
            poll_fn(|cx| Poll::Ready(Pin::new(&mut *body).poll_frame(cx).is_ready())).await
        };
        assert!(!poll(&mut body).await);
        assert!(under_way.idle_since().is_none(), "there is no more yet");
        sender.send(Bytes::from_static(b"a")).await.expect("sent");
        assert!(poll(&mut body).await);
        assert!(under_way.idle_since().is_some(), "the peer is to take it");
        assert!(!poll(&mut body).await);
        assert!(under_way.idle_since().is_none());
        drop(body);
        assert!(under_way.idle_since().is_some(), "it is over");
    }

    #[tokio::test]
    async fn what_is_upgraded_never_waits_for_the_peer() {
        let router = Router::new().route("/", get(|| async { StatusCode::SWITCHING_PROTOCOLS }));
        let (service, under_way) = watched(router);
        let asked = Request::get("/").body(Body::empty()).expect("a request");
        drop(service.oneshot(asked).await.expect("an answer"));
        assert!(under_way.idle_since().is_none());
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_no_longer_counts() {
        let router = Router::new().route("/", get(std::future::pending::<()>));
        let (service, under_way) = watched(router);
        let asked = Request::get("/").body(Body::empty()).expect("a request");
        let answering = tokio::spawn(service.oneshot(asked));
        settle().await;
        assert!(under_way.idle_since().is_none());
        answering.abort();
        let _ = answering.await;
        assert!(under_way.idle_since().is_some());
    }
}
