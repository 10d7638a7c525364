//! Records that go from SQLite to PostgreSQL and back.

use std::sync::Arc;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::details::UserDetails;
use gatepass_proto::decide::item::Item;
use gatepass_proto::decide::record::{Client, Denied, Record, User};
use gatepass_server::{Admin, Imported, TransferError};
use gatepass_store::contract::samples::{NOW, client, every_kind, item, user};
use gatepass_store::transfer::{CONSENTS, INVITATIONS, TABLES};
use gatepass_store::{SqliteStore, Store};
use proptest::prelude::{Strategy as _, any};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;

use super::{database, open};

/// Every record that lasts, one table after the other.
async fn lasting(store: &dyn Store) -> Vec<Record> {
    let (mut all, mut after) = (Vec::new(), None);
    for table in TABLES {
        loop {
            let page = store.page(table, after.as_ref(), 7).await;
            let page = page.expect("the store answers");
            let Some(last) = page.last() else { break };
            after = Some(last.key());
            all.extend(page);
        }
        after = None;
    }
    all
}

/// Records with texts that nobody would think of.
fn odd() -> Vec<Record> {
    let mut runner = TestRunner::deterministic();
    let mut text = || {
        let tree = any::<String>().prop_map(|text| text).new_tree(&mut runner);
        tree.expect("a text").current()
    };
    let mut records = Vec::new();
    for n in 100..180 {
        let mut details = UserDetails::default();
        details.claims.insert(text(), text().into());
        records.push(Record::User(User {
            username: format!("{n} {}", text()),
            password_hash: text(),
            details,
            ..user(n)
        }));
        records.push(Record::Client(Client {
            client_name: text(),
            redirect_uris: vec![text(), text()],
            access_token_ttl: Some(u64::from(n)),
            ..client(n)
        }));
        records.push(Record::Denied(Denied {
            jti: format!("{n} {}", text()),
            until: NOW,
        }));
    }
    let items = [(1, CONSENTS, None), (2, INVITATIONS, Some(text()))];
    records.extend(items.map(|(n, space, owner)| {
        Record::Item(Item {
            space,
            owner,
            body: text(),
            ..item(n)
        })
    }));
    records
}

async fn exported(address: &str) -> Vec<u8> {
    let admin = Admin::open(address).await.expect("opened");
    let mut bytes = Vec::new();
    let records = admin.export(&mut bytes, false, &mut |_| {}).await;
    assert!(records.expect("exported") > 100);
    bytes
}

async fn imported(address: &str, lines: &[u8]) -> Result<Imported, TransferError> {
    let admin = Admin::open(address).await.expect("opened");
    let mut lines = lines;
    admin.import(&mut lines, false, &mut |_| {}).await
}

async fn sqlite(folder: &TempDir, name: &str) -> (Arc<SqliteStore>, String) {
    let path = folder.path().join(name);
    let store = SqliteStore::open(&path).await.expect("opened");
    (Arc::new(store), path.to_str().expect("a path").to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_lasts_goes_there_and_back_unchanged() {
    let folder = TempDir::new().expect("a folder");
    let (first, from) = sqlite(&folder, "first.db").await;
    for records in [every_kind(), odd()] {
        let changes = records.into_iter().map(Change::Insert).collect();
        first.commit(changes).await.expect("committed");
    }
    let before = lasting(&*first).await;
    assert_eq!(before.len(), every_kind().len() - 3 + odd().len());

    let there = database();
    let lines = exported(&from).await;
    // It stops in the middle, and begins again.
    let cut = lines.len() / 2;
    let (half, _) = lines.split_at(cut);
    let stopped = imported(&there.url, half).await;
    assert!(
        matches!(stopped, Err(TransferError::Line { .. })),
        "{stopped:?}"
    );
    let done = imported(&there.url, &lines).await.expect("imported");
    assert!(done.present > 0 && done.added > 0, "{done:?}");
    let middle = open(&there).await;
    assert!(lasting(&middle).await == before);
    let refused = imported(&there.url, &lines).await;
    assert!(
        matches!(refused, Err(TransferError::NotEmpty)),
        "{refused:?}"
    );

    let (last, back) = sqlite(&folder, "last.db").await;
    let lines = exported(&there.url).await;
    imported(&back, &lines).await.expect("imported");
    assert!(lasting(&*last).await == before);
}
