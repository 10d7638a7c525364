//! Whose fault a failure is, and what may be tried after it.

use crate::StoreError;

/// Classes and codes of SQLSTATE after which another connection may do better: it was lost or shut down, its session
/// was ended, it leads to what is a replica now, or it does not know its own statements any more.
const LOST: &[&str] = &["08", "57P01", "57P02", "57P05", "25P03", "25006", "26000"];
/// A transaction that lost against another one (serialization failure, deadlock) has left nothing behind.
const CONTENDED: &[&str] = &["40001", "40P01"];
/// Corrupt data or index, and tables or columns that should be there.
const DAMAGED: &[&str] = &["XX001", "XX002", "42P01", "42703"];

/// Why an attempt failed. None of them has changed anything.
#[derive(Debug)]
pub(super) enum Failed {
    /// Others were in the way for the moment.
    Contended(StoreError),
    /// The connection is of no use any more.
    Lost(StoreError),
    /// The database did not answer in time, and says nothing about why.
    Silent,
    /// Trying again would not help.
    Otherwise(StoreError),
}

impl Failed {
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Contended(error) | Self::Lost(error) | Self::Otherwise(error) => error,
            Self::Silent => silent(),
        }
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Otherwise(error)
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        let told = fault(&error);
        match &error {
            _ if is(&error, CONTENDED) => Self::Contended(told),
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => Self::Lost(told),
            _ if is(&error, LOST) => Self::Lost(told),
            _ => Self::Otherwise(told),
        }
    }
}

/// What went wrong, for the caller. Of the database's own words only the message is told, never a row's content.
pub(super) fn fault(error: &sqlx::Error) -> StoreError {
    let damaged = match error {
        sqlx::Error::Decode(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnNotFound(_) => true,
        error => is(error, DAMAGED),
    };
    let reason = match error {
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Database(error) => error.message().to_owned(),
        error => error.to_string(),
    };
    if damaged {
        StoreError::Damaged(reason)
    } else {
        StoreError::Unavailable(reason)
    }
}

/// It takes too long.
pub(super) fn silent() -> StoreError {
    StoreError::Unavailable("PostgreSQL takes too long to answer".into())
}

/// Whether the error has one of these SQLSTATEs, or is of one of these classes.
pub(super) fn is(error: &sqlx::Error, states: &[&str]) -> bool {
    let state = error.as_database_error().and_then(|error| error.code());
    state.is_some_and(|state| states.iter().any(|start| state.starts_with(start)))
}
