//! The body of a request, on its way to the upstream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName};
use hyper::body::{Frame, SizeHint};
use tower::BoxError;

use super::consent::Consent;
use super::pulse::Pulse;

/// A body whose length and progress are watched.
pub(super) struct Sent {
    body: Body,
    pulse: Arc<Pulse>,
    /// How much more there may be.
    left: Option<u64>,
    /// Whether it is to be sent, while that is not known.
    wanted: Option<BoxFuture<'static, bool>>,
}

/// Why a body was not sent in full.
#[derive(Debug, thiserror::Error)]
enum Unsent {
    #[error("the body is longer than it may be")]
    TooLarge,
    #[error("the upstream did not want the body")]
    Unwanted,
}

impl Sent {
    /// `most` is its longest length; `consent` is what it waits for.
    pub(super) fn new(
        body: Body,
        pulse: Arc<Pulse>,
        most: Option<u64>,
        consent: Option<&Consent>,
    ) -> Self {
        Self {
            body,
            pulse,
            left: most,
            wanted: consent.map(Consent::wait),
        }
    }

    /// Counts a piece of data.
    fn count(&mut self, data: &Bytes) -> Result<(), Unsent> {
        let Some(left) = self.left else { return Ok(()) };
        let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
        let Some(less) = left.checked_sub(length) else {
            self.pulse.too_large();
            return Err(Unsent::TooLarge);
        };
        self.left = Some(less);
        Ok(())
    }
}

impl hyper::body::Body for Sent {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(wanted) = &mut self.wanted {
            let wanted = ready!(wanted.as_mut().poll(cx));
            self.wanted = None;
            if !wanted {
                return Poll::Ready(Some(Err(Unsent::Unwanted.into())));
            }
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.pulse.wait_for_client(polled.is_pending());
        let frame = ready!(polled);
        self.pulse.beat();
        Poll::Ready(match frame {
            Some(Ok(frame)) => Some(self.passed(frame).map_err(Into::into)),
            Some(Err(error)) => Some(Err(error.into())),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Sent {
    fn passed(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, Unsent> {
        if let Some(data) = frame.data_ref() {
            self.count(data)?;
        }
        match frame.into_trailers() {
            Ok(trailers) => Ok(Frame::trailers(harmless(trailers))),
            Err(data) => Ok(data),
        }
    }
}

/// Trailers without what some readers would take for a part of the head, past whoever has checked that (RFC 9110
/// §6.5.1).
fn harmless(trailers: HeaderMap) -> HeaderMap {
    let kept = trailers
        .into_iter()
        .scan(None::<HeaderName>, |last, (name, value)| {
            // Another value of the same name comes without it.
            let name = name.or_else(|| last.clone())?;
            *last = Some(name.clone());
            Some((name, value))
        });
    kept.filter(|(name, _)| !belongs_to_head(name)).collect()
}

fn belongs_to_head(name: &HeaderName) -> bool {
    let name = name.as_str().replace('_', "-");
    let begins = ["x-forwarded", "x-gatepass-", "content-", "proxy-", "sec-"];
    let is = [
        "authorization",
        "connection",
        "cookie",
        "dpop",
        "expect",
        "forwarded",
        "host",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-real-ip",
    ];
    begins.iter().any(|own| name.starts_with(own)) || is.contains(&name.as_str())
}
