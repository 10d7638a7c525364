//! A clock that moves when a test says so, and servers that live by it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_http::{Clock, SystemClock};
use gatepass_proto::Timestamp;
use tokio::sync::watch;

/// It begins with the system's time.
pub(crate) struct StepClock {
    now: watch::Sender<Timestamp>,
    waiting: Mutex<Vec<Timestamp>>,
}

impl StepClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            now: watch::Sender::new(SystemClock.now()),
            waiting: Mutex::default(),
        })
    }

    /// Moves on, and returns when so many servers have looked at the new time and wait for the next.
    pub(crate) async fn step(&self, span: Duration, servers: usize) {
        self.now.send_modify(|now| *now = *now + span);
        let looked = async {
            let now = self.now();
            while self.waiting().iter().filter(|until| **until > now).count() < servers {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let looked = tokio::time::timeout(Duration::from_secs(60), looked).await;
        looked.expect("the servers look at their clock");
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Timestamp>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits for as long as this lives.
struct Waiting<'a>(&'a StepClock, Timestamp);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.waiting();
        if let Some(at) = waiting.iter().position(|until| *until == self.1) {
            waiting.swap_remove(at);
        }
    }
}

#[async_trait]
impl Clock for StepClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn wait_until(&self, moment: Timestamp) {
        let mut shown = self.now.subscribe();
        self.waiting().push(moment);
        let _waiting = Waiting(self, moment);
        let _ = shown.wait_for(|now| *now >= moment).await;
    }
}
