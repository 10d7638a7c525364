//! Every backend passes the same suite. A new backend adds a line.

use std::sync::Arc;

use gatepass_store::{MemoryStore, Remembering, SqliteStore, Store, contract};
use tempfile::TempDir;

contract!(memory, in_memory());
contract!(sqlite, in_sqlite());
contract!(remembering, remembering());

async fn in_memory() -> (Arc<dyn Store>, ()) {
    (Arc::new(MemoryStore::new()), ())
}

async fn remembering() -> (Arc<dyn Store>, ()) {
    let inner = Arc::new(MemoryStore::new());
    (Arc::new(Remembering::over(inner)), ())
}

async fn in_sqlite() -> (Arc<dyn Store>, TempDir) {
    let folder = TempDir::new().expect("a temporary folder");
    let store = SqliteStore::open(&folder.path().join("gatepass.db")).await;
    (Arc::new(store.expect("a new database")), folder)
}
