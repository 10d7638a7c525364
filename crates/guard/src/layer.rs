use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use gatepass_proto::dpop::DPOP_NONCE;
use http::{HeaderValue, Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::body::GuardedBody;
use crate::grpc::is_grpc;
use crate::guard::Guard;
use crate::refusal::Refusal;
use crate::requirement::Requirement;
use crate::rules::{Access, Rules};

/// Puts a [`Guard`] in front of a service. Made by [`Guard::layer`].
#[derive(Clone, Debug)]
pub struct GuardLayer {
    guard: Guard,
    asks: Asks,
}

/// Puts a [`Guard`] with [`Rules`] in front of a service. Made by [`Guard::rules`].
#[derive(Clone, Debug)]
pub struct RulesLayer(GuardLayer);

/// What is asked of a request.
#[derive(Clone, Debug)]
enum Asks {
    /// The same of every one.
    Always(Arc<Access>),
    /// It depends.
    ByRule(Arc<Rules>),
}

impl GuardLayer {
    pub(crate) fn new(guard: Guard, required: Requirement) -> Self {
        Self {
            guard,
            asks: Asks::Always(Arc::new(Access::Required(required))),
        }
    }
}

impl RulesLayer {
    pub(crate) fn new(guard: Guard, rules: Rules) -> Self {
        Self(GuardLayer {
            guard,
            asks: Asks::ByRule(Arc::new(rules)),
        })
    }
}

impl<S> Layer<S> for GuardLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService {
            inner,
            layer: self.clone(),
        }
    }
}

impl<S> Layer<S> for RulesLayer {
    type Service = GuardService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        self.0.layer(inner)
    }
}

/// A service behind a [`Guard`]. What reaches it carries an [`Identity`](crate::Identity) in its extensions and
/// no credentials. A request that a rule leaves open reaches it as it came. Where nonces are demanded, its answers to those who
/// have shown one bring the next.
#[derive(Clone, Debug)]
pub struct GuardService<S> {
    inner: S,
    layer: GuardLayer,
}

impl<S, B, R> Service<Request<B>> for GuardService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<GuardedBody<R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The one that was found ready has to be the one that is called.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        let GuardLayer { guard, asks } = self.layer.clone();
        Box::pin(async move {
            if let Some(metadata) = guard.serve_metadata(request.method(), request.uri().path()) {
                return Ok(metadata);
            }
            let nonce = match let_in(&guard, &asks, &mut request).await {
                Ok(nonce) => nonce,
                Err((why, required)) => {
                    return Ok(match is_grpc(request.headers()) {
                        true => guard.refuse_grpc(&why, &required),
                        false => guard.refuse(&why, &required),
                    });
                }
            };
            let mut response = inner.call(request).await?;
            if let Some(nonce) = nonce {
                response.headers_mut().insert(DPOP_NONCE, nonce);
            }
            Ok(response.map(GuardedBody::passed))
        })
    }
}

/// Puts the identity into the request's extensions, and gives back the nonce for its next proof where one is demanded; or
/// says why it does not pass, and what it would have taken.
async fn let_in<B>(
    guard: &Guard,
    asks: &Asks,
    request: &mut Request<B>,
) -> Result<Option<HeaderValue>, (Refusal, Requirement)> {
    let access = match asks {
        Asks::Always(access) => Ok(&**access),
        Asks::ByRule(rules) => rules.access(request.method(), request.uri().path()),
    };
    match access {
        Ok(Access::Open) => Ok(None),
        Ok(Access::Denied) => Err((Refusal::Denied, Requirement::default())),
        Ok(Access::Required(required)) => match guard.check(request, required).await {
            Ok(identity) => {
                let nonce = guard.next_nonce(&identity);
                request.extensions_mut().insert(identity);
                Ok(nonce)
            }
            Err(why) => Err((why, required.clone())),
        },
        Err(fault) => Err((fault.into(), Requirement::default())),
    }
}
