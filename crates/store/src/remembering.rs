use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_proto::decide::change::{AuditLine, Change, Edit};
use gatepass_proto::decide::record::{Client, Key, Kind, Record};
use gatepass_proto::{ClientId, Timestamp};
use tokio::time::Instant;

use crate::news::{BOUND, Edition, News};
use crate::{Charge, CommitError, Store, StoreError, Table, Throttled};

/// The longest that a client is remembered, whatever the news.
const LONGEST: Duration = Duration::from_secs(60);
/// The most clients remembered.
const MAX_CLIENTS: usize = 4096;

/// A store that remembers clients for a second, and longer while it would hear of their changes ([`Store::news`]).
///
/// Every request at the token endpoint looks its client up, and clients hardly ever change. A change made through
/// this store is seen at once, one made by another process within a second. Nothing else is remembered, and that a
/// client does not exist isn't either.
///
/// So a client may be up to a second older than the records that are looked up with it. Whoever replaces what it has
/// seen ([`Change::Update`]) loses nothing by that: the commit conflicts, and the next look-up sees what is there.
pub struct Remembering {
    inner: Arc<dyn Store>,
    news: Option<News>,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    /// How often this store has changed clients itself.
    own_changes: u64,
    clients: HashMap<ClientId, (Seen, Client)>,
}

/// When a client was looked up, and what was known then of changes.
#[derive(Clone, Copy)]
struct Seen {
    at: Instant,
    own_changes: u64,
    others_changes: u64,
}

impl Seen {
    /// Whether it still stands: no change of clients was heard of since, and whatever was not is no older than a second.
    fn stands(self, now: Self, edition: Edition) -> bool {
        let complete_to = edition.complete_to.map_or(self.at, |at| at.max(self.at));
        self.own_changes == now.own_changes
            && self.others_changes == now.others_changes
            && now.at - complete_to < BOUND
            && now.at - self.at < LONGEST
    }
}

impl Remembering {
    /// Wraps a store, inside a runtime.
    pub fn over(inner: Arc<dyn Store>) -> Self {
        Self {
            news: inner.news(),
            inner,
            memory: Mutex::default(),
        }
    }

    /// What is remembered of these keys, and what is known now.
    fn recall(&self, keys: &[Key]) -> (Vec<Option<Record>>, Seen) {
        let edition = self.news.as_ref().map(News::edition).unwrap_or_default();
        let memory = self.memory();
        let now = Seen {
            at: Instant::now(),
            own_changes: memory.own_changes,
            others_changes: edition.clients,
        };
        let of = |client_id| {
            let (seen, client) = memory.clients.get(client_id)?;
            seen.stands(now, edition)
                .then(|| Record::Client(client.clone()))
        };
        let found = keys.iter().map(|key| match key {
            Key::Client(client_id) => of(client_id),
            _ => None,
        });
        (found.collect(), now)
    }

    /// Remembers a client that was looked up just after `seen`. If it was changed meanwhile, it is never recalled.
    fn remember(&self, seen: Seen, client: &Client) {
        let mut memory = self.memory();
        if memory.clients.len() >= MAX_CLIENTS {
            memory.clients.clear();
        }
        let entry = (seen, client.clone());
        memory.clients.insert(client.client_id.clone(), entry);
    }

    fn forget(&self) {
        let mut memory = self.memory();
        memory.own_changes += 1;
        memory.clients.clear();
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Remembering {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Record>>, StoreError> {
        if !keys.iter().any(|key| matches!(key, Key::Client(_))) {
            return self.inner.load(keys).await;
        }
        let (mut found, seen) = self.recall(keys);
        let gaps = keys
            .iter()
            .zip(&mut found)
            .filter(|(_, found)| found.is_none());
        let (wanted, gaps): (Vec<Key>, Vec<_>) = gaps.map(|(key, gap)| (key.clone(), gap)).unzip();
        if wanted.is_empty() {
            return Ok(found);
        }
        for (gap, record) in gaps.into_iter().zip(self.inner.load(&wanted).await?) {
            if let Some(Record::Client(client)) = &record {
                self.remember(seen, client);
            }
            *gap = record;
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
            // Also after a conflict, which says that something else stands there than was remembered.
            self.forget();
        }
        outcome
    }

    async fn list(&self, kind: Kind) -> Result<Vec<Record>, StoreError> {
        self.inner.list(kind).await
    }

    async fn page(
        &self,
        table: Table,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        self.inner.page(table, after, limit).await
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

    fn news(&self) -> Option<News> {
        self.inner.news()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::Seen;
    use crate::news::Edition;

    fn now(others_changes: u64) -> Seen {
        Seen {
            at: Instant::now(),
            own_changes: 0,
            others_changes,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn while_news_are_complete_a_minute_stands() {
        let seen = now(1);
        for _ in 0..59 {
            advance(Duration::from_secs(1)).await;
            let edition = Edition {
                clients: 1,
                keys: 0,
                complete_to: Some(Instant::now() - Duration::from_millis(999)),
            };
            assert!(seen.stands(now(1), edition));
            assert!(!seen.stands(now(2), edition), "another changed clients");
        }
        advance(Duration::from_secs(1)).await;
        let edition = Edition {
            clients: 1,
            keys: 0,
            complete_to: Some(Instant::now()),
        };
        assert!(!seen.stands(now(1), edition));
    }

    /// The connection fell silent: nobody says that it is lost.
    #[tokio::test(start_paused = true)]
    async fn a_second_after_the_last_word_nothing_stands() {
        let edition = Edition {
            clients: 1,
            keys: 0,
            complete_to: Some(Instant::now()),
        };
        let early = now(1);
        advance(Duration::from_millis(500)).await;
        let late = now(1);
        advance(Duration::from_millis(499)).await;
        assert!(early.stands(now(1), edition));
        advance(Duration::from_millis(1)).await;
        assert!(!early.stands(now(1), edition));
        advance(Duration::from_millis(499)).await;
        assert!(late.stands(now(1), edition));
        advance(Duration::from_millis(1)).await;
        assert!(!late.stands(now(1), edition));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_looked_up_before_a_change_never_stands() {
        let before = now(1);
        let after = Edition {
            clients: 2,
            keys: 0,
            complete_to: Some(Instant::now()),
        };
        assert!(!before.stands(now(2), after));
        let own = Seen {
            own_changes: 1,
            ..now(1)
        };
        assert!(!before.stands(own, Edition::default()));
    }
}
