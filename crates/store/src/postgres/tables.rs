//! The tables, as steps forward. There are none back: an older program refuses a newer database.

use std::sync::LazyLock;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;

use super::fault::{fault, is, silent};
use super::pool;
use crate::StoreError;
use crate::steps::{newer, untaken};

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut steps = sqlx::migrate!("src/postgres/migrations");
    // `LOCK` has been taken by then, and ends with the transaction.
    steps.set_locking(false);
    steps
});

/// How long the steps may take, others that take them included.
const PATIENCE: Duration = Duration::from_secs(120);

/// One node at a time takes steps; the number is 'gpst'. The schema may be there already, made by somebody who may.
const LOCK: &str = "SET LOCAL statement_timeout = '120s'; SET LOCAL lock_timeout = '120s'; \
    SELECT pg_advisory_xact_lock(1735422836); \
    DO $$ BEGIN IF to_regnamespace('gatepass') IS NULL THEN CREATE SCHEMA gatepass; END IF; END $$";

/// Undefined table.
const NO_TABLE: &[&str] = &["42P01"];

/// Brings the tables up to date, all steps or none; refuses a newer database and leaves it as it is. Where nothing is
/// to be done, no right to make tables is needed.
pub(super) async fn prepare(options: &PgConnectOptions) -> Result<(), StoreError> {
    let mut conn = pool::connect(options).await?;
    let preparing = async {
        check_encoding(&mut conn).await?;
        let version = version(&mut conn).await.map_err(|error| fault(&error))?;
        let known = MIGRATIONS.iter().map(|step| step.version).max();
        if version > known {
            return Err(newer(version.unwrap_or_default()));
        }
        if version < known {
            migrate(&mut conn).await?;
        }
        Ok(())
    };
    timeout(PATIENCE, preparing).await.map_err(|_| silent())??;
    let _ = conn.close().await;
    Ok(())
}

/// How many steps are missing, `None` where none was taken; changes nothing.
pub(super) async fn missing(options: &PgConnectOptions) -> Result<Option<usize>, StoreError> {
    let mut conn = pool::connect(options).await?;
    let looking = async {
        check_encoding(&mut conn).await?;
        version(&mut conn).await.map_err(|error| fault(&error))
    };
    let version = timeout(PATIENCE, looking).await.map_err(|_| silent())??;
    let _ = conn.close().await;
    let Some(version) = version else {
        return Ok(None);
    };
    if MIGRATIONS.iter().all(|step| step.version < version) {
        return Err(newer(version));
    }
    let missing = MIGRATIONS.iter().filter(|step| step.version > version);
    Ok(Some(missing.count()))
}

async fn check_encoding(conn: &mut PgConnection) -> Result<(), StoreError> {
    let encoding: String = sqlx::query_scalar("SELECT current_setting('server_encoding')")
        .fetch_one(conn)
        .await
        .map_err(|error| fault(&error))?;
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "its encoding is {encoding}; make a database with the encoding UTF8"
    )))
}

/// The newest step that was taken; `None` when there are no tables.
async fn version(conn: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    let found = sqlx::query_scalar("SELECT max(version) FROM gatepass._sqlx_migrations")
        .fetch_one(conn)
        .await;
    match found {
        Err(error) if is(&error, NO_TABLE) => Ok(None),
        found => found,
    }
}

async fn migrate(conn: &mut PgConnection) -> Result<(), StoreError> {
    let mut whole = conn.begin().await.map_err(|error| fault(&error))?;
    sqlx::raw_sql(LOCK)
        .execute(&mut *whole)
        .await
        .map_err(|error| fault(&error))?;
    MIGRATIONS
        .run_direct(None, &mut *whole, false)
        .await
        .map_err(|error| untaken(error, fault))?;
    whole.commit().await.map_err(|error| fault(&error))
}
