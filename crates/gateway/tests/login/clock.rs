//! The system's clock, so many seconds later.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_http::{Clock, SystemClock};
use gatepass_proto::Timestamp;

#[derive(Default)]
pub(crate) struct LaterClock(AtomicU64);

impl LaterClock {
    pub(crate) fn pass(&self, span: Duration) {
        self.0.fetch_add(span.as_secs(), Ordering::SeqCst);
    }

    fn ahead(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl Clock for LaterClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.ahead()
    }

    async fn wait_until(&self, moment: Timestamp) {
        SystemClock.wait_until(moment - self.ahead()).await;
    }
}
