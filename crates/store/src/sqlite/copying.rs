//! A copy of a whole database while it is in use.

use std::path::Path;

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

use super::fault::fault;
use super::replacing::Draft;
use super::{SqliteStore, connect, file, remains};
use crate::{Copied, CopyError, StoreError};

/// The tables whose rows are counted.
const COUNTED: [&str; 9] = [
    "clients",
    "users",
    "grants",
    "api_keys",
    "sealed_keys",
    "denied",
    "sessions",
    "items",
    "audit",
];

impl SqliteStore {
    /// Copies the database at `path` to the file `to`, whoever uses it meanwhile: the copy is its state at one moment, in
    /// one file for its owner's eyes only. It is made beside its place, checked, synced, and put there at once. Servers
    /// go on; what they write meanwhile stays in the log until the copy is done.
    ///
    /// The tables stay as they are: what an older gatepass has written is copied as it is.
    ///
    /// # Errors
    ///
    /// Something stands at `to` and is not to be replaced; the database is damaged, newer or not ours; a file cannot be
    /// written.
    pub async fn back_up(path: &Path, to: &Path, replace: bool) -> Result<Copied, CopyError> {
        if !replace && to.exists() {
            return Err(CopyError::Exists(to.to_owned()));
        }
        let draft = Draft::beside(to)?;
        copy(path, draft.path()).await?;
        let copied = describe(draft.path()).await;
        let copied = copied.map_err(|error| of(draft.path(), error))?;
        draft.put(to, replace)?;
        Ok(copied)
    }
}

/// Copies the state of one moment into a file that is there and empty.
pub(super) async fn copy(path: &Path, to: &Path) -> Result<(), CopyError> {
    if !file::is_there(path).map_err(|error| of(path, error))? {
        return Err(CopyError::Nothing(path.to_owned()));
    }
    remains::settle(path)
        .await
        .map_err(|error| of(path, error))?;
    let schema = connect::schema(path).await;
    if schema.map_err(|error| of(path, error))?.is_none() {
        return Err(CopyError::Nothing(path.to_owned()));
    }
    let copied = vacuum(path, to).await;
    copied.map_err(|error| of(path, error))
}

async fn vacuum(path: &Path, to: &Path) -> Result<(), StoreError> {
    let to = to.to_str().ok_or_else(|| {
        StoreError::Unavailable("the copy's path is not UTF-8; choose another".into())
    })?;
    let mut conn = open(path).await.map_err(|error| fault(&error))?;
    let done = match whole(&mut conn).await {
        Ok(()) => sqlx::query("VACUUM INTO ?")
            .bind(to)
            .execute(&mut conn)
            .await
            .map(drop)
            .map_err(|error| fault(&error)),
        Err(error) => Err(error),
    };
    let _ = conn.close().await;
    done
}

/// Looks a whole copy over, each of its pages, and counts its rows.
pub(super) async fn describe(path: &Path) -> Result<Copied, StoreError> {
    let version = connect::schema(path).await?;
    let bytes = std::fs::metadata(path)
        .map_err(|error| StoreError::Unavailable(error.to_string()))?
        .len();
    let mut conn = open(path).await.map_err(|error| fault(&error))?;
    whole(&mut conn).await?;
    let counted = count(&mut conn).await;
    let _ = conn.close().await;
    Ok(Copied {
        bytes,
        version: version.unwrap_or_default(),
        rows: counted.map_err(|error| fault(&error))?,
    })
}

async fn open(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    connect::options(path).read_only(true).connect().await
}

/// Refuses a database of which a page does not fit the others.
async fn whole(conn: &mut SqliteConnection) -> Result<(), StoreError> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(conn)
        .await
        .map_err(|error| fault(&error))?;
    match found.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::Damaged(found)),
    }
}

async fn count(conn: &mut SqliteConnection) -> Result<Vec<(&'static str, u64)>, sqlx::Error> {
    let there: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema")
        .fetch_all(&mut *conn)
        .await?;
    let mut rows = Vec::with_capacity(COUNTED.len());
    // An older database does not have them all.
    for table in COUNTED
        .into_iter()
        .filter(|own| there.iter().any(|name| name == own))
    {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let counted: i64 = sqlx::query_scalar(sql).fetch_one(&mut *conn).await?;
        rows.push((table, u64::try_from(counted).unwrap_or_default()));
    }
    Ok(rows)
}

/// What went wrong with the database at a path.
pub(super) fn of(path: &Path, error: StoreError) -> CopyError {
    CopyError::Store {
        path: path.to_owned(),
        error,
    }
}
