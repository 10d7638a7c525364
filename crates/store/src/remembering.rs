use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_proto::decide::change::{AuditLine, Change, Edit};
use gatepass_proto::decide::record::{Client, Key, Kind, Record};
use gatepass_proto::{ClientId, Timestamp};
use tokio::time::Instant;

use crate::{Charge, CommitError, Store, StoreError, Throttled};

/// How long a client is remembered: the bound within which every node sees a change made by another.
const FRESH: Duration = Duration::from_secs(1);
/// The most clients remembered.
const MAX_CLIENTS: usize = 4096;

/// A store that remembers clients for a second.
///
/// Every request at the token endpoint looks its client up, and clients hardly ever change. A change made through
/// this store is seen at once, one made by another process within a second. Nothing else is remembered, and that a
/// client does not exist isn't either.
pub struct Remembering {
    inner: Arc<dyn Store>,
    clients: Mutex<HashMap<ClientId, (Instant, Client)>>,
}

impl Remembering {
    /// Wraps a store.
    pub fn over(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            clients: Mutex::default(),
        }
    }

    fn recall(&self, client_id: &ClientId) -> Option<Client> {
        let clients = self.clients();
        let (since, client) = clients.get(client_id)?;
        (since.elapsed() < FRESH).then(|| client.clone())
    }

    fn remember(&self, asked_at: Instant, client: &Client) {
        let mut clients = self.clients();
        if clients.len() >= MAX_CLIENTS {
            clients.clear();
        }
        clients.insert(client.client_id.clone(), (asked_at, client.clone()));
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<ClientId, (Instant, Client)>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Remembering {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Record>>, StoreError> {
        let [Key::Client(client_id)] = keys else {
            return self.inner.load(keys).await;
        };
        if let Some(client) = self.recall(client_id) {
            return Ok(vec![Some(Record::Client(client))]);
        }
        let asked_at = Instant::now();
        let found = self.inner.load(keys).await?;
        if let [Some(Record::Client(client))] = found.as_slice() {
            self.remember(asked_at, client);
        }
        Ok(found)
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), CommitError> {
        let touches_clients = changes.iter().any(|change| match change {
            Change::Insert(Record::Client(_)) | Change::Delete(Key::Client(_)) => true,
            Change::Update(edit) => matches!(**edit, Edit::Client { .. }),
            _ => false,
        });
        let outcome = self.inner.commit(changes).await;
        if touches_clients {
            self.clients().clear();
        }
        outcome
    }

    async fn list(&self, kind: Kind) -> Result<Vec<Record>, StoreError> {
        self.inner.list(kind).await
    }

    async fn audit_log(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError> {
        self.inner.audit_log(before, limit).await
    }

    async fn charge(
        &self,
        charges: &[Charge],
        now: Timestamp,
    ) -> Result<Result<(), Throttled>, StoreError> {
        self.inner.charge(charges, now).await
    }

    async fn forgive(&self, charges: &[Charge]) -> Result<(), StoreError> {
        self.inner.forgive(charges).await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.inner.sweep(now, limit).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
