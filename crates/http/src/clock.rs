use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use gatepass_proto::Timestamp;

/// Where the moment comes from. Tests put a virtual one in its place.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The moment.
    fn now(&self) -> Timestamp;

    /// Returns when the clock shows `moment` or later.
    async fn wait_until(&self, moment: Timestamp);
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

/// The longest nap between two looks at the clock: it may be set meanwhile, or the machine may sleep.
const NAP: Duration = Duration::from_secs(5);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    async fn wait_until(&self, moment: Timestamp) {
        loop {
            let left = moment.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(NAP)).await;
        }
    }
}
