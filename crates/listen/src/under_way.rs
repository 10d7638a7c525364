//! Which of a connection's requests wait for us, and since when none does.
//!
//! A request waits for us while nothing more has to come from the peer before we go on, and waits for the peer while its
//! body is to come, or while there is something for the peer to take. So a quiet stream of events waits for us, but one
//! that its peer does not read waits for the peer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// The requests of one connection.
#[derive(Debug)]
pub(crate) struct UnderWay {
    /// How many wait for us.
    waiting: AtomicUsize,
    /// Since when none does; looked at only while none does.
    since: Mutex<Instant>,
    /// Whether the connection has become something else, such as a WebSocket.
    upgraded: AtomicBool,
}

impl UnderWay {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            waiting: AtomicUsize::new(0),
            since: Mutex::new(Instant::now()),
            upgraded: AtomicBool::new(false),
        })
    }

    /// Since when nobody waits for us; `None` while somebody does.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        let busy =
            self.upgraded.load(Ordering::Acquire) || self.waiting.load(Ordering::Acquire) > 0;
        (!busy).then(|| *self.since.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One request's part in it.
#[derive(Debug)]
pub(crate) struct Turn {
    of: Arc<UnderWay>,
    now: Mutex<Now>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Now {
    /// Whether it waits for us.
    ours: bool,
    /// Whether its answer has begun. From then on its body has no say: in a conversation of two streams either side may
    /// be quiet.
    answered: bool,
}

impl Turn {
    /// A request that has just come.
    pub(crate) fn of(under_way: &Arc<UnderWay>) -> Arc<Self> {
        let turn = Self {
            of: Arc::clone(under_way),
            now: Mutex::default(),
        };
        turn.change(|now| now.ours = true);
        Arc::new(turn)
    }

    /// The peer has to send more of the body, or has sent it.
    pub(crate) fn body(&self, has_come: bool) {
        self.change(|now| now.ours = if now.answered { now.ours } else { has_come });
    }

    /// The answer has begun.
    pub(crate) fn answered(&self) {
        self.change(|now| {
            *now = Now {
                ours: false,
                answered: true,
            }
        });
    }

    /// The answer goes on when there is more of it, or when the peer has taken what there is.
    pub(crate) fn answer(&self, waits_for_us: bool) {
        self.change(|now| now.ours = waits_for_us);
    }

    /// The connection is no longer HTTP.
    pub(crate) fn upgraded(&self) {
        self.of.upgraded.store(true, Ordering::Release);
    }

    fn change(&self, how: impl FnOnce(&mut Now)) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let before = now.ours;
        how(&mut now);
        match (before, now.ours) {
            (false, true) => {
                self.of.waiting.fetch_add(1, Ordering::AcqRel);
            }
            (true, false) => {
                *self.of.since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                self.of.waiting.fetch_sub(1, Ordering::AcqRel);
            }
            _ => {}
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.change(|now| now.ours = false);
    }
}
