use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Key, Record};
use gatepass_store::contract::samples::{NOW, code, digest};
use gatepass_store::{CommitError, SqliteStore, Store as _, StoreError};
use sqlx::SqliteConnection;
use tokio::task::{JoinHandle, JoinSet};

use super::{behind, is_marked, mark, open, place, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_does_not_fail_its_neighbours() {
    let (_folder, path) = place();
    let store = Arc::new(open(&path).await);
    let code = Change::Insert(Record::Code(code(1)));
    store.commit(vec![code]).await.expect("committed");

    // While the database is locked everybody queues up; then they are one group.
    let mut lock = hold(&path).await;
    let mut commits = JoinSet::new();
    for n in 0..30 {
        let store = Arc::clone(&store);
        let spend = Change::SpendCode {
            digest: digest(1),
            at: NOW,
        };
        let changes = if n % 3 == 0 {
            [mark(n), vec![spend]].concat()
        } else {
            mark(n)
        };
        commits.spawn(async move { (n, store.commit(changes).await) });
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    run(&mut lock, "ROLLBACK").await;

    let mut spent = 0;
    for (n, verdict) in commits.join_all().await {
        assert_eq!(verdict.is_ok(), is_marked(&store, n).await, "{n}");
        match verdict {
            Ok(()) if n % 3 == 0 => spent += 1,
            Ok(()) => {}
            Err(CommitError::Conflict) if n % 3 == 0 => {}
            Err(error) => panic!("{n}: {error}"),
        }
    }
    assert_eq!(spent, 1, "the code was spent once");
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_break_the_group() {
    let (_folder, path) = place();
    let store = Arc::new(open(&path).await);
    let mut lock = hold(&path).await;
    let leaving: Vec<_> = (0..10).map(|n| queue(&store, n)).collect();
    let staying: Vec<_> = (10..20).map(|n| queue(&store, n)).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for task in &leaving {
        task.abort();
    }
    run(&mut lock, "ROLLBACK").await;
    for task in staying {
        let verdict = task.await.expect("it stayed");
        verdict.expect("committed");
    }
    for n in 0..20 {
        assert!(is_marked(&store, n).await, "{n} was queued");
    }
}

/// Nothing that was refused happens later.
#[tokio::test]
async fn a_locked_database_is_unavailable_until_it_is_not() {
    let (_folder, path) = place();
    let store = Arc::new(open(&path).await);
    let mut lock = hold(&path).await;
    let begun = queue(&store, 1);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let waiting = queue(&store, 2);
    for task in [begun, waiting] {
        let verdict = task.await.expect("no panic");
        assert!(is_unavailable(&verdict), "{verdict:?}");
    }
    assert!(!is_marked(&store, 1).await, "look-ups go on");
    run(&mut lock, "ROLLBACK").await;
    store.commit(mark(3)).await.expect("committed");
    let found = [1, 2, 3].map(|n| is_marked(&store, n));
    let [one, two, three] = found;
    assert_eq!((one.await, two.await, three.await), (false, false, true));
}

#[test]
fn a_lost_writer_is_told() {
    let (_folder, path) = place();
    let runtime = || tokio::runtime::Runtime::new().expect("a runtime");
    let first = runtime();
    let store = first.block_on(open(&path));
    drop(first);
    runtime().block_on(async {
        let verdict = store.commit(mark(1)).await;
        assert!(is_unavailable(&verdict), "{verdict:?}");
        let found = store.load(&[Key::Code(digest(1))]).await;
        assert_eq!(found.expect("look-ups go on"), [None]);
        store.close().await;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn look_ups_that_are_given_up_harm_nobody() {
    let (_folder, path) = place();
    let store = Arc::new(open(&path).await);
    store.commit(mark(1)).await.expect("committed");
    for n in 0..200 {
        let given_up = tokio::spawn({
            let store = Arc::clone(&store);
            let keys = [Key::Code(digest(1)), Key::Denied("jti-1".into())];
            async move { store.load(&keys).await }
        });
        if n % 2 == 0 {
            tokio::task::yield_now().await;
        }
        given_up.abort();
        assert!(is_marked(&store, 1).await);
    }
    store.commit(mark(2)).await.expect("committed");
    assert!(
        is_marked(&store, 2).await,
        "no look-up is stuck in the past"
    );
}

/// Takes the write lock away from the store.
async fn hold(path: &Path) -> SqliteConnection {
    let mut conn = behind(path).await;
    run(&mut conn, "BEGIN IMMEDIATE").await;
    conn
}

fn queue(store: &Arc<SqliteStore>, n: u32) -> JoinHandle<Result<(), CommitError>> {
    let store = Arc::clone(store);
    tokio::spawn(async move { store.commit(mark(n)).await })
}

fn is_unavailable(verdict: &Result<(), CommitError>) -> bool {
    matches!(verdict, Err(CommitError::Store(StoreError::Unavailable(_))))
}
