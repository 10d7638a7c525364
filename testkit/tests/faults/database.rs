//! The database behind a server's back.

use std::path::{Path, PathBuf};

use gatepass_testkit::{Postgres, PostgresDatabase};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

/// Where a server keeps its records.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// In a file.
    Sqlite(PathBuf),
    /// In the PostgreSQL that all tests share.
    Postgres(PostgresDatabase),
}

impl Database {
    /// As `--database` takes it.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(database) => database.url.clone(),
        }
    }

    /// Asserts that it is whole: every page and index of a file, and no half of a commit in either kind.
    pub(crate) async fn is_whole(&self) {
        if let Self::Sqlite(path) = self {
            assert_eq!(text(path, "PRAGMA integrity_check").await, "ok");
        }
        // A code is spent in the commit that makes its grant.
        let halves = "SELECT CAST(count(*) AS TEXT) FROM codes \
                      WHERE spent_at IS NOT NULL AND grant_id NOT IN (SELECT grant_id FROM grants)";
        let found = match self {
            Self::Sqlite(path) => text(path, halves).await,
            Self::Postgres(database) => {
                let name = database.name.clone();
                let statements = format!("SET search_path = gatepass; {halves}");
                let asked =
                    tokio::task::spawn_blocking(move || Postgres::shared().sql(&name, &statements));
                asked.await.expect("it answers")
            }
        };
        assert_eq!(found, "0", "codes that were spent for nothing");
    }
}

/// The one text that a query gives.
pub(crate) async fn text(path: &Path, sql: &'static str) -> String {
    let mut conn = connect(path).await;
    let found = sqlx::query_scalar(sql).fetch_one(&mut conn).await;
    conn.close().await.expect("closed");
    found.expect("an answer")
}

/// Runs a statement.
pub(crate) async fn run(path: &Path, sql: String) {
    let mut conn = connect(path).await;
    let ran = sqlx::query(AssertSqlSafe(sql)).execute(&mut conn).await;
    ran.expect("it runs");
    conn.close().await.expect("closed");
}

async fn connect(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.connect().await.expect("it opens")
}
