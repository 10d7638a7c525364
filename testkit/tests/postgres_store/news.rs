use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Client, Key, Record};
use gatepass_store::contract::samples::{client, sealed_key};
use gatepass_store::{CommitError, News, PostgresStore, Remembering, Store, StoreError};
use gatepass_testkit::{Postgres, PostgresDatabase, Relay, Way};
use tokio::time::{sleep, timeout};

use super::{database, is_marked, mark, open, sql};

/// Beyond this something hangs that should not.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node whose way to the database can be cut.
async fn cuttable(database: &PostgresDatabase) -> (Arc<PostgresStore>, Relay) {
    let relay = Postgres::shared().relay().await;
    let url = format!("postgres://postgres@{}/{}", relay.address(), database.name);
    let store = PostgresStore::open(&url).await.expect("it opens");
    (Arc::new(store), relay)
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(PATIENCE, waiting).await.is_ok(), "never: {what}");
}

async fn keys_changed(news: &mut News) {
    let changed = timeout(PATIENCE, news.keys_changed()).await;
    changed.expect("it is told");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_another_node_adds_is_told() {
    let database = database();
    let (one, other) = tokio::join!(open(&database), open(&database));
    let mut news = one.news().expect("it tells");
    // Whatever happened before it listened.
    keys_changed(&mut news).await;
    let add = vec![Change::Insert(Record::SealedKey(sealed_key(1)))];
    other.commit(add).await.expect("committed");
    keys_changed(&mut news).await;
    sql(&database, "UPDATE gatepass.sealed_keys SET alg = 'EdDSA'");
    keys_changed(&mut news).await;
    let again = timeout(Duration::from_millis(50), news.keys_changed()).await;
    assert!(again.is_err(), "nothing is told twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_anybody_changes_is_not_remembered() {
    let database = database();
    let (one, other) = tokio::join!(open(&database), open(&database));
    let node = Remembering::over(Arc::new(one));
    let news = node.news().expect("it tells");
    until("the node listens", async || news.is_current()).await;

    let first = client(1);
    let key = [Key::Client(first.client_id.clone())];
    let name = async || match node.load(&key).await.expect("it answers").pop() {
        Some(Some(Record::Client(client))) => Some(client.client_name),
        _ => None,
    };
    let insert = vec![Change::Insert(Record::Client(first.clone()))];
    other.commit(insert).await.expect("committed");
    assert!(name().await.is_some());

    let renamed = Client {
        client_name: "renamed".to_owned(),
        ..first.clone()
    };
    let rename = vec![Change::client(&first, renamed)];
    other.commit(rename).await.expect("committed");
    until("another node's change is seen", async || {
        name().await.as_deref() == Some("renamed")
    })
    .await;
    sql(
        &database,
        "UPDATE gatepass.clients SET client_name = 'psql'",
    );
    until("another program's change is seen", async || {
        name().await.as_deref() == Some("psql")
    })
    .await;
    sql(&database, "TRUNCATE gatepass.clients");
    until("that it is gone is seen", async || name().await.is_none()).await;
}

/// However the way is cut, the node knows that it may have missed something, and listens again by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_that_were_missed_are_not_taken_for_none() {
    let database = database();
    let (store, relay) = cuttable(&database).await;
    let mut news = store.news().expect("it tells");
    for way in [Way::Closed, Way::Silent] {
        until("the node listens", async || news.is_current()).await;
        keys_changed(&mut news).await;
        relay.turn(way);
        until("it knows that it does not", async || !news.is_current()).await;
        sql(&database, "DELETE FROM gatepass.sealed_keys");
        relay.turn(Way::Open);
    }
    until("the node listens", async || news.is_current()).await;
    keys_changed(&mut news).await;
}

/// Nobody says that the connections are dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_database_is_not_waited_for() {
    let database = database();
    let (store, relay) = cuttable(&database).await;
    store.commit(mark(1)).await.expect("committed");
    assert!(is_marked(&*store, 1).await);

    relay.turn(Way::Silent);
    let mut calls = tokio::task::JoinSet::new();
    for n in 2..40 {
        let store = Arc::clone(&store);
        calls.spawn(async move {
            let looked_up = store.load(&[Key::Denied("x".into())]).await;
            assert!(matches!(looked_up, Err(StoreError::Unavailable(_))));
            let refused = store.commit(mark(n)).await;
            assert!(matches!(
                refused,
                Err(CommitError::Store(StoreError::Unavailable(_)))
            ));
        });
    }
    let ended = timeout(PATIENCE, calls.join_all()).await;
    assert!(ended.is_ok(), "a call does not end");

    relay.turn(Way::Open);
    assert!(is_marked(&*store, 1).await, "at once");
    store.commit(mark(100)).await.expect("at once");
    for n in 2..40 {
        assert!(!is_marked(&*store, n).await, "{n} was refused");
    }
}
