//! The upstream as a service, below the client's layer.

use std::task::{Context, Poll};

use axum::body::Body;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tower::Service;

use super::held::Held;
use crate::upstream::{Fault, Upstream};

/// Sends requests that are prepared.
#[derive(Clone)]
pub(super) struct Sender {
    upstream: Upstream,
}

impl Sender {
    pub(super) fn new(upstream: Upstream) -> Self {
        Self { upstream }
    }
}

impl Service<Request<Held>> for Sender {
    type Response = Response<Body>;
    type Error = Fault;
    type Future = BoxFuture<'static, Result<Response<Body>, Fault>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Held>) -> Self::Future {
        let upstream = self.upstream.clone();
        let request = request.map(Held::into_body);
        Box::pin(async move { upstream.exchange(request).await })
    }
}
