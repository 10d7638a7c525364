//! How fast this server lets itself be sent to others. Whoever brings along an address need not be anybody, so that such a
//! request could otherwise be made a hammer, or hold a connection for each that it names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use gatepass_http::{Clock, Transport};
use gatepass_proto::Timestamp;
use gatepass_proto::flow::Unreachable;
use http::{Request, Response};
use tokio::sync::Semaphore;

/// How many requests a host gets in a row. One more is forgotten with every second.
const IN_A_ROW: u64 = 30;
/// How many requests are under way at once.
const AT_ONCE: usize = 64;
/// The most hosts that are counted.
const MAX_HOSTS: usize = 1024;

/// Another transport, which asks no host too often.
pub(super) struct Paced<T> {
    transport: T,
    clock: Arc<dyn Clock>,
    hosts: Mutex<HashMap<String, Count>>,
    room: Semaphore,
}

/// How many requests a host had that are not forgotten yet.
#[derive(Clone, Copy)]
struct Count {
    requests: u64,
    at: Timestamp,
}

impl Count {
    fn now(self, now: Timestamp) -> u64 {
        let forgotten = now.since(self.at).as_secs();
        self.requests.saturating_sub(forgotten)
    }
}

impl<T> Paced<T> {
    pub(super) fn new(transport: T, clock: Arc<dyn Clock>) -> Self {
        Self {
            transport,
            clock,
            hosts: Mutex::new(HashMap::new()),
            room: Semaphore::new(AT_ONCE),
        }
    }

    /// Counts a request to this host, if it may have one more.
    fn admits(&self, host: &str) -> bool {
        let now = self.clock.now();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MAX_HOSTS {
            hosts.retain(|_, count| count.now(now) > 0);
        }
        if hosts.len() >= MAX_HOSTS && !hosts.contains_key(host) {
            return false;
        }
        let before = hosts.get(host).map_or(0, |count| count.now(now));
        if before >= IN_A_ROW {
            return false;
        }
        let count = Count {
            requests: before + 1,
            at: now,
        };
        hosts.insert(host.to_owned(), count);
        true
    }
}

#[async_trait]
impl<T: Transport> Transport for Paced<T> {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, Unreachable> {
        let host = request
            .uri()
            .host()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let refused = |what: &str| Unreachable {
            reason: format!("{host}: {what}"),
        };
        let room = self.room.try_acquire();
        let _room = room.map_err(|_| refused("too much is being fetched already"))?;
        if !self.admits(&host) {
            return Err(refused("was asked too often in the last minute"));
        }
        self.transport.send(request).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use async_trait::async_trait;
    use gatepass_http::Clock;
    use gatepass_proto::Timestamp;

    use super::{IN_A_ROW, MAX_HOSTS, Paced};

    struct Told(AtomicU64);

    #[async_trait]
    impl Clock for Told {
        fn now(&self) -> Timestamp {
            Timestamp::from_secs(self.0.load(Ordering::Relaxed))
        }

        async fn wait_until(&self, moment: Timestamp) {
            self.0.fetch_max(moment.as_secs(), Ordering::Relaxed);
        }
    }

    #[test]
    fn a_host_is_asked_so_often_and_again_after_a_while() {
        let clock = Arc::new(Told(AtomicU64::new(1000)));
        let paced = Paced::new((), Arc::clone(&clock) as Arc<dyn Clock>);
        for _ in 0..IN_A_ROW {
            assert!(paced.admits("a.example"));
        }
        assert!(!paced.admits("a.example"));
        assert!(paced.admits("b.example"), "each host has its own");
        clock.0.store(1002, Ordering::Relaxed);
        assert!(paced.admits("a.example") && paced.admits("a.example"));
        assert!(!paced.admits("a.example"));
    }

    #[test]
    fn what_is_counted_is_bounded() {
        let clock = Arc::new(Told(AtomicU64::new(1000)));
        let paced = Paced::new((), Arc::clone(&clock) as Arc<dyn Clock>);
        for n in 0..MAX_HOSTS {
            assert!(paced.admits(&format!("h{n}.example")));
        }
        assert!(!paced.admits("one.more.example"));
        assert!(paced.admits("h7.example"), "who is counted goes on");
        clock.0.store(1001, Ordering::Relaxed);
        assert!(paced.admits("one.more.example"));
    }
}
