//! An acceptor whose connections end when the peer is silent for too long.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use axum_server::accept::Accept;

use crate::attended::Attended;
use crate::under_way::UnderWay;
use crate::watched::Watched;

/// How long a peer may be silent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Until it is clear which HTTP it speaks, all together.
    pub(crate) greeting: Duration,
    /// After that, between two things it sends or takes, while nothing waits for us.
    pub(crate) silence: Duration,
}

/// The acceptor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patient<A> {
    inner: A,
    patience: Patience,
}

impl<A> Patient<A> {
    pub(crate) fn new(inner: A, patience: Patience) -> Self {
        Self { inner, patience }
    }
}

type Accepting<T, S> = Pin<Box<dyn Future<Output = io::Result<(Attended<T>, Watched<S>)>> + Send>>;

impl<A, I, S> Accept<I, S> for Patient<A>
where
    A: Accept<I, S, Future: Send + 'static>,
{
    type Stream = Attended<A::Stream>;
    type Service = Watched<A::Service>;
    type Future = Accepting<A::Stream, A::Service>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let patience = self.patience;
        let accepting = self.inner.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepting.await?;
            let under_way = UnderWay::new();
            let stream = Attended::new(stream, patience, under_way.clone());
            Ok((stream, Watched::new(service, under_way)))
        })
    }
}
