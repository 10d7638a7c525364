use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Key, Record, SealedKey};
use gatepass_store::contract::samples::sealed_key;
use gatepass_store::{CommitError, SqliteStore, Store as _, StoreError};

use super::{is_marked, mark, place};

/// 512 KiB.
const PAGES: u32 = 128;

#[tokio::test]
async fn a_full_disk_is_survived() {
    let (_folder, path) = place();
    let store = SqliteStore::open_limited(&path, Some(PAGES)).await;
    let store = store.expect("the empty tables have room");
    store.commit(mark(0)).await.expect("committed");

    let fitted = fill(&store).await;
    assert!(fitted > 3, "{fitted}");
    assert!(is_marked(&store, 0).await, "what was there stays");
    let refused = store.load(&[key(fitted)]).await.expect("reading goes on");
    assert_eq!(refused, [None]);
    assert!(is_full(store.commit(vec![large(fitted)]).await));

    let room = vec![Change::Delete(key(0))];
    store.commit(room).await.expect("deleting needs no room");
    let now_it_fits = vec![large(fitted)];
    store
        .commit(now_it_fits)
        .await
        .expect("there is room again");
    store.commit(mark(1)).await.expect("committed");

    store.close().await;
    let store = super::open(&path).await;
    assert!(is_marked(&store, 1).await);
}

#[tokio::test]
async fn nobody_in_a_failed_group_is_told_that_it_holds() {
    let (_folder, path) = place();
    let store = SqliteStore::open_limited(&path, Some(PAGES)).await;
    let store = store.expect("the empty tables have room");
    let fitted = fill(&store).await;

    let (small, big) = tokio::join!(
        store.commit(mark(1)),
        store.commit(vec![large(fitted), large(fitted + 1)]),
    );
    assert!(is_full(big));
    assert_eq!(small.is_ok(), is_marked(&store, 1).await);
}

/// Adds large records until one does not fit; says how many did.
async fn fill(store: &SqliteStore) -> u32 {
    for n in 0.. {
        match store.commit(vec![large(n)]).await {
            Ok(()) => {}
            verdict => {
                assert!(is_full(verdict));
                return n;
            }
        }
    }
    unreachable!("a bounded file holds no endless records")
}

fn is_full(verdict: Result<(), CommitError>) -> bool {
    matches!(verdict, Err(CommitError::Store(StoreError::Unavailable(hint))) if hint.contains("full"))
}

/// 32 KiB.
fn large(n: u32) -> Change {
    Change::Insert(Record::SealedKey(SealedKey {
        sealed: vec![1; 32 * 1024],
        ..sealed_key(n)
    }))
}

fn key(n: u32) -> Key {
    Key::SealedKey(sealed_key(n).key_id)
}
