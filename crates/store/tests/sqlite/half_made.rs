use gatepass_store::Store as _;
use sqlx::Connection as _;

use super::{behind, is_marked, mark, open, place, run};

/// How a rollback journal begins: its mark, no page, a nonce, the size of the database before in pages (none), of sectors and
/// of pages.
const JOURNAL: [u8; 28] = [
    0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 2, 0,
    0, 0, 0x10, 0,
];

/// Whoever made it was killed before it had its write-ahead log: there is a page, and a journal that takes it back.
#[tokio::test]
async fn a_half_made_database_is_made_again() {
    let (folder, path) = place();
    std::fs::write(&path, []).expect("written");
    let mut conn = behind(&path).await;
    run(&mut conn, "PRAGMA journal_mode = WAL").await;
    run(&mut conn, "CREATE TABLE halves (half TEXT)").await;
    conn.close().await.expect("closed");
    let mut journal = JOURNAL.to_vec();
    journal.resize(512, 0);
    let beside = folder.path().join("gatepass.db-journal");
    std::fs::write(&beside, journal).expect("written");

    let store = open(&path).await;
    assert!(!beside.exists(), "it was taken back");
    store.commit(mark(1)).await.expect("committed");
    assert!(is_marked(&store, 1).await);
}
