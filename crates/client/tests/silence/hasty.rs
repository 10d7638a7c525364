use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_client::Timestamp;
use gatepass_http::{Clock, SystemClock};

/// The machine's clock, set forward whenever somebody would wait.
#[derive(Default)]
pub(crate) struct Hasty(AtomicU64);

impl Hasty {
    /// Sets it forward.
    pub(crate) fn skip(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        SystemClock.now() + Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    async fn wait_until(&self, moment: Timestamp) {
        self.skip(moment.since(self.now()) + Duration::from_millis(1));
    }
}
