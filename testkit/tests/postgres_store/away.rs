use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gatepass_proto::decide::record::Key;
use gatepass_store::{CommitError, PostgresStore, Store as _, StoreError};
use gatepass_testkit::{Postgres, Way};
use tokio::task::JoinSet;

use super::{database, is_marked, mark, open, sql};

/// Numbers of tasks are this far apart.
const APART: u32 = 1_000_000;

/// Stopped and started twice while eight tasks commit: what they were told is true.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_restarts_loses_nothing_that_was_acknowledged() {
    let server = Arc::new(Postgres::start());
    let database = server.database();
    let store = Arc::new(open(&database).await);
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let (store, over) = (Arc::clone(&store), Arc::clone(&over));
        tasks.spawn(async move { commit_until(&store, task * APART, &over).await });
    }
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let away = Arc::clone(&server);
        let stopped = tokio::task::spawn_blocking(move || away.stop());
        stopped.await.expect("stopped");
        unavailable(&store).await;
        let back = Arc::clone(&server);
        let started = tokio::task::spawn_blocking(move || back.start_again());
        started.await.expect("started");
        // By itself, and at once.
        let denied = store.load(&[Key::Denied("x".into())]).await;
        assert_eq!(denied.expect("it is back"), [None]);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    over.store(true, Ordering::Relaxed);
    let (mut kept, mut refused) = (0, 0);
    for (n, committed) in tasks.join_all().await.into_iter().flatten() {
        assert_eq!(is_marked(&*store, n).await, committed, "{n}");
        kept += u32::from(committed);
        refused += u32::from(!committed);
    }
    assert!(kept > 100 && refused > 0, "{kept} kept, {refused} refused");
}

/// Commits one after the other; gives back which were said to hold.
async fn commit_until(store: &PostgresStore, first: u32, over: &AtomicBool) -> Vec<(u32, bool)> {
    let mut told = Vec::new();
    for n in first.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        match store.commit(mark(n)).await {
            Ok(()) => told.push((n, true)),
            Err(CommitError::Store(StoreError::Unavailable(_))) => {
                told.push((n, false));
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => panic!("{n}: {error}"),
        }
    }
    told
}

async fn unavailable(store: &PostgresStore) {
    let looked_up = store.load(&[Key::Denied("x".into())]).await;
    let swept = store
        .sweep(gatepass_store::contract::samples::NOW, 10)
        .await;
    for error in [looked_up.map(drop).err(), swept.map(drop).err()] {
        assert!(
            matches!(error, Some(StoreError::Unavailable(_))),
            "{error:?}"
        );
    }
}

/// Connections that were cut while they lay idle are not noticed by anybody.
#[tokio::test]
async fn idle_connections_that_are_cut_are_replaced() {
    let database = database();
    let store = open(&database).await;
    for n in 0..5 {
        store.commit(mark(n)).await.expect("committed");
        assert!(is_marked(&store, n).await);
        sql(
            &database,
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    }
}

/// Its sessions are ended again and again, also between a COMMIT and its answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_are_ended_under_load_tell_the_truth() {
    let database = database();
    let store = Arc::new(open(&database).await);
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let (store, over) = (Arc::clone(&store), Arc::clone(&over));
        tasks.spawn(async move { commit_until(&store, task * APART, &over).await });
    }
    for _ in 0..30 {
        let database = database.clone();
        let ended = tokio::task::spawn_blocking(move || {
            sql(
                &database,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
        });
        ended.await.expect("ended");
    }
    over.store(true, Ordering::Relaxed);
    for (n, committed) in tasks.join_all().await.into_iter().flatten() {
        assert_eq!(is_marked(&*store, n).await, committed, "{n}");
    }
}

/// A COMMIT waits for a standby that does not exist, and its session is ended then: the answer is lost, what was
/// committed is not. The caller is told that it holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_asks_for_its_fate() {
    let server = Postgres::start();
    let database = server.database();
    let store = Arc::new(open(&database).await);
    let set = "ALTER SYSTEM SET synchronous_standby_names = 'nobody'";
    server.sql(&database.name, set);
    server.sql(&database.name, "SELECT pg_reload_conf()");

    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    // The server takes its new settings some time soon; the first commits may be ended before that.
    for n in 0.. {
        let committing = tokio::spawn({
            let store = Arc::clone(&store);
            async move { store.commit(mark(n)).await }
        });
        let mut ended = false;
        while !ended && !committing.is_finished() {
            ended = server.sql(&database.name, end) != "0";
        }
        committing.await.expect("no panic").expect("it holds");
        assert!(is_marked(&*store, n).await);
        if ended {
            break;
        }
    }
}

/// The database crashes in a COMMIT of which nothing was written yet, so that it gives the transaction's number to
/// another one afterwards. That one's fate is not taken for the first one's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_a_crash_forgot_is_not_said_to_hold() {
    const SLOW: &str = "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ \
        BEGIN PERFORM pg_sleep(3); RETURN NULL; END $$; \
        CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON gatepass.denied \
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()";
    const IN_COMMIT: &str =
        "SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'PgSleep'";

    let server = Postgres::start();
    let database = server.database();
    let relay = server.relay().await;
    let cut = format!("postgres://postgres@{}/{}", relay.address(), database.name);
    let store = Arc::new(PostgresStore::open(&cut).await.expect("it opens"));
    let other = open(&database).await;
    server.sql(&database.name, SLOW);
    for statement in [
        "ALTER SYSTEM SET wal_writer_delay = '10s'",
        "SELECT pg_reload_conf()",
        "CHECKPOINT",
    ] {
        server.sql(&database.name, statement);
    }

    let committing = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.commit(mark(0)).await }
    });
    while server.sql(&database.name, IN_COMMIT) == "0" {
        assert!(!committing.is_finished(), "the commit waits for the crash");
    }
    relay.turn(Way::Closed);
    server.crash();
    server.start_again();
    server.sql(&database.name, "DROP TRIGGER dawdle ON gatepass.denied");
    for n in 1..=50 {
        other.commit(mark(n)).await.expect("committed");
    }
    relay.turn(Way::Open);
    let told = committing.await.expect("no panic");
    assert_eq!(told.is_ok(), is_marked(&other, 0).await, "{told:?}");
}

/// Each connection leaves one mark behind, and there are many connections in a year.
#[tokio::test]
async fn the_marks_of_connections_long_gone_are_swept() {
    let database = database();
    let store = open(&database).await;
    store.commit(mark(0)).await.expect("committed");
    let marks = "SELECT count(*) FROM gatepass.commits";
    let old = "INSERT INTO gatepass.commits SELECT gen_random_uuid(), 1, now() - interval '25 hours' \
               FROM generate_series(1, 60)";
    sql(&database, old);
    assert_eq!(sql(&database, marks), "61");
    let now = gatepass_store::contract::samples::NOW;
    store.sweep(now, 1000).await.expect("swept");
    assert_eq!(sql(&database, marks), "1", "the one in use stays");
    store.commit(mark(1)).await.expect("committed");
    assert_eq!(sql(&database, "SELECT number FROM gatepass.commits"), "2");
}
