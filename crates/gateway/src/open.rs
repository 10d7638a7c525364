//! What lasts: answers that have begun, and WebSockets.

use std::sync::Arc;

use gatepass_listen::Gauge;
use tokio::sync::watch;

/// The answers and WebSockets that are open. Clones know of the same.
#[derive(Clone)]
pub(crate) struct Open(Arc<Inner>);

struct Inner {
    answers: Gauge,
    websockets: Gauge,
    /// How many WebSockets there are.
    count: watch::Sender<usize>,
    /// Whether they have to end.
    cut: watch::Sender<bool>,
}

/// An answer, until it is dropped.
pub(crate) struct Answer(Gauge);

/// A WebSocket, until it is dropped.
pub(crate) struct WebSocket(Open);

impl Open {
    /// None yet; these count on.
    pub(crate) fn new(answers: Gauge, websockets: Gauge) -> Self {
        Self(Arc::new(Inner {
            answers,
            websockets,
            count: watch::Sender::new(0),
            cut: watch::Sender::new(false),
        }))
    }

    /// An answer that begins.
    pub(crate) fn answer(&self) -> Answer {
        self.0.answers.increment(1.0);
        Answer(self.0.answers.clone())
    }

    /// A WebSocket that begins.
    pub(crate) fn websocket(&self) -> WebSocket {
        self.0.count.send_modify(|count| *count += 1);
        self.0.websockets.increment(1.0);
        WebSocket(self.clone())
    }

    /// How many WebSockets are open.
    pub(crate) fn websockets(&self) -> usize {
        *self.0.count.borrow()
    }

    /// Comes back when no WebSocket is open.
    pub(crate) async fn ended(&self) {
        let mut count = self.0.count.subscribe();
        // The sender is here, so it does not fail.
        let _ = count.wait_for(|count| *count == 0).await;
    }

    /// Cuts the WebSockets that are open.
    pub(crate) fn cut(&self) {
        self.0.cut.send_replace(true);
    }
}

impl WebSocket {
    /// Comes back when it has to end.
    pub(crate) async fn cut(&self) {
        let mut cut = self.0.0.cut.subscribe();
        let _ = cut.wait_for(|cut| *cut).await;
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl Drop for WebSocket {
    fn drop(&mut self) {
        let inner = &self.0.0;
        inner.count.send_modify(|count| *count -= 1);
        inner.websockets.decrement(1.0);
    }
}

impl Default for Open {
    /// Whose answers and WebSockets nobody counts.
    fn default() -> Self {
        Self::new(Gauge::noop(), Gauge::noop())
    }
}
