//! What SQLite has to hold to beyond the contract of every backend.

mod addresses;
mod copies;
mod durability;
mod files;
mod full;
mod group;
mod half_made;
mod looked;
mod older;
mod refusals;

use std::path::{Path, PathBuf};

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Denied, Key, Record};
use gatepass_store::contract::samples::denied;
use gatepass_store::{SqliteStore, Store as _};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;

/// A folder that lives as long as the test, and the path of a database in it.
fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("gatepass.db");
    (folder, path)
}

async fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).await.expect("the database opens")
}

/// A connection behind the store's back.
async fn behind(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path);
    options.connect().await.expect("the database opens")
}

async fn run(conn: &mut SqliteConnection, sql: &'static str) {
    sqlx::query(sql)
        .execute(conn)
        .await
        .expect("the statement runs");
}

/// One small record.
fn mark(n: u32) -> Vec<Change> {
    vec![Change::Insert(Record::Denied(denied(n)))]
}

/// Whether [`mark`] is there.
async fn is_marked(store: &SqliteStore, n: u32) -> bool {
    let Denied { jti, .. } = denied(n);
    let found = store.load(&[Key::Denied(jti)]).await;
    found.expect("the store answers") == [Some(Record::Denied(denied(n)))]
}
