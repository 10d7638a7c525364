//! The file before SQLite is let near it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

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
    let failed = |error: io::Error| {
        StoreError::Unavailable(format!("cannot open {}: {error}", path.display()))
    };
    let absolute = std::path::absolute(path).map_err(failed)?;
    let is_empty = match create(&absolute) {
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let begin = begin_of(&absolute).map_err(failed)?;
            if !begin.is_empty() && begin != MAGIC {
                return Err(StoreError::Damaged(format!(
                    "{} is not a SQLite database; it was left as it is",
                    path.display()
                )));
            }
            begin.is_empty()
        }
        Err(error) => return Err(failed(error)),
    };
    Ok(Prepared {
        path: absolute,
        is_empty,
    })
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
