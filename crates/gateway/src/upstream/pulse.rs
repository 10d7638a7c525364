//! Whether a request and its answer are still moving.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// What the two bodies of an exchange, or the two ends of a connection, know of each other.
pub(super) struct Pulse {
    began: Instant,
    /// When something last moved, in milliseconds since it began.
    last: AtomicU64,
    /// Whether the next piece of the request is the client's to send.
    waits_for_client: AtomicBool,
    /// Whether the request's body was longer than it may be.
    too_large: AtomicBool,
    /// Tells of that.
    stopped: Notify,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            last: AtomicU64::new(0),
            waits_for_client: AtomicBool::new(false),
            too_large: AtomicBool::new(false),
            stopped: Notify::new(),
        }
    }

    /// Something moved.
    pub(super) fn beat(&self) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(millis, Ordering::Relaxed);
    }

    /// Until when it may be quiet from now on.
    pub(super) fn deadline(&self, patience: Duration) -> Instant {
        self.began + Duration::from_millis(self.last.load(Ordering::Relaxed)) + patience
    }

    /// Comes back when it was quiet for so long; never for zero.
    pub(super) async fn silence(&self, patience: Duration) {
        if patience.is_zero() {
            return std::future::pending().await;
        }
        loop {
            let deadline = self.deadline(patience);
            if deadline <= Instant::now() {
                return;
            }
            sleep_until(deadline).await;
        }
    }

    pub(super) fn wait_for_client(&self, waits: bool) {
        self.waits_for_client.store(waits, Ordering::Relaxed);
    }

    pub(super) fn waits_for_client(&self) -> bool {
        self.waits_for_client.load(Ordering::Relaxed)
    }

    /// The request's body is longer than it may be.
    pub(super) fn too_large(&self) {
        self.too_large.store(true, Ordering::Release);
        self.stopped.notify_one();
    }

    pub(super) fn is_too_large(&self) -> bool {
        self.too_large.load(Ordering::Acquire)
    }

    /// Comes back when the request's body is longer than it may be.
    pub(super) async fn stopped(&self) {
        self.stopped.notified().await;
    }
}
