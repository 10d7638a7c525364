use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use gatepass_proto::Scope;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::guard::Guard;
use crate::peer::{Peer, PeerAddr, PeerCertificate};

/// Puts a [`Guard`] in front of a service. Made by [`Guard::layer`].
#[derive(Clone, Debug)]
pub struct GuardLayer {
    guard: Guard,
    required: Arc<Scope>,
}

impl GuardLayer {
    pub(crate) fn new(guard: Guard, required: Scope) -> Self {
        Self {
            guard,
            required: Arc::new(required),
        }
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService {
            inner,
            guard: self.guard.clone(),
            required: self.required.clone(),
        }
    }
}

/// A service behind a [`Guard`]. What reaches it carries an [`Identity`](crate::Identity) in its extensions and
/// no credentials. Its body type has to be one that bytes can be turned into, for the refusals.
#[derive(Clone, Debug)]
pub struct GuardService<S> {
    inner: S,
    guard: Guard,
    required: Arc<Scope>,
}

impl<S, B, R> Service<Request<B>> for GuardService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<Bytes>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The one that was found ready has to be the one that is called.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let Self {
            guard, required, ..
        } = self;
        let (guard, required) = (guard.clone(), required.clone());
        Box::pin(async move {
            let from = request.extensions().get::<PeerAddr>();
            let from = from.map(|PeerAddr(address)| address.ip());
            let certificate = request.extensions().get::<PeerCertificate>().cloned();
            let peer = Peer { from, certificate };
            let admitted = match guard.take(&mut request) {
                Ok(presented) => guard.admit(presented, &peer, &required).await,
                Err(why) => Err(why),
            };
            match admitted {
                Ok(identity) => {
                    request.extensions_mut().insert(identity);
                    inner.call(request).await
                }
                Err(why) => Ok(guard.refuse(&why, &required)),
            }
        })
    }
}
