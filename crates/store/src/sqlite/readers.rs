//! Look-ups, on a few connections of their own. In WAL mode they neither wait for the writer nor stop it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use gatepass_proto::decide::change::AuditLine;
use gatepass_proto::decide::record::{Key, Kind, Record};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Either, Executor as _};
use sqlx::{SqliteConnection, sqlite::SqliteRow};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::fault::fault;
use crate::columns::{Values as _, integer};
use crate::{StoreError, Table, audit, retention, rows};

/// A connection is a thread and up to 2 MB of cache. Look-ups are short, so few serve many.
const MOST: usize = 4;

/// How long a look-up waits for a free connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// A pool much plainer than sqlx's own, because a look-up is so short that its bookkeeping would be most of it:
/// no ping, no timer unless one has to wait, no task to give a connection back. A connection on which anything
/// failed, or whose user went away half-way, is closed; the next user opens another.
pub(super) struct Readers {
    options: SqliteConnectOptions,
    permits: Semaphore,
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Readers {
    pub(super) fn new(options: SqliteConnectOptions) -> Self {
        Self {
            options,
            permits: Semaphore::new(MOST),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// One record. A single statement is a consistent state by itself.
    pub(super) async fn one(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        let mut lease = self.lease().await?;
        let statement = rows::bind_key(sqlx::query(rows::select(key)), key);
        let row = statement
            .fetch_optional(&mut lease.conn)
            .await
            .map_err(|error| fault(&error))?;
        lease.give_back();
        row.map(|row| rows::read(key, &row))
            .transpose()
            .map_err(|error| fault(&error))
    }

    /// Several records from one state. The transaction goes to the connection's thread in one piece, since
    /// each errand there and back costs more than the look-up itself.
    pub(super) async fn several(&self, keys: &[Key]) -> Result<Vec<Option<Record>>, StoreError> {
        let mut lease = self.lease().await?;
        let found = snapshot(&mut lease.conn, keys)
            .await
            .map_err(|error| fault(&error))?;
        lease.give_back();
        Ok(found)
    }

    /// The newest lines of the audit log before one.
    pub(super) async fn audit_log(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditLine>, StoreError> {
        let mut lease = self.lease().await?;
        let rows: Vec<SqliteRow> = sqlx::query(audit::SELECT)
            .bind(before.map_or(i64::MAX, integer))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut lease.conn)
            .await
            .map_err(|error| fault(&error))?;
        lease.give_back();
        rows.iter()
            .map(audit::read)
            .collect::<Result<_, _>>()
            .map_err(|error| fault(&error))
    }

    /// The records of a kind in order.
    pub(super) async fn list(&self, kind: Kind) -> Result<Vec<Record>, StoreError> {
        let most = i64::try_from(retention::LISTED).unwrap_or(i64::MAX);
        let mut lease = self.lease().await?;
        let listed: Vec<SqliteRow> = rows::bind_kind(sqlx::query(rows::list(&kind)), &kind)
            .integer(most)
            .fetch_all(&mut lease.conn)
            .await
            .map_err(|error| fault(&error))?;
        lease.give_back();
        listed
            .iter()
            .map(|row| rows::read_listed(&kind, row))
            .collect::<Result<_, _>>()
            .map_err(|error| fault(&error))
    }

    /// The next records of a table.
    pub(super) async fn page(
        &self,
        table: Table,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let mut lease = self.lease().await?;
        let statement = sqlx::query(AssertSqlSafe(rows::paging::select(table, after)));
        let found: Vec<SqliteRow> = rows::paging::bind(statement, table, after)
            .integer(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&mut lease.conn)
            .await
            .map_err(|error| fault(&error))?;
        lease.give_back();
        found
            .iter()
            .map(|row| rows::paging::read(table, row))
            .collect::<Result<_, _>>()
            .map_err(|error| fault(&error))
    }

    /// Waits for the look-ups under way, closes all connections, and refuses from now on.
    pub(super) async fn close(&self) {
        let everyone = u32::try_from(MOST).unwrap_or(u32::MAX);
        let _all = self.permits.acquire_many(everyone).await;
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for conn in idle {
            let _ = conn.close().await;
        }
    }

    async fn lease(&self) -> Result<Lease<'_>, StoreError> {
        let permit = tokio::time::timeout(PATIENCE, self.permits.acquire())
            .await
            .map_err(|_| StoreError::Unavailable("too many look-ups are waiting".into()))?
            .map_err(|_| StoreError::Unavailable("the store is closed".into()))?;
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let conn = match idle {
            Some(conn) => conn,
            None => self
                .options
                .connect()
                .await
                .map_err(|error| fault(&error))?,
        };
        Ok(Lease {
            readers: self,
            conn,
            _permit: permit,
        })
    }
}

/// A connection in use. It is closed when it is dropped, unless it is given back.
struct Lease<'a> {
    readers: &'a Readers,
    conn: SqliteConnection,
    _permit: SemaphorePermit<'a>,
}

impl Lease<'_> {
    fn give_back(self) {
        let mut idle = self
            .readers
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        idle.push(self.conn);
    }
}

/// Runs `BEGIN; SELECT …; SELECT …; COMMIT` as one.
async fn snapshot(
    conn: &mut SqliteConnection,
    keys: &[Key],
) -> Result<Vec<Option<Record>>, sqlx::Error> {
    let mut sql = String::from("BEGIN");
    for key in keys {
        sql.push_str("; ");
        sql.push_str(rows::select(key));
    }
    sql.push_str("; COMMIT");
    let statement = keys
        .iter()
        .fold(sqlx::query(AssertSqlSafe(sql)), rows::bind_key);

    let mut found = vec![None; keys.len()];
    let mut wanted = keys.iter().zip(&mut found);
    // Which key the rows to come are for; the end of each statement moves it on.
    let mut current = None;
    let mut steps = conn.fetch_many(statement);
    while let Some(step) = steps.try_next().await? {
        match (step, &mut current) {
            (Either::Left(_), _) => current = wanted.next(),
            (Either::Right(row), Some((key, slot))) => **slot = Some(rows::read(key, &row)?),
            (Either::Right(_), None) => {}
        }
    }
    drop(steps);
    Ok(found)
}
