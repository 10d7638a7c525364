//! Who holds the lock of a key in this process, and what it saw.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::PgConnection;
use tokio::sync::OwnedMutexGuard;

use super::database::{Database, Row};
use crate::tokens::{StoreError, TokenKey};

/// The place of a key in this process.
#[derive(Default)]
pub(super) struct Slot {
    turn: Arc<tokio::sync::Mutex<()>>,
    holder: Mutex<Option<Shared>>,
}

type Shared = Arc<tokio::sync::Mutex<Holder>>;

impl Slot {
    /// Waits until nobody else in this process holds the lock: one connection at a time waits at the database.
    pub(super) async fn turn(&self) -> OwnedMutexGuard<()> {
        self.turn.clone().lock_owned().await
    }

    /// The holder, if there is one now.
    pub(super) fn holder(&self) -> Option<Shared> {
        self.entry().clone()
    }

    /// Makes `holder` the holder, until the guard is dropped.
    pub(super) fn hold(self: Arc<Self>, holder: Holder, turn: OwnedMutexGuard<()>) -> Held {
        *self.entry() = Some(Arc::new(tokio::sync::Mutex::new(holder)));
        Held {
            slot: self,
            _turn: turn,
        }
    }

    fn entry(&self) -> std::sync::MutexGuard<'_, Option<Shared>> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds the lock. Dropping it closes the connection, and with that the database frees the lock.
pub(super) struct Held {
    slot: Arc<Slot>,
    _turn: OwnedMutexGuard<()>,
}

impl Drop for Held {
    fn drop(&mut self) {
        *self.slot.entry() = None;
    }
}

/// A connection that holds the lock, and the revision of the row as it was last seen under it.
pub(super) struct Holder {
    conn: Option<PgConnection>,
    pub(super) seen: Option<i64>,
}

impl Holder {
    pub(super) async fn new(
        database: &Database,
        key: &TokenKey,
        mut conn: PgConnection,
    ) -> Result<Self, StoreError> {
        let row = database.row_on(&mut conn, key).await?;
        Ok(Self {
            conn: Some(conn),
            seen: row.map(|row| row.revision),
        })
    }

    /// The row of `key`. What is read on the connection that holds the lock was written before anybody else could
    /// hold it. When that connection is lost the row is read on another one, and does not count as seen.
    pub(super) async fn row(
        &mut self,
        database: &Database,
        key: &TokenKey,
    ) -> Result<Option<Row>, StoreError> {
        if let Some(mut conn) = self.conn.take()
            && let Ok(row) = database.row_on(&mut conn, key).await
        {
            self.conn = Some(conn);
            self.seen = row.as_ref().map(|row| row.revision);
            return Ok(row);
        }
        database.row(key).await
    }
}
