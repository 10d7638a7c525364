use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use gatepass_proto::Timestamp;
use gatepass_proto::decide::change::{AuditLine, Change};
use gatepass_proto::decide::record::{Key, Kind, Record};
use gatepass_store::{Charge, CommitError, Store, StoreError, Table, Throttled};

use crate::{Seeded, Turns};

/// A store whose every step waits for its turn, and fails when the test wants it to.
pub struct Stepped {
    inner: Arc<dyn Store>,
    turns: Arc<Turns>,
    faults: Mutex<Option<(Seeded, usize)>>,
    commits: Mutex<Vec<Vec<Change>>>,
}

impl Stepped {
    /// Wraps `inner`.
    pub fn new(inner: Arc<dyn Store>, turns: Arc<Turns>) -> Self {
        Self {
            inner,
            turns,
            faults: Mutex::new(None),
            commits: Mutex::default(),
        }
    }

    /// From now on one step in `n` fails before it does anything; `None` ends that.
    pub fn fail_one_in(&self, faults: Option<(Seeded, usize)>) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Everything that was committed so far, in order.
    pub fn committed(&self) -> Vec<Vec<Change>> {
        self.commits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn step(&self) -> Result<(), StoreError> {
        self.turns.take().await;
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let fails = faults.as_mut().is_some_and(|(seeded, n)| seeded.one_in(*n));
        if fails {
            return Err(StoreError::Unavailable("the test wants it so".to_owned()));
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Stepped {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Record>>, StoreError> {
        self.step().await?;
        self.inner.load(keys).await
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), CommitError> {
        self.step().await?;
        self.inner.commit(changes.clone()).await?;
        self.commits
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(changes);
        Ok(())
    }

    async fn list(&self, kind: Kind) -> Result<Vec<Record>, StoreError> {
        self.step().await?;
        self.inner.list(kind).await
    }

    async fn page(
        &self,
        table: Table,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        self.step().await?;
        self.inner.page(table, after, limit).await
    }

    async fn audit_log(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError> {
        self.step().await?;
        self.inner.audit_log(before, limit).await
    }

    async fn charge(
        &self,
        charges: &[Charge],
        now: Timestamp,
    ) -> Result<Result<(), Throttled>, StoreError> {
        self.step().await?;
        self.inner.charge(charges, now).await
    }

    async fn forgive(&self, charges: &[Charge]) -> Result<(), StoreError> {
        self.step().await?;
        self.inner.forgive(charges).await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.step().await?;
        self.inner.sweep(now, limit).await
    }
}
