//! Whose fault a failure is.

use std::io::ErrorKind;

use crate::tokens::StoreError;

/// Classes and codes of SQLSTATE that pass by themselves: connection lost, a transaction that lost, no resources left,
/// cancelled, shut down, system errors; and a server that is a replica for the moment.
const PASSING: &[&str] = &["08", "25006", "40", "53", "55P03", "57", "58"];

/// What went wrong, for the caller.
pub(super) fn fault(place: &str, error: &sqlx::Error) -> StoreError {
    let (place, reason) = (place.to_owned(), reason(error));
    if passes(error) {
        StoreError::Unavailable { place, reason }
    } else {
        StoreError::Unusable { place, reason }
    }
}

/// Whether the error has this SQLSTATE.
pub(super) fn is(error: &sqlx::Error, state: &str) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| code == state)
}

fn passes(error: &sqlx::Error) -> bool {
    match error {
        // What comes so from TLS is a certificate that does not prove the server.
        sqlx::Error::Io(error) => error.kind() != ErrorKind::InvalidData,
        sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| PASSING.iter().any(|start| code.starts_with(start))),
        _ => false,
    }
}

fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::PoolTimedOut => "it cannot be connected to".to_owned(),
        error => error.to_string(),
    }
}
