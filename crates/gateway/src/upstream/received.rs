//! The body of an answer, on its way to the client.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use tower::BoxError;

use super::consent::Consent;
use super::pulse::Pulse;
use crate::open::Answer;

/// A body that may be silent for so long, counted in both directions.
pub(super) struct Received {
    body: Incoming,
    pulse: Arc<Pulse>,
    patience: Duration,
    /// Rings when nothing has moved for long enough.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Who waits for its end.
    waiting: Option<Consent>,
    /// Counts it while it lasts.
    _open: Answer,
}

impl Received {
    pub(super) fn new(
        body: Incoming,
        pulse: Arc<Pulse>,
        patience: Duration,
        waiting: Option<Consent>,
        open: Answer,
    ) -> Self {
        Self {
            body,
            pulse,
            patience,
            alarm: None,
            waiting,
            _open: open,
        }
    }

    /// Whether it has been silent for too long. Otherwise the alarm is set.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.patience.is_zero() {
            return Poll::Pending;
        }
        loop {
            let deadline = self.pulse.deadline(self.patience);
            let alarm = self
                .alarm
                .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            // Something moved since it was set.
            let deadline = self.pulse.deadline(self.patience);
            if deadline <= Instant::now() {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(Some(Err(error))) => {
                tracing::debug!(%error, "the upstream's answer broke off");
                Poll::Ready(Some(Err(error.into())))
            }
            Poll::Ready(frame) => {
                self.pulse.beat();
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => self.poll_silence(cx).map(|()| {
                tracing::debug!("the upstream's answer was silent for too long");
                Some(Err(io::Error::from(io::ErrorKind::TimedOut).into()))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if let Some(waiting) = &self.waiting {
            waiting.done();
        }
    }
}
