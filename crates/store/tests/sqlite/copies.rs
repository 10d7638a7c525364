//! Copies of the whole database, and one in the place of another.

use std::path::Path;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::item::Item;
use gatepass_proto::decide::record::{Grant, Key, Record};
use gatepass_store::contract::samples::{NOW, code, digest, every_kind, grant, item, session};
use gatepass_store::transfer::{CONSENTS, INVITATIONS};
use gatepass_store::{Copied, CopyError, Restore, SqliteStore, Store as _, StoreError};
use sqlx::Connection as _;

use super::{behind, is_marked, mark, open, place, run};

const HOW: Restore = Restore {
    replace: true,
    end_grants: false,
    at: NOW,
};

fn rows(copied: &Copied, table: &str) -> u64 {
    let mut rows = copied.rows.iter();
    let found = rows.find(|(name, _)| *name == table);
    found.map(|(_, rows)| *rows).expect("it is counted")
}

/// A database with everything, and a copy of it.
async fn copied(path: &Path, to: &Path) {
    let store = open(path).await;
    let mut records = every_kind();
    records.extend(
        [(1, CONSENTS), (2, INVITATIONS), (3, "access_token")].map(|(n, space)| {
            let space_of = item(n);
            Record::Item(Item { space, ..space_of })
        }),
    );
    let changes = records.into_iter().map(Change::Insert).collect();
    store.commit(changes).await.expect("committed");
    let once = Change::Once {
        space: "jti",
        hash: digest(1),
        until: NOW,
    };
    store.commit(vec![once]).await.expect("committed");
    SqliteStore::back_up(path, to, false).await.expect("copied");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_one_moment_of_a_database_in_use() {
    let (folder, path) = place();
    let store = std::sync::Arc::new(open(&path).await);
    store.commit(mark(0)).await.expect("committed");
    let writer = tokio::spawn({
        let store = std::sync::Arc::clone(&store);
        async move {
            for n in 1..400 {
                store.commit(mark(n)).await.expect("committed");
            }
        }
    });
    for n in 0..5 {
        let to = folder.path().join(format!("{n}.db"));
        let copied = SqliteStore::back_up(&path, &to, false).await;
        let count = rows(&copied.expect("copied"), "denied");
        let copy = open(&to).await;
        // Those up to a moment, and none after it.
        for n in 0..400 {
            assert_eq!(
                is_marked(&copy, n).await,
                u64::from(n) < count,
                "{n} of {count}"
            );
        }
        copy.close().await;
    }
    writer.await.expect("no panic");
}

#[tokio::test]
async fn what_is_good_once_does_not_come_back() {
    let (folder, path) = place();
    let to = folder.path().join("copy.db");
    copied(&path, &to).await;
    let restored = SqliteStore::restore(&to, &path, HOW)
        .await
        .expect("restored");
    for (table, count) in [("sessions", 0), ("items", 1), ("grants", 3), ("users", 2)] {
        assert_eq!(rows(&restored, table), count, "{table}");
    }
    let store = open(&path).await;
    let keys = [Key::Code(code(1).digest), Key::Session(session(1).digest)];
    let found = store.load(&keys).await.expect("the store answers");
    assert_eq!(found, [None, None]);
    // The same code is not given twice, but the same grant would be.
    let found = store.load(&[Key::Grant(grant(1).grant_id)]).await;
    assert_eq!(
        found.expect("the store answers"),
        [Some(Record::Grant(grant(1)))]
    );
    let once = Change::Once {
        space: "jti",
        hash: digest(1),
        until: NOW,
    };
    assert!(
        store.commit(vec![once]).await.is_err(),
        "it was used before"
    );
    let log = store.audit_log(None, 1).await.expect("the store answers");
    assert_eq!(log[0].event, "database.restored");
    store.close().await;

    let how = Restore {
        end_grants: true,
        ..HOW
    };
    SqliteStore::restore(&to, &path, how)
        .await
        .expect("restored");
    let found = open(&path)
        .await
        .load(&[Key::Grant(grant(1).grant_id)])
        .await;
    let withdrawn = Grant {
        revoked_at: Some(NOW),
        ..grant(1)
    };
    assert_eq!(
        found.expect("the store answers"),
        [Some(Record::Grant(withdrawn))]
    );
}

#[tokio::test]
async fn a_database_in_use_is_not_replaced() {
    let (folder, path) = place();
    let to = folder.path().join("copy.db");
    copied(&path, &to).await;
    let store = open(&path).await;
    store.commit(mark(7)).await.expect("committed");
    let refused = SqliteStore::restore(&to, &path, HOW).await;
    assert!(matches!(refused, Err(CopyError::InUse(_))), "{refused:?}");
    assert!(is_marked(&store, 7).await);
    store.commit(mark(8)).await.expect("it goes on");
    store.close().await;
    SqliteStore::restore(&to, &path, HOW)
        .await
        .expect("restored");
    assert!(!is_marked(&open(&path).await, 7).await);
}

/// A process that was killed leaves its log: it belongs to what is replaced, never to what comes.
#[tokio::test]
async fn the_log_of_the_old_database_is_not_taken_for_that_of_the_new() {
    let (folder, path) = place();
    let to = folder.path().join("copy.db");
    copied(&path, &to).await;
    let store = open(&path).await;
    for n in 10..60 {
        store.commit(mark(n)).await.expect("committed");
    }
    // As they stand now, with nobody to move the log into the file.
    let left = folder.path().join("left.db");
    for suffix in ["", "-wal"] {
        let name = |path: &Path| format!("{}{suffix}", path.display());
        std::fs::copy(name(&path), name(&left)).expect("copied");
    }
    SqliteStore::restore(&to, &left, HOW)
        .await
        .expect("restored");
    let restored = open(&left).await;
    assert!(is_marked(&restored, 1).await && !is_marked(&restored, 10).await);

    let elsewhere = folder.path().join("new.db");
    std::fs::write(folder.path().join("new.db-wal"), "whose?").expect("written");
    let refused = SqliteStore::restore(&to, &elsewhere, HOW).await;
    assert!(
        matches!(refused, Err(CopyError::Leftover(_))),
        "{refused:?}"
    );
    assert!(!elsewhere.exists());
}

#[tokio::test]
async fn what_stands_there_is_replaced_only_when_that_is_meant() {
    let (folder, path) = place();
    let to = folder.path().join("copy.db");
    copied(&path, &to).await;
    let again = SqliteStore::back_up(&path, &to, false).await;
    assert!(matches!(again, Err(CopyError::Exists(_))), "{again:?}");
    SqliteStore::back_up(&path, &to, true)
        .await
        .expect("copied");
    let how = Restore {
        replace: false,
        ..HOW
    };
    let refused = SqliteStore::restore(&to, &path, how).await;
    assert!(matches!(refused, Err(CopyError::Exists(_))), "{refused:?}");
    let elsewhere = folder.path().join("new.db");
    SqliteStore::restore(&to, &elsewhere, how)
        .await
        .expect("restored");

    let other = folder.path().join("cookies.db");
    std::fs::write(&other, []).expect("written");
    let mut conn = behind(&other).await;
    run(&mut conn, "CREATE TABLE cookies (name TEXT)").await;
    conn.close().await.expect("closed");
    for refused in [
        SqliteStore::restore(&to, &other, HOW).await,
        SqliteStore::restore(&other, &path, HOW).await,
        SqliteStore::back_up(&other, &to, true).await,
    ] {
        let error = refused.expect_err("refused").to_string();
        assert!(error.contains("another program"), "{error}");
    }
    let names = std::fs::read_dir(folder.path()).expect("a folder");
    let drafts = names.filter(|name| {
        let name = name.as_ref().expect("a name").file_name();
        name.to_string_lossy().starts_with(".gatepass")
    });
    assert_eq!(drafts.count(), 0);
}

#[tokio::test]
async fn a_newer_backup_is_refused_and_an_older_one_brought_up_to_date() {
    let (folder, path) = place();
    let to = folder.path().join("copy.db");
    copied(&path, &to).await;
    let mut conn = behind(&to).await;
    run(
        &mut conn,
        "UPDATE _sqlx_migrations SET version = version + 1000",
    )
    .await;
    conn.close().await.expect("closed");
    let refused = SqliteStore::restore(&to, &path, HOW).await;
    let newer = |error: &CopyError| {
        matches!(
            error,
            CopyError::Store {
                error: StoreError::Newer(_),
                ..
            }
        )
    };
    assert!(newer(&refused.expect_err("refused")));

    std::fs::remove_file(&to).expect("removed");
    let mut conn = behind(&path).await;
    run(
        &mut conn,
        "ALTER TABLE sealed_keys DROP COLUMN activates_at",
    )
    .await;
    run(&mut conn, "DELETE FROM _sqlx_migrations WHERE version >= 3").await;
    conn.close().await.expect("closed");
    let old = SqliteStore::back_up(&path, &to, false)
        .await
        .expect("copied");
    assert_eq!(old.version, 2, "it is copied as it is");
    let restored = SqliteStore::restore(&to, &path, HOW)
        .await
        .expect("restored");
    assert!(restored.version >= 3);
}
