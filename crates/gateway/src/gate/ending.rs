//! How a gate ends.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;

use super::Gate;

/// How long WebSockets that are cut may take to end.
const LAST: Duration = Duration::from_secs(1);

impl Gate {
    /// How long what is under way may go on when the gate ends ([`Limits::drain_timeout`](crate::Limits::drain_timeout)).
    pub fn patience(&self) -> Duration {
        self.parts().config.limits.drain_timeout
    }

    /// Tells operators that it is not ready any more, gives WebSockets so long to end by themselves, and cuts those that are
    /// left; says how many. They no longer belong to the connections of whoever listens, who waits for everything else.
    ///
    /// Nobody is told in a WebSocket that it ends: what goes through it is not read here.
    pub async fn end(&self, patience: Duration) -> usize {
        self.0.ending.store(true, Ordering::Relaxed);
        let open = self.parts().kept.open.clone();
        if timeout(patience, open.ended()).await.is_ok() {
            return 0;
        }
        let left = open.websockets();
        open.cut();
        let _ = timeout(LAST, open.ended()).await;
        left
    }

    /// Whether it has been told to end.
    pub(super) fn is_ending(&self) -> bool {
        self.0.ending.load(Ordering::Relaxed)
    }
}
