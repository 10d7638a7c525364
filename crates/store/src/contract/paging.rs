//! Pages of whole tables.

use std::sync::Arc;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::item::Item;
use gatepass_proto::decide::record::{Denied, Record};

use super::samples::{NOW, denied, every_kind, item};
use super::{commit, insert};
use crate::transfer::{CONSENTS, INVITATIONS};
use crate::{Store, Table};

/// Every record of a table, read by pages of this size.
async fn all(store: &Arc<dyn Store>, table: Table, limit: u32) -> Vec<Record> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.page(table, after.as_ref(), limit).await;
        let page = page.expect("the store answers");
        assert!(page.len() <= usize::try_from(limit).expect("small"));
        let Some(last) = page.last() else { return all };
        after = Some(last.key());
        all.extend(page);
    }
}

/// Pages of any size join to the whole table, in order and without anything of another one.
pub async fn pages_join_to_the_table(store: Arc<dyn Store>) {
    commit(
        &store,
        every_kind().into_iter().map(Change::Insert).collect(),
    )
    .await;
    let kinds = [(1, CONSENTS), (2, CONSENTS), (3, INVITATIONS)];
    insert(
        &store,
        kinds.map(|(n, space)| Record::Item(Item { space, ..item(n) })),
    )
    .await;
    for (table, count) in [
        (Table::Clients, 2),
        (Table::Users, 2),
        (Table::Grants, 3),
        (Table::ApiKeys, 2),
        (Table::Denied, 1),
        (Table::SealedKeys, 2),
        (Table::Items(CONSENTS), 2),
        (Table::Items(INVITATIONS), 1),
    ] {
        let whole = all(&store, table, 1000).await;
        assert_eq!(whole.len(), count, "{table:?}");
        assert!(
            whole.is_sorted_by_key(|record| table.place(record)),
            "{table:?}"
        );
        for limit in 1..4 {
            assert_eq!(
                all(&store, table, limit).await,
                whole,
                "{table:?} by {limit}"
            );
        }
    }
}

/// A page is never longer than a list, and a key that is not there is a place too.
pub async fn a_page_begins_anywhere_and_is_bounded(store: Arc<dyn Store>) {
    let empty = store.page(Table::Denied, None, 10).await;
    assert_eq!(empty.expect("the store answers"), []);
    let odd = ["", "\0", "\u{1}", "a", "ä", "\u{10ffff}"].map(|jti| Denied {
        jti: jti.into(),
        until: NOW,
    });
    insert(&store, odd.clone().map(Record::Denied)).await;
    let expected = odd.map(Record::Denied);
    assert_eq!(all(&store, Table::Denied, 2).await, expected);
    let missing = Record::Denied(Denied {
        jti: "b".into(),
        until: NOW,
    });
    let page = store.page(Table::Denied, Some(&missing.key()), 10).await;
    assert_eq!(page.expect("the store answers"), expected[4..]);
    for n in 0..11 {
        let hundred = (0..100).map(|m| Change::Insert(Record::Denied(denied(n * 100 + m))));
        commit(&store, hundred.collect()).await;
    }
    let page = store.page(Table::Denied, None, 5000).await;
    assert_eq!(page.expect("the store answers").len(), 1000);
    assert_eq!(all(&store, Table::Denied, 5000).await.len(), 1106);
}
