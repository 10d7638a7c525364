//! Everything in maps, gone with the process.

mod state;
mod sweep;

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use gatepass_proto::Timestamp;
use gatepass_proto::decide::change::{AuditEvent, AuditLine, Change};
use gatepass_proto::decide::record::{Key, Kind, Record};

use self::state::State;
use crate::{Charge, CommitError, Store, StoreError, Table, Throttled, retention};

/// A store in memory, for tests and trials. It holds to the same contract as the others, but for durability.
///
/// ```
/// use gatepass_proto::decide::record::Key;
/// use gatepass_store::{MemoryStore, Store as _};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemoryStore::new();
/// let found = store.load(&[Key::Username("me".into())]).await?;
/// assert_eq!(found, [None]);
/// # Ok::<(), gatepass_store::StoreError>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The newest lines of the audit log, oldest first; a test looks here for what was written.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] as for every other call.
    pub fn audit(&self) -> Result<Vec<AuditEvent>, StoreError> {
        Ok(self.lock()?.audit())
    }

    /// A panic inside a change may have left half of it behind, so nothing is answered after one.
    fn lock(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        self.state.lock().map_err(|_| {
            StoreError::Unavailable("a change to the memory store panicked; start again".into())
        })
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Record>>, StoreError> {
        let state = self.lock()?;
        Ok(keys.iter().map(|key| state.load(key)).collect())
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), CommitError> {
        self.lock()?.commit(changes)
    }

    async fn list(&self, kind: Kind) -> Result<Vec<Record>, StoreError> {
        Ok(self.lock()?.list(&kind))
    }

    async fn page(
        &self,
        table: Table,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        Ok(self.lock()?.page(table, after, retention::lines(limit)))
    }

    async fn audit_log(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError> {
        Ok(self.lock()?.audit_log(before, retention::lines(limit)))
    }

    async fn charge(
        &self,
        charges: &[Charge],
        now: Timestamp,
    ) -> Result<Result<(), Throttled>, StoreError> {
        Ok(self.lock()?.charge(charges, now))
    }

    async fn forgive(&self, charges: &[Charge]) -> Result<(), StoreError> {
        self.lock()?.forgive(charges);
        Ok(())
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self.lock()?.sweep(now, limit))
    }
}
