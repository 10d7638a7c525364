//! Everything in a PostgreSQL database, for several nodes at once.

mod address;
mod columns;
mod commit;
mod fault;
mod listening;
mod pool;
mod reading;
mod sweep;
mod tables;
mod text;
mod throttle;
mod transaction;

use std::fmt;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use gatepass_proto::Timestamp;
use gatepass_proto::decide::change::{AuditLine, Change};
use gatepass_proto::decide::record::{Key, Kind, Record};
use sqlx::postgres::PgConnectOptions;

use self::commit::Commit;
use self::listening::Listening;
use self::pool::Pool;
use self::throttle::{ChargeAll, Forgive};
use self::transaction::{PREPARE, Verdict, Work, transact};
use crate::{Charge, CommitError, Found, News, Store, StoreError, Table, Throttled, retention};

/// Connections for look-ups.
const READING: u8 = 4;
/// Connections for changes, which may wait for each other.
const WRITING: u8 = 8;

/// A store in a PostgreSQL database (13 or newer), in the schema `gatepass`. Any number of nodes may share it: all that
/// must be exact is decided in the database.
///
/// A commit is one transaction. When the connection breaks just as it ends, the database is asked for its fate, so that
/// an error means that nothing was changed, unless the database stays away for more than five seconds. Deadlocks and
/// serialization failures are repeated; a call ends within seconds, whatever happens, also when the database falls silent.
/// Each node has up to twelve connections, and makes new ones by itself after the database was away; a further one hears
/// what other nodes change, once somebody wants [`Store::news`]. A pooler in between has to keep sessions whole.
pub struct PostgresStore {
    place: String,
    options: PgConnectOptions,
    inner: Arc<Inner>,
    listening: OnceLock<Listening>,
}

struct Inner {
    reading: Pool,
    writing: Pool,
}

impl PostgresStore {
    /// Connects to `postgres://user:password@host:port/database?sslmode=…` and brings the tables up to date, one node
    /// at a time. What the address leaves out, the environment (`PGHOST`, `PGPASSWORD` …) and the password file say.
    /// Without `sslmode` a server on another machine has to prove itself (`verify-full`).
    ///
    /// # Errors
    ///
    /// [`StoreError::Newer`] when a newer gatepass made the tables, which are left as they are;
    /// [`StoreError::Damaged`] when they are not ours; [`StoreError::Unavailable`] when the address is none or the
    /// database does not answer. None of them repeats the address.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let options = address::parse(address)?;
        let place = address::place(&options);
        tables::prepare(&options).await?;
        Ok(Self {
            place,
            inner: Arc::new(Inner {
                reading: Pool::new(options.clone(), READING),
                writing: Pool::new(options.clone(), WRITING).preparing(PREPARE),
            }),
            options,
            listening: OnceLock::new(),
        })
    }

    /// Looks at the database at an address without changing it.
    pub(crate) async fn look(address: &str) -> Result<Found, StoreError> {
        let options = address::parse(address)?;
        match tables::missing(&options).await? {
            None => Ok(Found::Nothing),
            Some(0) => {
                let reading = Pool::new(options, 1);
                let listed = reading::list(&reading, &Kind::SealedKey).await;
                reading.close().await;
                Ok(Found::ours(listed?))
            }
            Some(steps) => Ok(Found::Older { steps }),
        }
    }

    /// Which database an address names, for people: without user and password.
    pub(crate) fn place(address: &str) -> String {
        address::parse(address).map_or_else(|_| "PostgreSQL".to_owned(), |own| address::place(&own))
    }

    /// What was begun is finished even if nobody waits for it any more: a connection that is left in the middle of
    /// something would have to be closed.
    async fn begin<T, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        tokio::spawn(work(Arc::clone(&self.inner)))
            .await
            .map_err(|_| StoreError::Unavailable("the store is closed".into()))?
    }

    async fn write<W: Work>(&self, work: W) -> Result<Verdict<W>, StoreError> {
        let written = self
            .begin(|inner| async move { transact(&inner.writing, &work).await })
            .await;
        if let Err(error) = &written {
            tracing::warn!(%error, "changes were not written");
        }
        written
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresStore").field(&self.place).finish()
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Record>>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys = keys.to_vec();
        self.begin(|inner| async move { reading::load(&inner.reading, &keys).await })
            .await
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), CommitError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.write(Commit(changes))
            .await?
            .map_err(CommitError::from)
    }

    async fn list(&self, kind: Kind) -> Result<Vec<Record>, StoreError> {
        self.begin(|inner| async move { reading::list(&inner.reading, &kind).await })
            .await
    }

    async fn page(
        &self,
        table: Table,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let (after, limit) = (after.cloned(), retention::lines(limit));
        self.begin(|inner| async move { reading::page(&inner.reading, table, after, limit).await })
            .await
    }

    async fn audit_log(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let limit = retention::lines(limit);
        self.begin(|inner| async move { reading::audit_log(&inner.reading, before, limit).await })
            .await
    }

    async fn charge(
        &self,
        charges: &[Charge],
        now: Timestamp,
    ) -> Result<Result<(), Throttled>, StoreError> {
        let charges = charges.to_vec();
        self.write(ChargeAll { charges, now }).await
    }

    async fn forgive(&self, charges: &[Charge]) -> Result<(), StoreError> {
        match self.write(Forgive(charges.to_vec())).await? {
            Ok(()) => Ok(()),
            Err(never) => match never {},
        }
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.begin(|inner| async move { sweep::sweep(&inner.writing, now, limit).await })
            .await
    }

    /// Listens from the first call on, which has to be inside a runtime.
    fn news(&self) -> Option<News> {
        let begin = || Listening::begin(self.options.clone());
        Some(self.listening.get_or_init(begin).news.clone())
    }

    async fn close(&self) {
        if let Some(listening) = self.listening.get() {
            listening.end();
        }
        self.inner.reading.close().await;
        self.inner.writing.close().await;
    }
}
