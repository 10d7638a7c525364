//! What goes wrong when a database is brought up to date, the same for every one that has steps.

use sqlx::migrate::MigrateError;

use crate::StoreError;

/// Why the steps were not taken; `fault` says what the database means.
pub(crate) fn untaken(
    error: MigrateError,
    fault: impl Fn(&sqlx::Error) -> StoreError,
) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => newer(version),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => fault(&error),
        error => StoreError::Damaged(error.to_string()),
    }
}

/// A database with a step that is not known here.
pub(crate) fn newer(version: i64) -> StoreError {
    StoreError::Newer(format!("its tables are of version {version}"))
}
