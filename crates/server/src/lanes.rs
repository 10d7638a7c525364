//! Guesses at one account come one after the other.
//!
//! A guess is charged before its password is checked, and forgiven when it was right. Twenty programs that know the
//! password and start at the same moment would be charged twenty guesses before the first is forgiven, and most of them
//! refused. In line, each of them finds the account as the one before has left it.

use std::hash::{BuildHasher as _, RandomState};

use tokio::sync::{Mutex, MutexGuard};

/// Accounts that share a lane wait for each other without need, so there are many more lanes than cores.
const LANES: usize = 256;

/// A lane for each account. Which accounts share one differs by process, so that nobody can choose whose lane to block.
#[derive(Debug)]
pub(crate) struct Lanes {
    choice: RandomState,
    lanes: Vec<Mutex<()>>,
}

impl Lanes {
    pub(crate) fn new() -> Self {
        Self {
            choice: RandomState::new(),
            lanes: (0..LANES).map(|_| Mutex::default()).collect(),
        }
    }

    /// Waits until no guess at this account is under way; the next one waits for the guard to be dropped.
    pub(crate) async fn enter(&self, username: &str) -> Option<MutexGuard<'_, ()>> {
        let hash = self.choice.hash_one(username);
        let lane = usize::try_from(hash % LANES as u64).unwrap_or_default();
        match self.lanes.get(lane) {
            Some(lane) => Some(lane.lock().await),
            None => None,
        }
    }
}
