//! What the store that remembers clients may and may not be late with.

use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Key, Record};
use gatepass_store::contract::samples;
use gatepass_store::{MemoryStore, Remembering, Store};

async fn is_there(store: &dyn Store, key: &Key) -> bool {
    let found = store.load(std::slice::from_ref(key)).await.expect("loads");
    matches!(found.as_slice(), [Some(Record::Client(_))])
}

#[tokio::test(start_paused = true)]
async fn a_change_elsewhere_is_seen_within_a_second() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let store = Remembering::over(Arc::clone(&inner));
    let client = samples::client(1);
    let key = Key::Client(client.client_id.clone());
    assert!(!is_there(&store, &key).await);
    inner
        .commit(vec![Change::Insert(Record::Client(client))])
        .await
        .expect("inserted");
    assert!(is_there(&store, &key).await, "absence is not remembered");
    inner
        .commit(vec![Change::Delete(key.clone())])
        .await
        .expect("deleted");
    tokio::time::advance(Duration::from_millis(999)).await;
    assert!(is_there(&store, &key).await);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(!is_there(&store, &key).await);
}

#[tokio::test(start_paused = true)]
async fn a_change_of_its_own_is_seen_at_once() {
    let store = Remembering::over(Arc::new(MemoryStore::new()));
    let client = samples::client(1);
    let key = Key::Client(client.client_id.clone());
    store
        .commit(vec![Change::Insert(Record::Client(client))])
        .await
        .expect("inserted");
    assert!(is_there(&store, &key).await);
    store
        .commit(vec![Change::Delete(key.clone())])
        .await
        .expect("deleted");
    assert!(!is_there(&store, &key).await);
}
