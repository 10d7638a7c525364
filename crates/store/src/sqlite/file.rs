//! The file before SQLite is let near it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::connect::APPLICATION_ID;
use crate::StoreError;

/// How every SQLite database begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// A file that is empty or a SQLite database.
pub(super) struct Prepared {
    /// Where it is, whatever the process does with its current directory.
    pub(super) path: PathBuf,
    /// Whether it holds anything yet.
    pub(super) is_empty: bool,
}

/// Makes sure that there is a file at `path`, and that it is not something else than a database.
///
/// A new one can be read by its owner alone; SQLite gives its companions (`-wal`, `-shm`) the same mode.
pub(super) fn prepare(path: &Path) -> Result<Prepared, StoreError> {
    let failed = |error: io::Error| unopened(path, &error);
    let absolute = std::path::absolute(path).map_err(failed)?;
    let is_empty = match create(&absolute) {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => !is_there(&absolute)?,
        Err(error) => return Err(failed(error)),
    };
    Ok(Prepared {
        path: absolute,
        is_empty,
    })
}

/// Whether there is a file at `path` that holds a database; an empty one holds none.
pub(super) fn is_there(path: &Path) -> Result<bool, StoreError> {
    let begin = match begin_of(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        begin => begin.map_err(|error| unopened(path, &error))?,
    };
    if !begin.is_empty() && begin != MAGIC {
        return Err(StoreError::Damaged(format!(
            "{} is not a SQLite database; it was left as it is",
            path.display()
        )));
    }
    Ok(!begin.is_empty())
}

/// Whether the header of a damaged database still says that it is ours (`application_id`, at byte 68).
pub(super) fn is_ours(path: &Path) -> bool {
    let mut header = [0; 72];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    let [.., a, b, c, d] = header;
    read.is_ok() && i64::from(u32::from_be_bytes([a, b, c, d])) == APPLICATION_ID
}

fn unopened(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("cannot open {}: {error}", path.display()))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn begin_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut begin = Vec::with_capacity(MAGIC.len());
    let most = u64::try_from(MAGIC.len()).unwrap_or(u64::MAX);
    File::open(path)?.take(most).read_to_end(&mut begin)?;
    Ok(begin)
}
