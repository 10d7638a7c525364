use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Denied, Key, Record};
use gatepass_store::contract::samples::{NOW, digest, grant, grant_id, user};
use gatepass_store::{Charge, CommitError, Limit, PostgresStore, Store as _};
use tokio::task::JoinSet;

use super::{database, is_marked, mark, open, sql};

/// Two nodes of one database.
async fn two() -> [Arc<PostgresStore>; 2] {
    let database = database();
    let (one, other) = tokio::join!(open(&database), open(&database));
    [Arc::new(one), Arc::new(other)]
}

/// The verdicts of `n` commits that all nodes make at once.
async fn race(
    nodes: &[Arc<PostgresStore>],
    n: usize,
    changes: impl Fn(usize) -> Vec<Change>,
) -> Vec<Result<(), CommitError>> {
    let mut tasks = JoinSet::new();
    for (i, node) in nodes.iter().cycle().take(n).enumerate() {
        let (node, changes) = (Arc::clone(node), changes(i));
        tasks.spawn(async move { node.commit(changes).await });
    }
    tasks.join_all().await
}

fn winners(verdicts: &[Result<(), CommitError>]) -> usize {
    verdicts.iter().filter(|verdict| verdict.is_ok()).count()
}

fn advance(from: u32) -> Change {
    Change::Advance {
        grant_id: grant_id(1),
        from,
        to: from + 1,
        at: NOW,
    }
}

fn once(n: u32) -> Change {
    Change::Once {
        space: "jti",
        hash: digest(n),
        until: NOW,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_make_the_tables_once() {
    let database = database();
    let mut nodes = JoinSet::new();
    for _ in 0..8 {
        let database = database.clone();
        nodes.spawn(async move { open(&database).await });
    }
    assert_eq!(nodes.join_all().await.len(), 8);
    let taken = sql(
        &database,
        "SELECT count(*), count(DISTINCT version) FROM gatepass._sqlx_migrations",
    );
    let (all, distinct) = taken.split_once('|').expect("two numbers");
    assert_eq!(all, distinct);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_advances_the_head() {
    let nodes = two().await;
    let [one, _] = &nodes;
    let insert = Change::Insert(Record::Grant(grant(1)));
    one.commit(vec![insert]).await.expect("committed");
    for head in 1..=20 {
        let verdicts = race(&nodes, 8, |_| vec![advance(head)]).await;
        assert_eq!(winners(&verdicts), 1, "{verdicts:?}");
        let lost = verdicts.iter().filter_map(|verdict| verdict.as_ref().err());
        assert!(
            lost.into_iter()
                .all(|error| matches!(error, CommitError::Conflict))
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_sees_a_thing_once() {
    let nodes = two().await;
    for n in 0..20 {
        let verdicts = race(&nodes, 8, |_| vec![once(n)]).await;
        assert_eq!(winners(&verdicts), 1, "{verdicts:?}");
        let lost = verdicts.iter().filter_map(|verdict| verdict.as_ref().err());
        assert!(
            lost.into_iter()
                .all(|error| matches!(error, CommitError::Spent))
        );
    }
}

/// Each wants what the other has: the database ends one of them, here always the node, and that one tries again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_nobodys_concern() {
    let database = database();
    let node = open(&database).await;
    let deny = |jti: &str, seconds| Change::Deny {
        jti: jti.into(),
        until: NOW + Duration::from_secs(seconds),
    };
    let both = vec![deny("a", 0), deny("b", 0)];
    node.commit(both).await.expect("committed");

    let other = database.clone();
    let other = tokio::task::spawn_blocking(move || sql(&other, OTHER_WAY_ROUND));
    let begun = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while sql(&database, begun) == "0" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let both = vec![deny("a", 10), deny("b", 10)];
    node.commit(both).await.expect("committed");
    other.await.expect("it had its way");
    let found = node.load(&[Key::Denied("b".into())]).await;
    let denied = Denied {
        jti: "b".into(),
        until: NOW + Duration::from_secs(10),
    };
    assert_eq!(found.expect("it answers"), [Some(Record::Denied(denied))]);
}

/// Takes the row `b`, says so, and takes the row `a` once somebody waits for `b`.
const OTHER_WAY_ROUND: &str = "SET deadlock_timeout = '1h'; DO $$ BEGIN \
    UPDATE gatepass.denied SET until = until + 1 WHERE jti = 'b'; \
    PERFORM pg_advisory_xact_lock(1); \
    LOOP \
        PERFORM pg_stat_clear_snapshot(); \
        EXIT WHEN EXISTS (SELECT FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'); \
        PERFORM pg_sleep(0.005); \
    END LOOP; \
    UPDATE gatepass.denied SET until = until + 1 WHERE jti = 'a'; \
    END $$";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_count_exactly_on_all_nodes() {
    let nodes = two().await;
    let limit = Limit {
        failures: 10,
        block: Duration::from_secs(60),
        longest: Duration::from_secs(60),
        leak: None,
        forget: Duration::from_secs(3600),
    };
    let of = |account: String| Charge { account, limit };
    let mut guesses = JoinSet::new();
    for (i, node) in nodes.iter().cycle().take(60).enumerate() {
        let node = Arc::clone(node);
        // In either order, so that whoever locks in the order of the names alone does not wait for each other.
        let mut charges = vec![of("user:a".into()), of(format!("addr:{}", i % 3))];
        if i % 4 < 2 {
            charges.reverse();
        }
        guesses.spawn(async move {
            node.charge(&charges, NOW)
                .await
                .expect("it answers")
                .is_ok()
        });
    }
    let admitted = guesses.join_all().await;
    assert_eq!(admitted.iter().filter(|ok| **ok).count(), 10);

    let [one, other] = &nodes;
    one.forgive(&[of("user:a".into())]).await.expect("forgiven");
    let again = other.charge(&[of("user:a".into())], NOW).await;
    assert_eq!(again.expect("it answers"), Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forgiving_and_charging_lose_nothing() {
    let nodes = two().await;
    let shared = vec![Charge {
        account: "addr:a".into(),
        limit: Limit {
            failures: 1000,
            block: Duration::from_secs(60),
            longest: Duration::from_secs(60),
            leak: Some(Duration::from_secs(3600)),
            forget: Duration::from_secs(36_000),
        },
    }];
    let mut guesses = JoinSet::new();
    for node in nodes.iter().cycle().take(60) {
        let (node, shared) = (Arc::clone(node), shared.clone());
        guesses.spawn(async move {
            let charged = node.charge(&shared, NOW).await.expect("it answers");
            charged.expect("admitted");
            node.forgive(&shared).await.expect("forgiven");
            let charged = node.charge(&shared, NOW).await.expect("it answers");
            charged.expect("admitted");
        });
    }
    guesses.join_all().await;
    let [one, _] = &nodes;
    // 60 failures are left: with a limit of 61 the next one is admitted, and the one after it is not.
    let mut last = shared;
    for charge in &mut last {
        charge.limit.failures = 61;
    }
    assert_eq!(one.charge(&last, NOW).await.expect("it answers"), Ok(()));
    assert!(one.charge(&last, NOW).await.expect("it answers").is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_sweep_at_once_share_the_work() {
    let nodes = two().await;
    let [one, other] = &nodes;
    for n in 0..600 {
        one.commit(mark(n)).await.expect("committed");
    }
    let far = NOW + Duration::from_secs(100 * 24 * 3600);
    let (first, second) = tokio::join!(one.sweep(far, 10_000), other.sweep(far, 10_000));
    let rest = one.sweep(far, 10_000).await.expect("swept");
    assert_eq!(first.expect("swept") + second.expect("swept") + rest, 1200);
}

#[tokio::test]
async fn many_keys_are_looked_up_as_few_are() {
    let [one, _] = two().await;
    one.commit(mark(7)).await.expect("committed");
    let keys: Vec<_> = (0..200).map(|n| Key::Session(digest(n))).collect();
    let found = one.load(&keys).await.expect("the store answers");
    let there: Vec<_> = (0..)
        .zip(&found)
        .filter(|(_, found)| found.is_some())
        .collect();
    assert_eq!(there.len(), 1);
    assert_eq!(there.first().map(|(n, _)| *n), Some(7));
}

/// PostgreSQL has no NUL in a text.
#[tokio::test]
async fn a_name_with_a_nul_is_a_name() {
    let [one, _] = two().await;
    let mut odd = user(1);
    odd.username = "a\0b\u{1}".into();
    let key = Key::Username(odd.username.clone());
    assert_eq!(
        one.load(std::slice::from_ref(&key))
            .await
            .expect("it answers"),
        [None]
    );
    let insert = Change::Insert(Record::User(odd.clone()));
    one.commit(vec![insert]).await.expect("committed");
    let found = one.load(&[key]).await.expect("it answers");
    assert_eq!(found, [Some(Record::User(odd))]);
}

/// A caller that goes away does not take back what it began, and leaves no connection in the middle of something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_that_go_away_harm_nobody() {
    let [one, _] = two().await;
    for n in 0..100 {
        let commit = tokio::spawn({
            let one = Arc::clone(&one);
            async move { one.commit(mark(n)).await }
        });
        if n % 2 == 0 {
            tokio::task::yield_now().await;
        }
        commit.abort();
    }
    one.commit(mark(100)).await.expect("committed");
    for n in 0..=100 {
        is_marked(&*one, n).await;
    }
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let [one, other] = two().await;
    one.close().await;
    assert!(one.load(&[Key::Denied("x".into())]).await.is_err());
    assert!(one.commit(mark(1)).await.is_err());
    other.commit(mark(1)).await.expect("committed");
}
