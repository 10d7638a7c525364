//! What lives for a while: replaced and taken by one only, listed for whom it is.

use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::item::Item;
use gatepass_proto::decide::record::{Key, Kind, Record};

use super::samples::{NOW, digest, item};
use super::{commit, conflict, insert, load, race};
use crate::Store;

fn replaced(item: &Item, body: &str) -> Change {
    Change::Replace(Item {
        version: item.version + 1,
        body: body.to_owned(),
        ..item.clone()
    })
}

/// A version is replaced by one only, and only while it stands.
pub async fn a_version_is_replaced_once(store: Arc<dyn Store>) {
    let first = item(1);
    insert(&store, [Record::Item(first.clone())]).await;
    commit(&store, vec![replaced(&first, "2")]).await;
    conflict(&store, vec![replaced(&first, "other")]).await;
    let [found] = load(&store, [first.key()]).await;
    let second = Item {
        version: 2,
        body: "2".into(),
        ..first
    };
    assert_eq!(found, Some(Record::Item(second.clone())));
    conflict(&store, vec![replaced(&item(2), "nothing is there")]).await;
    let winners = race(&store, 10, |n| vec![replaced(&second, &n.to_string())]).await;
    assert_eq!(winners, 1);
}

/// A version is taken by one only.
pub async fn a_version_is_taken_once(store: Arc<dyn Store>) {
    let first = item(1);
    insert(&store, [Record::Item(first.clone())]).await;
    commit(&store, vec![replaced(&first, "2")]).await;
    conflict(&store, vec![first.take()]).await;
    let second = Item {
        version: 2,
        ..first.clone()
    };
    let winners = race(&store, 10, |_| vec![second.take()]).await;
    assert_eq!(winners, 1);
    assert_eq!(load(&store, [first.key()]).await, [None]);
}

/// The same digest in two kinds is two items.
pub async fn kinds_have_digests_of_their_own(store: Arc<dyn Store>) {
    let other = Item {
        space: "other",
        ..item(1)
    };
    insert(&store, [Record::Item(item(1)), Record::Item(other.clone())]).await;
    commit(&store, vec![Change::Delete(item(1).key())]).await;
    let found = load(&store, [item(1).key(), other.key()]).await;
    assert_eq!(found, [None, Some(Record::Item(other))]);
}

/// Whoever has items finds theirs, and nobody else's.
pub async fn somebodys_are_listed(store: Arc<dyn Store>) {
    let mine = |n| item(n).owned_by("me");
    let theirs = item(3).owned_by("them");
    let nobodys = Item {
        owner: None,
        ..item(4)
    };
    let all = [mine(1), mine(2), theirs, nobodys].map(Record::Item);
    insert(&store, all).await;
    let list = store.list(Kind::ItemsOf {
        space: item(1).space,
        owner: "me".into(),
    });
    let mut expected = vec![mine(1), mine(2)];
    expected.sort_by_key(|item| *item.digest.as_bytes());
    let expected: Vec<Record> = expected.into_iter().map(Record::Item).collect();
    assert_eq!(list.await.expect("listed"), expected);
}

/// An item that has ended is swept.
pub async fn what_has_ended_goes(store: Arc<dyn Store>) {
    let ended = Item {
        expires_at: NOW - Duration::from_secs(1),
        ..item(1)
    };
    insert(&store, [Record::Item(ended), Record::Item(item(2))]).await;
    assert_eq!(store.sweep(NOW, 10).await.expect("swept"), 1);
    let key = |n| Key::Item {
        space: item(n).space,
        digest: digest(n),
    };
    assert_eq!(
        load(&store, [key(1), key(2)]).await,
        [None, Some(Record::Item(item(2)))]
    );
}
