//! Both ends of the real core, joined through bytes under a virtual clock: what must hold in every order of events.
//!
//! Each property runs over many seeds on the memory store, and over fewer on SQLite.

mod codes;
mod devices;
mod errors;
mod families;

use std::future::Future;
use std::sync::Arc;

use gatepass_http::DriveError;
use gatepass_proto::flow::FlowError;
use gatepass_store::{MemoryStore, SqliteStore, Store};
use gatepass_testkit::{Pair, Seeded};

/// Runs a property on both stores.
async fn on_both_stores<F: Future<Output = ()>>(
    memory: u64,
    sqlite: u64,
    property: impl Fn(Pair, Seeded) -> F,
) {
    for seed in 0..memory {
        property(
            Pair::new(Arc::new(MemoryStore::new()), seed).await,
            Seeded::new(!seed),
        )
        .await;
    }
    for seed in 0..sqlite {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(
            SqliteStore::open(&folder.path().join("db"))
                .await
                .expect("a database"),
        );
        property(
            Pair::new(Arc::clone(&store) as Arc<dyn Store>, seed).await,
            Seeded::new(!seed),
        )
        .await;
        store.close().await;
    }
}

/// The `error` of a refusal; anything else is a failure of the test.
fn refused<T: std::fmt::Debug>(outcome: Result<T, DriveError>) -> String {
    match outcome {
        Err(DriveError::Flow(FlowError::Refused { error, .. })) => error,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
