//! What the store that remembers clients may and may not be late with.

use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Client, Key, Record};
use gatepass_store::contract::samples;
use gatepass_store::{CommitError, MemoryStore, Remembering, Store};

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

/// Introspection asks for a client together with what its token rests on.
#[tokio::test(start_paused = true)]
async fn among_several_keys_only_clients_are_remembered() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let store = Remembering::over(Arc::clone(&inner));
    let clients = [1, 2].map(samples::client);
    let [one, other] = clients.clone().map(|client| Key::Client(client.client_id));
    let grant = samples::grant(1);
    let insert = clients.map(|client| Change::Insert(Record::Client(client)));
    inner.commit(insert.into()).await.expect("inserted");
    assert!(is_there(&store, &one).await);

    let keys = [
        Key::Grant(grant.grant_id),
        one.clone(),
        other.clone(),
        one.clone(),
    ];
    let seen = async || {
        let found = store.load(&keys).await.expect("loads");
        found.iter().map(Option::is_some).collect::<Vec<_>>()
    };
    assert_eq!(seen().await, [false, true, true, true]);
    let changes = vec![
        Change::Insert(Record::Grant(grant)),
        Change::Delete(one),
        Change::Delete(other),
    ];
    inner.commit(changes).await.expect("changed");
    assert_eq!(seen().await, [true, true, true, true]);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(seen().await, [true, false, false, false]);
}

/// Whoever replaces what is not there any more has a second try on what is.
#[tokio::test(start_paused = true)]
async fn after_a_conflict_the_client_is_looked_up() {
    let inner: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let store = Remembering::over(Arc::clone(&inner));
    let first = samples::client(1);
    let key = [Key::Client(first.client_id.clone())];
    let insert = Change::Insert(Record::Client(first.clone()));
    inner.commit(vec![insert]).await.expect("inserted");
    store.load(&key).await.expect("loads");

    let renamed = |name: &str| Client {
        client_name: name.to_owned(),
        ..first.clone()
    };
    let elsewhere = Change::client(&first, renamed("elsewhere"));
    inner.commit(vec![elsewhere]).await.expect("changed");
    let here = vec![Change::client(&first, renamed("here"))];
    let lost = store.commit(here).await;
    assert!(matches!(lost, Err(CommitError::Conflict)), "{lost:?}");
    let found = store.load(&key).await.expect("loads");
    assert_eq!(found, [Some(Record::Client(renamed("elsewhere")))]);
}
