//! The database itself: its rows and its locks. All SQL of this crate is here and in `tables.rs`.

use std::time::Duration;

use gatepass_proto::Secret;
use sqlx::migrate::MigrateError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPoolOptions;
use sqlx::{ConnectOptions as _, PgConnection, PgPool, Postgres};

use super::address::Address;
use super::fault::{fault, is};
use super::tables;
use crate::tokens::{StoreError, TokenKey};

/// How long the database may take for one call, connecting included.
const CALL: Duration = Duration::from_secs(10);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(60);
/// Reads and writes that go on at the same time; locks have connections of their own.
const CONNECTIONS: u32 = 4;

/// The lock was not free before `lock_timeout`.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// An open database with the newest tables.
pub(super) struct Database {
    address: Address,
    pool: PgPool,
}

/// A token as it lies there. Every change gives its row another revision.
pub(super) struct Row {
    pub(super) revision: i64,
    pub(super) token: Vec<u8>,
}

/// What happens to a row.
pub(super) enum Change {
    Put { revision: i64, token: Vec<u8> },
    Remove,
}

impl Change {
    /// The row's revision after it.
    pub(super) fn revision(&self) -> Option<i64> {
        match self {
            Self::Put { revision, .. } => Some(*revision),
            Self::Remove => None,
        }
    }
}

impl Database {
    /// Connects, and brings the tables up to date.
    pub(super) async fn open(url: &Secret) -> Result<Self, StoreError> {
        let address = Address::parse(url)?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(CALL / 2)
            .idle_timeout(IDLE)
            .after_connect(|conn, _| Box::pin(durable(conn)))
            .connect_lazy_with(address.options.clone());
        let database = Self { address, pool };
        let version = database
            .bounded(async {
                let mut conn = database.borrow().await?;
                let version = tables::version(conn.conn()?).await?;
                conn.give_back();
                Ok(version)
            })
            .await?;
        match version {
            Some(tables::VERSION) => {}
            Some(newer) if newer > tables::VERSION => return Err(database.newer(newer)),
            _ => database.migrate().await?,
        }
        Ok(database)
    }

    /// Which database this is, for people.
    pub(super) fn place(&self) -> &str {
        &self.address.place
    }

    /// The row of `key`.
    pub(super) async fn row(&self, key: &TokenKey) -> Result<Option<Row>, StoreError> {
        self.bounded(async {
            let mut conn = self.borrow().await?;
            let row = select(conn.conn()?, key).await?;
            conn.give_back();
            Ok(row)
        })
        .await
    }

    /// The row of `key`, read on this connection.
    pub(super) async fn row_on(
        &self,
        conn: &mut PgConnection,
        key: &TokenKey,
    ) -> Result<Option<Row>, StoreError> {
        self.bounded(select(conn, key)).await
    }

    /// Changes the row of `key` if it still has this revision (`None`: if there is still no row); says whether it had.
    pub(super) async fn change(
        &self,
        key: &TokenKey,
        seen: Option<i64>,
        change: &Change,
    ) -> Result<bool, StoreError> {
        let key = key.as_str();
        self.bounded(async {
            let mut conn = self.borrow().await?;
            let done = match (seen, change) {
                (None, Change::Put { revision, token }) => sqlx::query(
                    "INSERT INTO gatepass_client_tokens (key, revision, token) VALUES ($1, $2, $3) \
                     ON CONFLICT (key) DO NOTHING",
                )
                .bind(key)
                .bind(revision)
                .bind(token)
                .execute(conn.conn()?)
                .await?,
                (Some(seen), Change::Put { revision, token }) => sqlx::query(
                    "UPDATE gatepass_client_tokens SET revision = $3, token = $4, saved_at = now() \
                     WHERE key = $1 AND revision = $2",
                )
                .bind(key)
                .bind(seen)
                .bind(revision)
                .bind(token)
                .execute(conn.conn()?)
                .await?,
                (seen, Change::Remove) => {
                    sqlx::query(
                        "DELETE FROM gatepass_client_tokens WHERE key = $1 AND revision = $2",
                    )
                    .bind(key)
                    .bind(seen)
                    .execute(conn.conn()?)
                    .await?
                }
            };
            conn.give_back();
            Ok(done.rows_affected() == 1)
        })
        .await
    }

    /// The keys that have a row, in order.
    pub(super) async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        let names: Vec<String> = self
            .bounded(async {
                let mut conn = self.borrow().await?;
                let names = sqlx::query_scalar("SELECT key FROM gatepass_client_tokens")
                    .fetch_all(conn.conn()?)
                    .await?;
                conn.give_back();
                Ok(names)
            })
            .await?;
        let mut keys: Vec<TokenKey> = names
            .iter()
            .filter_map(|name| TokenKey::kept(name))
            .collect();
        keys.sort();
        Ok(keys)
    }

    /// A connection that holds the lock of `key`; `None` when it is not free before `patience` ends. The lock is one
    /// of the table's own, so tokens of one name in two schemas do not share it.
    pub(super) async fn lock(
        &self,
        key: &TokenKey,
        patience: Duration,
    ) -> Result<Option<PgConnection>, StoreError> {
        let mut conn = self.bounded(self.address.options.connect()).await?;
        self.bounded(keep_alive(&mut conn)).await?;
        let free = sqlx::query_scalar(
            "SELECT pg_try_advisory_lock(hashtextextended($1, 'gatepass_client_tokens'::regclass::oid::bigint))",
        );
        if self
            .bounded(free.bind(key.as_str()).fetch_one(&mut conn))
            .await?
        {
            return Ok(Some(conn));
        }
        let millis = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        if millis == 0 {
            return Ok(None);
        }
        let limit = sqlx::query("SELECT set_config('lock_timeout', $1, false)");
        self.bounded(limit.bind(format!("{millis}ms")).execute(&mut conn))
            .await?;
        let wait = sqlx::query(
            "SELECT pg_advisory_lock(hashtextextended($1, 'gatepass_client_tokens'::regclass::oid::bigint))",
        );
        let waited = wait.bind(key.as_str()).execute(&mut conn);
        match tokio::time::timeout(patience.saturating_add(CALL), waited).await {
            Ok(Ok(_)) => Ok(Some(conn)),
            Ok(Err(error)) if is(&error, LOCK_NOT_AVAILABLE) => Ok(None),
            Ok(Err(error)) => Err(fault(self.place(), &error)),
            Err(_) => Err(self.silent()),
        }
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let mut conn = self.bounded(self.address.options.connect()).await?;
        let done = tokio::time::timeout(CALL, tables::migrate(&mut conn)).await;
        match done.map_err(|_| self.silent())? {
            Ok(()) => Ok(()),
            Err(MigrateError::VersionMissing(version)) => Err(self.newer(version)),
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                Err(fault(self.place(), &error))
            }
            Err(error) => Err(StoreError::Unusable {
                place: self.place().to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    async fn borrow(&self) -> Result<Borrowed, sqlx::Error> {
        self.pool.acquire().await.map(Some).map(Borrowed)
    }

    async fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(CALL, work).await {
            Ok(outcome) => outcome.map_err(|error| fault(self.place(), &error)),
            Err(_) => Err(self.silent()),
        }
    }

    fn silent(&self) -> StoreError {
        StoreError::Unavailable {
            place: self.place().to_owned(),
            reason: "it takes too long".to_owned(),
        }
    }

    fn newer(&self, version: i64) -> StoreError {
        StoreError::Unusable {
            place: self.place().to_owned(),
            reason: format!(
                "a newer gatepass made its tables (version {version}, this one knows {}); upgrade this one",
                tables::VERSION
            ),
        }
    }
}

/// A connection of the pool. Where the work on it failed, or was not finished in time, it is closed and not used
/// again: the pool would wait for its answer without end.
struct Borrowed(Option<PoolConnection<Postgres>>);

impl Borrowed {
    fn conn(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.0.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            drop(conn.detach());
        }
    }
}

async fn select(conn: &mut PgConnection, key: &TokenKey) -> Result<Option<Row>, sqlx::Error> {
    let row: Option<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT revision, token FROM gatepass_client_tokens WHERE key = $1")
            .bind(key.as_str())
            .fetch_optional(conn)
            .await?;
    Ok(row.map(|(revision, token)| Row { revision, token }))
}

/// What is saved is to be on disk, so that a database in which a commit does not wait for that is overruled.
async fn durable(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let setting = "SELECT set_config('synchronous_commit', \
         replace(current_setting('synchronous_commit'), 'off', 'on'), false)";
    sqlx::query(setting).execute(conn).await?;
    Ok(())
}

/// Has the server end the session soon after our machine is gone without a word, and not before: a refresh is waited
/// for in silence.
async fn keep_alive(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let settings = "SELECT set_config(name, value, false) FROM (VALUES \
         ('statement_timeout', '0'), ('idle_session_timeout', '0'), ('tcp_keepalives_idle', '10'), \
         ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3')) AS wanted (name, value) \
         JOIN pg_settings USING (name)";
    sqlx::query(settings).execute(conn).await?;
    Ok(())
}
