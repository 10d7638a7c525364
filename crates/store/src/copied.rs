//! What came of a copy of a whole database.

use std::io;
use std::path::PathBuf;

use crate::StoreError;

/// What a copy holds, looked at after it was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// How large it is.
    pub bytes: u64,
    /// The version of its tables: how many steps they have taken.
    pub version: i64,
    /// How many rows each table has.
    pub rows: Vec<(&'static str, u64)>,
}

/// Why there is no copy. What stood at its place still stands there.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Something stands where the copy would go.
    #[error("{} exists already, and was left as it is", .0.display())]
    Exists(PathBuf),
    /// There is no database, or none with tables.
    #[error("{} holds no gatepass database", .0.display())]
    Nothing(PathBuf),
    /// Another process has the database open.
    #[error("{} is open in another process, a running server perhaps; stop it first", .0.display())]
    InUse(PathBuf),
    /// The log of a database that is gone would be taken for that of the copy.
    #[error("{} was left behind by another database; move it away first", .0.display())]
    Leftover(PathBuf),
    /// A file cannot be written.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What is to be copied cannot be read.
    #[error("{}: {error}", .path.display())]
    Store {
        /// Where it is.
        path: PathBuf,
        /// Why.
        error: StoreError,
    },
}
