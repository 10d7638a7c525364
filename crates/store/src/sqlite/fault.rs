//! Whose fault a failure is, in the port's words.

use crate::StoreError;

/// `SQLITE_CORRUPT` and `SQLITE_NOTADB`: the file, not the moment, is at fault.
const DAMAGED: [i32; 2] = [11, 26];
/// `SQLITE_BUSY`: another process holds the lock.
const BUSY: i32 = 5;

/// What went wrong, for the caller.
pub(super) fn fault(error: &sqlx::Error) -> StoreError {
    let damaged = match error {
        sqlx::Error::Database(_) => code(error).is_some_and(|code| DAMAGED.contains(&code)),
        sqlx::Error::Decode(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnNotFound(_) => true,
        _ => false,
    };
    if damaged {
        StoreError::Damaged(error.to_string())
    } else {
        StoreError::Unavailable(error.to_string())
    }
}

/// Whether another process was in the way for the moment.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    code(error) == Some(BUSY)
}

/// The same failure for the next caller who shares it.
pub(super) fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Unavailable(hint) => StoreError::Unavailable(hint.clone()),
        StoreError::Damaged(hint) => StoreError::Damaged(hint.clone()),
        StoreError::Newer(hint) => StoreError::Newer(hint.clone()),
    }
}

/// SQLite's primary result code: the lowest byte of what it reports.
fn code(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}
