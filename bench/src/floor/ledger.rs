use std::path::Path;

use axum::http::StatusCode;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Executor as _, SqliteConnection};
use tokio::sync::Mutex;

use super::jwt;

/// Withdrawn tokens and grants, on one connection: no pool is cheaper.
pub(super) struct Ledger(Mutex<SqliteConnection>);

impl Ledger {
    pub(super) async fn open(path: &Path) -> anyhow::Result<Self> {
        let mut connection = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .disable_statement_logging()
            .connect()
            .await?;
        connection
            .execute(
                "CREATE TABLE IF NOT EXISTS denied (jti TEXT PRIMARY KEY) WITHOUT ROWID; \
                 CREATE TABLE IF NOT EXISTS grants (id TEXT PRIMARY KEY, revoked_at INTEGER) WITHOUT ROWID",
            )
            .await?;
        Ok(Self(Mutex::new(connection)))
    }

    /// A new grant.
    pub(super) async fn grant(&self) -> Result<String, StatusCode> {
        let id = jwt::random_text().ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
        let insert = sqlx::query("INSERT INTO grants (id) VALUES (?)").bind(&id);
        let mut connection = self.0.lock().await;
        insert
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
        Ok(id)
    }

    /// Both look-ups in one errand to the database's thread: two single rows, by their primary keys.
    pub(super) async fn is_live(&self, jti: &str, grant: Option<&str>) -> Result<bool, StatusCode> {
        let look = match grant {
            None => sqlx::query_scalar("SELECT NOT EXISTS (SELECT 1 FROM denied WHERE jti = ?)")
                .bind(jti),
            Some(grant) => sqlx::query_scalar(
                "SELECT NOT EXISTS (SELECT 1 FROM denied WHERE jti = ?) \
                 AND (SELECT revoked_at IS NULL FROM grants WHERE id = ?)",
            )
            .bind(jti)
            .bind(grant),
        };
        let mut connection = self.0.lock().await;
        look.fetch_one(&mut *connection).await.map_err(unavailable)
    }
}

fn unavailable(_: sqlx::Error) -> StatusCode {
    StatusCode::SERVICE_UNAVAILABLE
}
