use async_trait::async_trait;
use gatepass_proto::Timestamp;
use gatepass_proto::decide::change::{AuditLine, Change};
use gatepass_proto::decide::record::{Key, Kind, Record};
use gatepass_proto::throttle::{Charge, Throttled};

use crate::{News, Table};

/// The port that every database passes through.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Looks up each key; the answers stand in the order of the keys. All come from one consistent state.
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Record>>, StoreError>;

    /// Makes all the changes or none. When this returns `Ok`, they are durable.
    async fn commit(&self, changes: Vec<Change>) -> Result<(), CommitError>;

    /// Every record of a kind in the order of their names, at most 1,000, for operators.
    async fn list(&self, kind: Kind) -> Result<Vec<Record>, StoreError>;

    /// The next records of a table in the order of their keys, compared byte by byte: those after `after`, at most `limit`
    /// and never more than 1,000. Fewer than that are the last. Each page is a state of its own.
    async fn page(
        &self,
        table: Table,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;

    /// The newest lines of the audit log that stand before line `before`, newest first, at most `limit` and never more
    /// than 1,000.
    async fn audit_log(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError>;

    /// Charges one guess to every account in `charges`, atomically and before the guess is checked: either
    /// none of them is blocked and all are charged, or `Throttled` says how long to wait and nothing is.
    async fn charge(
        &self,
        charges: &[Charge],
        now: Timestamp,
    ) -> Result<Result<(), Throttled>, StoreError>;

    /// Takes back what [`Store::charge`] charged, after a right guess: all failures of an account that counts those in a
    /// row, the one of an account that leaks.
    async fn forgive(&self, charges: &[Charge]) -> Result<(), StoreError>;

    /// Deletes rows that cannot matter any more at `now`, at most `limit` of each kind; says how many went.
    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// News of what other processes change, where the database tells: a node then knows that it has missed nothing. Without
    /// any, what is remembered for more than a second has to be asked for again.
    ///
    /// SQLite tells nothing: the other process there is `gatepass admin`, whose changes are seen by asking each second.
    fn news(&self) -> Option<News> {
        None
    }

    /// Ends in good order: what was asked is done, files are closed. Nothing may be asked afterwards.
    async fn close(&self) {}
}

/// The database did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is gone, locked, full or too slow: try again later.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// What it holds cannot be read.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// It was written by a newer gatepass.
    #[error("the database was written by a newer gatepass ({0}); upgrade this one")]
    Newer(String),
}

/// Why changes were not made.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A condition did not hold; deciding again on fresh facts may help.
    #[error("another request was faster")]
    Conflict,
    /// A `Once` had been seen before; nothing helps.
    #[error("already used")]
    Spent,
    /// The database failed; nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
