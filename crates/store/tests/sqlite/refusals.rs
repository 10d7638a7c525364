use std::path::Path;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::Record;
use gatepass_store::contract::samples::grant;
use gatepass_store::{SqliteStore, Store as _, StoreError};
use sqlx::Connection as _;

use super::{behind, is_marked, mark, open, place, run};

#[tokio::test]
async fn a_file_that_is_no_database_stays_as_it_is() {
    for bytes in [b"x".to_vec(), b"my diary\n".repeat(1000), vec![0; 8192]] {
        let (_folder, path) = place();
        std::fs::write(&path, bytes).expect("written");
        let hint = damaged(&path).await;
        assert!(hint.contains("not a SQLite database"), "{hint}");
    }
}

#[tokio::test]
async fn a_corrupt_database_stays_as_it_is() {
    let (_folder, path) = place();
    filled(&path).await;
    let whole = std::fs::read(&path).expect("readable");
    let middle = whole.len() / 2;

    let mut scribbled = whole.clone();
    let page = scribbled.iter_mut().skip(middle - middle % 4096).take(4096);
    page.for_each(|byte| *byte = 0xa5);
    let mut beheaded = whole.clone();
    beheaded
        .iter_mut()
        .skip(16)
        .take(84)
        .for_each(|byte| *byte = 0xa5);
    let (half, _) = whole.split_at(middle - middle % 4096);
    let (header, _) = whole.split_at(100);

    for bytes in [&scribbled, &beheaded, half, header] {
        std::fs::write(&path, bytes).expect("written");
        damaged(&path).await;
    }
    std::fs::write(&path, whole).expect("written");
    assert!(
        is_marked(&open(&path).await, 1).await,
        "the whole one opens"
    );
}

#[tokio::test]
async fn another_programs_database_stays_as_it_is() {
    let (_folder, path) = place();
    std::fs::write(&path, []).expect("written");
    let mut conn = behind(&path).await;
    run(&mut conn, "CREATE TABLE cookies (name TEXT)").await;
    conn.close().await.expect("closed");
    let hint = damaged(&path).await;
    assert!(hint.contains("another program"), "{hint}");
}

#[tokio::test]
async fn a_newer_database_stays_as_it_is() {
    let (_folder, path) = place();
    filled(&path).await;
    let mut conn = behind(&path).await;
    run(
        &mut conn,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', TRUE, x'00', 0)",
    )
    .await;
    conn.close().await.expect("closed");
    let before = std::fs::read(&path).expect("readable");
    let error = SqliteStore::open(&path).await.err();
    let Some(StoreError::Newer(hint)) = error else {
        panic!("{error:?}");
    };
    assert!(hint.contains("9999"), "{hint}");
    assert!(std::fs::read(&path).expect("readable") == before);
}

/// A process that was killed before it had made its tables leaves an empty file.
#[tokio::test]
async fn an_empty_file_becomes_a_database() {
    let (_folder, path) = place();
    std::fs::write(&path, []).expect("written");
    let store = open(&path).await;
    store.commit(mark(1)).await.expect("committed");
}

#[tokio::test]
async fn the_audit_log_is_append_only() {
    let (_folder, path) = place();
    filled(&path).await;
    let mut conn = behind(&path).await;
    let insert = "INSERT INTO audit (at, event) VALUES (1, 'x')";
    run(&mut conn, insert).await;
    for sql in ["DELETE FROM audit", "UPDATE audit SET at = 2"] {
        let verdict = sqlx::query(sql).execute(&mut conn).await;
        assert!(verdict.is_err(), "{sql}");
    }
}

/// A database of some size, closed.
async fn filled(path: &Path) {
    let store = open(path).await;
    let grants = (0..500).map(|n| Change::Insert(Record::Grant(grant(n))));
    let all = grants.chain(mark(1)).collect();
    store.commit(all).await.expect("committed");
    store.close().await;
}

/// Opens what has to be refused; gives back the reason.
async fn damaged(path: &Path) -> String {
    let before = std::fs::read(path).expect("readable");
    let error = SqliteStore::open(path).await.err();
    let after = std::fs::read(path).expect("readable");
    assert!(before == after, "not a byte has changed");
    match error {
        Some(StoreError::Damaged(hint)) => hint,
        other => panic!("{other:?}"),
    }
}
