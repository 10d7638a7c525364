//! What a process that was killed, or a copy that broke off, leaves behind, before SQLite makes something else of it.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions as _, Connection as _};

use super::fault::fault;
use super::{connect, file};
use crate::StoreError;

/// Takes back what was begun when a database was made and never ended; refuses what is only a part.
pub(super) async fn settle(path: &Path) -> Result<(), StoreError> {
    // The log is looked at first, for another process that makes a new database begins with the other.
    if size(&beside(path, "-wal")) > 0 && size(path) == 0 {
        return Err(broken_off(
            path,
            "is empty or gone, but the write-ahead log beside it is not",
        ));
    }
    let Some(header) = Header::of(path) else {
        return Ok(());
    };
    if is_interrupted(path) {
        return take_back(path).await;
    }
    // SQLite takes a last page that is cut short for one that ends in zeros. Pages are written whole, and only the log may
    // have one that is on its way.
    let rest = size(path).checked_rem(header.page);
    if size(&beside(path, "-wal")) == 0 && rest.is_some_and(|rest| rest > 0) {
        return Err(broken_off(path, "ends within a page"));
    }
    Ok(())
}

/// Whether a process was killed while it made the database, or put another in its place. While a database has its log there
/// is no journal beside it, but when it gets the log and when it loses it.
pub(super) fn is_interrupted(path: &Path) -> bool {
    let had_log = || Header::of(path).is_some_and(|header| header.has_log);
    size(&beside(path, "-journal")) > 0 && (had_log() || file::is_ours(path))
}

/// What a database says of itself in the beginning.
struct Header {
    /// The size of its pages.
    page: u64,
    /// Whether it has a write-ahead log.
    has_log: bool,
}

impl Header {
    /// `None` where there is no database.
    fn of(path: &Path) -> Option<Self> {
        let mut begin = [0; 20];
        File::open(path).ok()?.read_exact(&mut begin).ok()?;
        let [high, low, write, read] = begin.strip_prefix(b"SQLite format 3\0")? else {
            return None;
        };
        let page = match u16::from_be_bytes([*high, *low]) {
            1 => 65_536,
            page => page.into(),
        };
        Some(Self {
            page,
            has_log: [write, read] == [&2, &2],
        })
    }
}

/// Whoever looks takes back what the journal holds, unless the file is opened for reading alone.
async fn take_back(path: &Path) -> Result<(), StoreError> {
    let options = connect::reading(path);
    let mut conn = options.connect().await.map_err(|error| fault(&error))?;
    let looked = sqlx::query("SELECT count(*) FROM sqlite_schema");
    let looked = looked.execute(&mut conn).await;
    let _ = conn.close().await;
    looked.map(drop).map_err(|error| fault(&error))
}

fn broken_off(path: &Path, what: &str) -> StoreError {
    StoreError::Damaged(format!("{} {what}; restore a backup", path.display()))
}

fn size(path: &Path) -> u64 {
    path.metadata().map_or(0, |found| found.len())
}

/// A companion of the database.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
