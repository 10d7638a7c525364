//! The tables, as steps forward. There are none back: an older program refuses newer tables.

use std::sync::LazyLock;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{PgConnection, SqlSafeStr as _};

use super::fault::is;

/// The newest step.
pub(super) const VERSION: i64 = 1;

const TOKENS: &str = "CREATE TABLE gatepass_client_tokens (
    key text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 255),
    revision bigint NOT NULL,
    token bytea NOT NULL CHECK (octet_length(token) <= 1048576),
    saved_at timestamptz NOT NULL DEFAULT now()
)";

static STEPS: LazyLock<Migrator> = LazyLock::new(|| {
    let step = |version, name: &'static str, sql: &'static str| {
        let (kind, sql) = (MigrationType::Simple, sql.into_sql_str());
        Migration::new(version, name.into(), kind, sql, false)
    };
    let mut steps = Migrator::with_migrations(vec![step(VERSION, "tokens", TOKENS)]);
    // Other programs that use the library have `_sqlx_migrations`, perhaps in the same schema.
    steps.dangerous_set_table_name("gatepass_client_migrations");
    steps
});

/// Undefined table.
const NO_TABLE: &str = "42P01";

/// The newest step that was taken; `None` when there are no tables. Unlike taking the steps, asking needs no right to
/// make tables.
pub(super) async fn version(conn: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    let found = sqlx::query_scalar("SELECT max(version) FROM gatepass_client_migrations")
        .fetch_one(conn)
        .await;
    match found {
        Err(error) if is(&error, NO_TABLE) => Ok(None),
        found => found,
    }
}

/// Takes the steps that are missing, one process at a time. The connection is to be closed then, for a step that
/// failed leaves it the lock.
pub(super) async fn migrate(conn: &mut PgConnection) -> Result<(), MigrateError> {
    STEPS.run_direct(None, conn, false).await
}
