//! One request on its way: how long either side may be silent, and what broke.
//!
//! The library's own limit on silence counts from the start of the request, and so ends every upload that takes longer. Here
//! what goes out is a sign of life too.

use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::Either;
use futures_util::{FutureExt as _, Stream, StreamExt as _, poll, stream};
use http::Method;
use http::header::CONTENT_LENGTH;
use tokio::time::{Instant, sleep_until, timeout};

use crate::Body;
use crate::transport::reason;

/// Bytes up to so many go out at once; what is longer goes in pieces of this size, each a sign of life.
const PIECE: usize = 64 * 1024;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server was silent for too long.
    Silent,
    Broken(reqwest::Error),
}

/// What came of sending a request.
pub(crate) type Sent = Result<reqwest::Response, Failure>;

impl Failure {
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Silent => "timed out".to_owned(),
            Self::Broken(error) => reason(error),
        }
    }

    /// Whether the server hung up before its answer was there. One that refuses connections, cannot be found, or
    /// stays silent does so again a moment later.
    pub(crate) fn is_break(&self) -> bool {
        match self {
            Self::Silent => false,
            Self::Broken(error) => !error.is_timeout() && hung_up(error),
        }
    }
}

fn hung_up(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};

    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let hung_up = error.downcast_ref::<hyper::Error>().is_some_and(|error| {
            error.is_incomplete_message() || error.is_closed() || error.is_canceled()
        });
        let broken = error.downcast_ref::<io::Error>().is_some_and(|error| {
            let kind = error.kind();
            matches!(
                kind,
                ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof
            )
        });
        if hung_up || broken {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Sends a request with this body and waits for the head of the answer, while either side gives a sign of life at least
/// once in `idle`.
///
/// What is common is no `async` block: that would keep the request, and be moved with every request by whoever awaits it.
pub(crate) fn send(
    client: &reqwest::Client,
    mut request: reqwest::Request,
    body: Body,
    idle: Duration,
) -> impl Future<Output = Sent> + Send + use<> {
    let chunks = match body.into_parts() {
        Ok(bytes) if bytes.len() <= PIECE => {
            if !bytes.is_empty() || has_body(request.method()) {
                *request.body_mut() = Some(bytes.into());
            }
            let answer = timeout(idle, client.execute(request));
            return Either::Left(answer.map(|answer| match answer {
                Ok(answer) => answer.map_err(Failure::Broken),
                Err(_) => Err(Failure::Silent),
            }));
        }
        Ok(bytes) => {
            let length = bytes.len().into();
            request
                .headers_mut()
                .entry(CONTENT_LENGTH)
                .or_insert(length);
            stream::iter(pieces(bytes)).boxed()
        }
        Err(chunks) => chunks,
    };
    Either::Right(Box::pin(upload(client.clone(), request, chunks, idle)))
}

async fn upload(
    client: reqwest::Client,
    mut request: reqwest::Request,
    chunks: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    idle: Duration,
) -> Sent {
    let seen = Seen::now();
    let taken = seen.clone();
    let chunks = chunks.inspect(move |_| taken.touch());
    *request.body_mut() = Some(reqwest::Body::wrap_stream(chunks));
    let answer = pin!(client.execute(request));
    seen.watch(idle, answer).await
}

/// Whether a request of this method says so when its body has no bytes (RFC 9110 §8.6).
fn has_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

/// The same bytes, piece by piece.
fn pieces(mut bytes: Bytes) -> impl Iterator<Item = io::Result<Bytes>> {
    std::iter::from_fn(move || {
        let length = bytes.len().min(PIECE);
        (length > 0).then(|| Ok(bytes.split_to(length)))
    })
}

/// When there was a sign of life.
#[derive(Clone)]
struct Seen(Arc<Mutex<Instant>>);

impl Seen {
    fn now() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    fn touch(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn at(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn watch(
        &self,
        idle: Duration,
        mut answer: impl Future<Output = reqwest::Result<reqwest::Response>> + Unpin,
    ) -> Sent {
        loop {
            let seen = self.at();
            tokio::select! {
                answer = &mut answer => return answer.map_err(Failure::Broken),
                () = sleep_until(seen + idle) => {
                    if self.at() == seen {
                        return Err(Failure::Silent);
                    }
                }
            }
        }
    }
}

/// The body of an answer that may be silent for `idle` at most, between two pieces of it.
pub(crate) struct Arriving {
    pub(crate) answer: reqwest::Response,
    pub(crate) idle: Duration,
}

impl Arriving {
    pub(crate) async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        let mut next = pin!(self.answer.chunk());
        // Mostly it is there, and nothing has to be timed.
        let chunk = match poll!(&mut next) {
            Poll::Ready(chunk) => Ok(chunk),
            Poll::Pending => timeout(self.idle, next).await,
        };
        match chunk {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(io::Error::other(reason(&error))),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "timed out")),
        }
    }

    pub(crate) fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        stream::unfold(Some(self), |arriving| async {
            let mut arriving = arriving?;
            match arriving.chunk().await {
                Ok(None) => None,
                Ok(Some(chunk)) => Some((Ok(chunk), Some(arriving))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}
