//! Why records did not come from one database into another.

use std::io;

use gatepass_store::transfer::LineError;
use gatepass_store::{CommitError, StoreError};

/// Why an export or import has stopped. What was imported until then stays; the same import goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is read from, or written to.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line cannot be taken.
    #[error("line {number}: {reason}")]
    Line {
        /// Which, from 1 on.
        number: u64,
        /// Why; nothing of its content.
        reason: String,
    },
    /// A record cannot be written.
    #[error("a record cannot be exported: {0}")]
    Record(LineError),
    /// The database has records of its own.
    #[error(
        "the database holds records already, and not those of this import; choose an empty one, or merge"
    )]
    NotEmpty,
}

impl TransferError {
    pub(super) fn line(number: u64, reason: impl ToString) -> Self {
        Self::Line {
            number,
            reason: reason.to_string(),
        }
    }

    /// Why a commit of records up to this line failed.
    pub(super) fn commit(number: u64, error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => Self::Store(error),
            CommitError::Conflict | CommitError::Spent => Self::line(
                number,
                "its name belongs to another record here, or somebody else changes the database now",
            ),
        }
    }
}
