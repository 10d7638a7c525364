//! From a file to a connection with the newest tables.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use super::fault::{fault, is_busy};
use super::file::Prepared;
use crate::StoreError;
use crate::steps::{newer, untaken};

/// The tables, as steps forward. There are none back: an older program refuses a newer database.
static MIGRATIONS: Migrator = sqlx::migrate!("src/sqlite/migrations");

/// How long another process may hold the write lock before we give up.
const BUSY: Duration = Duration::from_secs(5);

/// Checking every page takes time in proportion, and a server should answer at once; larger files are checked
/// by their header and tables only.
const CHECKED_PAGES: i64 = 1024;

/// The mark of migration 1.
pub(super) const APPLICATION_ID: i64 = 0x6770_7374;

/// How to connect for reading.
pub(super) fn reading(path: &Path) -> SqliteConnectOptions {
    options(path).pragma("query_only", "ON")
}

/// How to connect for writing. `max_pages` limits the file, so that tests can fill it.
pub(super) fn writing(path: &Path, max_pages: Option<u32>) -> SqliteConnectOptions {
    let options = options(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    match max_pages {
        Some(pages) => options.pragma("max_page_count", pages.to_string()),
        None => options,
    }
}

/// Looks the database over without writing to it, then connects with `options` and brings its tables up to date.
pub(super) async fn connect(
    file: &Prepared,
    writing: &SqliteConnectOptions,
) -> Result<SqliteConnection, StoreError> {
    if !file.is_empty {
        schema(&file.path).await?;
    }
    let mut conn = patiently(writing).await.map_err(|error| fault(&error))?;
    migrate(&mut conn).await?;
    Ok(conn)
}

/// The newest step that a database has taken, looked at without writing to it.
pub(super) async fn schema(path: &Path) -> Result<Option<i64>, StoreError> {
    let mut conn = options(path)
        .read_only(true)
        .connect()
        .await
        .map_err(|error| fault(&error))?;
    let verdict = inspect(&mut conn).await;
    let _ = conn.close().await;
    verdict
}

/// How many steps come after this one.
pub(super) fn steps_after(schema: i64) -> usize {
    let missing = MIGRATIONS.iter().filter(|step| step.version > schema);
    missing.count()
}

pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY)
        .disable_statement_logging()
}

/// Whether it is a gatepass database, or empty.
pub(super) async fn is_ours(conn: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let (id, tables): (i64, i64) = sqlx::query_as(
        "SELECT application_id, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id",
    )
    .fetch_one(conn)
    .await?;
    Ok(id == APPLICATION_ID || tables == 0)
}

/// Refuses what must not be written to; says which step was the last.
async fn inspect(conn: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
    let facts = Facts::read(conn).await.map_err(|error| fault(&error))?;
    if facts.application_id != APPLICATION_ID && facts.other_tables > 0 {
        return Err(StoreError::Damaged(
            "it is the database of another program; it was left as it is".into(),
        ));
    }
    let known = MIGRATIONS.iter().map(|step| step.version).max();
    if facts.schema > known {
        return Err(newer(facts.schema.unwrap_or_default()));
    }
    match facts.complaint {
        Some(complaint) => Err(StoreError::Damaged(format!(
            "{complaint}; restore a backup"
        ))),
        None => Ok(facts.schema),
    }
}

struct Facts {
    application_id: i64,
    /// Tables that did not come from the migrations' own bookkeeping.
    other_tables: i64,
    /// The newest migration it has.
    schema: Option<i64>,
    /// What the check of its pages found.
    complaint: Option<String>,
}

impl Facts {
    async fn read(conn: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let application_id = sqlx::query_scalar("PRAGMA application_id")
            .fetch_one(&mut *conn)
            .await?;
        let (tables, kept): (i64, i64) = sqlx::query_as(
            "SELECT count(*), count(*) FILTER (WHERE name = '_sqlx_migrations') \
             FROM sqlite_schema WHERE type = 'table'",
        )
        .fetch_one(&mut *conn)
        .await?;
        let schema = if kept > 0 {
            sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
                .fetch_one(&mut *conn)
                .await?
        } else {
            None
        };
        Ok(Self {
            application_id,
            other_tables: tables - kept,
            schema,
            complaint: complaint(conn).await?,
        })
    }
}

async fn complaint(conn: &mut SqliteConnection) -> Result<Option<String>, sqlx::Error> {
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count")
        .fetch_one(&mut *conn)
        .await?;
    if pages > CHECKED_PAGES {
        return Ok(None);
    }
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(conn)
        .await?;
    Ok((found != "ok").then_some(found))
}

/// Connects. Two processes that open a new database at the same moment may get in each other's way while the
/// journal changes its mode; SQLite does not wait then, so we do.
async fn patiently(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let start = Instant::now();
    loop {
        match options.connect().await {
            Err(error) if is_busy(&error) && start.elapsed() < BUSY => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done,
        }
    }
}

/// Takes all steps that are missing or none, one process at a time.
pub(super) async fn migrate(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut whole = conn
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(|error| fault(&error))?;
    MIGRATIONS
        .run_direct(None, &mut *whole, false)
        .await
        .map_err(|error| untaken(error, fault))?;
    whole.commit().await.map_err(|error| fault(&error))
}
