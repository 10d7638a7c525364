//! Everything in one SQLite file.

mod columns;
mod commit;
mod connect;
mod copying;
mod fault;
mod file;
mod readers;
mod remains;
mod replacing;
mod restoring;
mod sweep;
mod throttle;
mod writer;

use std::fmt;
use std::path::Path;

use async_trait::async_trait;
use gatepass_proto::Timestamp;
use gatepass_proto::decide::change::{AuditLine, Change};
use gatepass_proto::decide::record::{Key, Kind, Record};

pub use self::restoring::Restore;

use self::commit::Commit;
use self::readers::Readers;
use self::throttle::{ChargeAll, Forgive};
use self::writer::Writer;
use crate::{Charge, CommitError, Found, Store, StoreError, Table, Throttled, retention};

/// A store in a SQLite file, in WAL mode with `synchronous=FULL`: what was acknowledged survives a power cut.
///
/// Concurrent commits share one sync to disk, each with a verdict of its own. Several processes may have the
/// file open; each waits up to five seconds for the others.
pub struct SqliteStore {
    readers: Readers,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the database at `path`, brings its tables up to date and starts the task that writes on the
    /// current tokio runtime. A file that is not there is made, for its owner's eyes only.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] when the file is not a database, is another program's or is corrupt;
    /// [`StoreError::Newer`] when a newer gatepass wrote it; in both cases it stays as it is.
    /// [`StoreError::Unavailable`] when it cannot be opened.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_limited(path, None).await
    }

    /// [`Self::open`] with a limit on the file's size in pages of 4 KiB, so that tests can fill it.
    #[doc(hidden)]
    pub async fn open_limited(path: &Path, max_pages: Option<u32>) -> Result<Self, StoreError> {
        remains::settle(path).await?;
        let file = file::prepare(path)?;
        let writing = connect::writing(&file.path, max_pages);
        let conn = connect::connect(&file, &writing).await?;
        Ok(Self {
            readers: Readers::new(connect::reading(&file.path)),
            writer: Writer::start(writing, conn),
        })
    }

    /// Looks at the database at `path` without changing it.
    pub(crate) async fn look(path: &Path) -> Result<Found, StoreError> {
        if !file::is_there(path)? {
            return Ok(Found::Nothing);
        }
        if remains::is_interrupted(path) {
            let text =
                "a process was killed while it changed the file; the next start takes that back";
            return Err(StoreError::Unavailable(text.into()));
        }
        let Some(schema) = connect::schema(path).await? else {
            return Ok(Found::Nothing);
        };
        match connect::steps_after(schema) {
            0 => {
                let readers = Readers::new(connect::reading(path).read_only(true));
                let listed = readers.list(Kind::SealedKey).await;
                readers.close().await;
                Ok(Found::ours(listed?))
            }
            steps => Ok(Found::Older { steps }),
        }
    }

    /// Finishes what is under way, moves the write-ahead log into the file and closes it. Every call after
    /// this is refused with [`StoreError::Unavailable`].
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Option<Record>>, StoreError> {
        match keys {
            [] => Ok(Vec::new()),
            [key] => Ok(vec![self.readers.one(key).await?]),
            keys => self.readers.several(keys).await,
        }
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<(), CommitError> {
        if changes.is_empty() {
            return Ok(());
        }
        let verdict = self.writer.submit(Commit(changes)).await?;
        verdict.map_err(CommitError::from)
    }

    async fn list(&self, kind: Kind) -> Result<Vec<Record>, StoreError> {
        self.readers.list(kind).await
    }

    async fn page(
        &self,
        table: Table,
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        self.readers
            .page(table, after, retention::lines(limit))
            .await
    }

    async fn audit_log(
        &self,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditLine>, StoreError> {
        self.readers
            .audit_log(before, retention::lines(limit))
            .await
    }

    async fn charge(
        &self,
        charges: &[Charge],
        now: Timestamp,
    ) -> Result<Result<(), Throttled>, StoreError> {
        let charges = charges.to_vec();
        self.writer.submit(ChargeAll { charges, now }).await
    }

    async fn forgive(&self, charges: &[Charge]) -> Result<(), StoreError> {
        self.writer.submit(Forgive(charges.to_vec())).await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        sweep::sweep(&self.writer, now, limit).await
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}
