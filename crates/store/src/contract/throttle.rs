//! The throttle: guesses are counted exactly, however many come at once.

use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::Timestamp;
use tokio::task::JoinSet;

use super::samples::NOW;
use crate::{Charge, Limit, Store, Throttled};

const LIMIT: Limit = Limit {
    failures: 10,
    block: Duration::from_secs(60),
    longest: Duration::from_secs(200),
    leak: None,
    forget: Duration::from_secs(3600),
};

/// The limit of an account that many share.
const LEAKING: Limit = Limit {
    leak: Some(Duration::from_secs(60)),
    ..LIMIT
};

/// Ten guesses, and the eleventh waits.
pub async fn exactly_the_limit_is_admitted(store: Arc<dyn Store>) {
    for _ in 0..10 {
        charge(&store, &["a"], NOW).await.expect("admitted");
    }
    assert_eq!(charge(&store, &["a"], NOW).await, wait(60_000));
    let nearly = NOW + Duration::from_millis(59_999);
    assert_eq!(charge(&store, &["a"], nearly).await, wait(1));
    charge(&store, &["b"], NOW).await.expect("another account");
}

/// Ten of a hundred.
pub async fn exactly_the_limit_is_admitted_in_parallel(store: Arc<dyn Store>) {
    let mut guesses = JoinSet::new();
    for i in 0..100 {
        let store = Arc::clone(&store);
        let address = format!("addr:{i}");
        guesses.spawn(async move { charge(&store, &["user:a", &address], NOW).await });
    }
    let verdicts = guesses.join_all().await;
    let admitted = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    assert_eq!(admitted, 10);
    assert_eq!(verdicts.iter().filter(|v| **v == wait(60_000)).count(), 90);
}

/// Each guess after a block doubles it.
pub async fn blocks_grow_up_to_the_longest(store: Arc<dyn Store>) {
    fail(&store, "a", 10, NOW).await;
    let mut now = NOW;
    for (block, next) in [(60, 120), (120, 200), (200, 200)] {
        assert_eq!(charge(&store, &["a"], now).await, wait(block * 1000));
        now = now + Duration::from_secs(block);
        charge(&store, &["a"], now)
            .await
            .expect("the block is over");
        assert_eq!(charge(&store, &["a"], now).await, wait(next * 1000));
    }
}

/// The count starts again after a quiet time, not a moment earlier.
pub async fn failures_are_forgotten_in_time(store: Arc<dyn Store>) {
    fail(&store, "early", 9, NOW).await;
    fail(&store, "late", 9, NOW).await;
    let late = NOW + LIMIT.forget;
    let early = late - Duration::from_millis(1);
    fail(&store, "early", 1, early).await;
    assert_eq!(charge(&store, &["early"], early).await, wait(60_000));
    fail(&store, "late", 10, late).await;
    assert_eq!(charge(&store, &["late"], late).await, wait(60_000));
}

/// A blocked account keeps the others from being charged.
pub async fn all_accounts_are_charged_or_none(store: Arc<dyn Store>) {
    fail(&store, "blocked", 10, NOW).await;
    for _ in 0..20 {
        let verdict = charge(&store, &["open", "blocked"], NOW).await;
        assert_eq!(verdict, wait(60_000));
    }
    fail(&store, "open", 10, NOW).await;
    assert_eq!(charge(&store, &["open"], NOW).await, wait(60_000));
}

/// Of several blocks the longest is told.
pub async fn the_longest_wait_counts(store: Arc<dyn Store>) {
    fail(&store, "a", 10, NOW).await;
    let later = NOW + Duration::from_secs(20);
    fail(&store, "b", 10, later).await;
    for accounts in [["a", "b"], ["b", "a"]] {
        assert_eq!(charge(&store, &accounts, later).await, wait(60_000));
    }
    assert_eq!(charge(&store, &["a"], later).await, wait(40_000));
}

/// Each mention is a guess.
pub async fn one_account_named_twice_is_charged_twice(store: Arc<dyn Store>) {
    for _ in 0..5 {
        charge(&store, &["a", "a"], NOW).await.expect("admitted");
    }
    assert_eq!(charge(&store, &["a"], NOW).await, wait(60_000));
}

/// After a right guess the failures of these accounts, and of no others, are gone.
pub async fn forgiving_starts_again(store: Arc<dyn Store>) {
    for account in ["a", "b", "c"] {
        fail(&store, account, 10, NOW).await;
    }
    let charges = ["a", "b", "never charged"].map(|account| of(account, LIMIT));
    store.forgive(&charges).await.expect("forgiven");
    for account in ["a", "b"] {
        fail(&store, account, 10, NOW).await;
        assert_eq!(charge(&store, &[account], NOW).await, wait(60_000));
    }
    assert_eq!(charge(&store, &["c"], NOW).await, wait(60_000));
}

/// A right guess takes back its own charge from an account that many share, and nobody else's.
pub async fn forgiving_a_shared_account_takes_back_one(store: Arc<dyn Store>) {
    let shared = [of("a", LEAKING)];
    let charge = || async { store.charge(&shared, NOW).await.expect("the store answers") };
    for _ in 0..9 {
        charge().await.expect("admitted");
    }
    for _ in 0..3 {
        charge().await.expect("the tenth, each time");
        store.forgive(&shared).await.expect("forgiven");
    }
    charge().await.expect("the tenth");
    assert_eq!(charge().await, wait(60_000));
}

/// A shared account forgets one failure a minute, also while guesses keep coming.
pub async fn a_shared_account_leaks(store: Arc<dyn Store>) {
    let shared = [of("a", LEAKING)];
    let at = |secs| store.charge(&shared, NOW + Duration::from_secs(secs));
    for _ in 0..9 {
        at(0).await.expect("the store answers").expect("admitted");
    }
    // Ten more at a rate of two in three minutes never reach the limit, for three leak in that time.
    for n in 1..=10 {
        at(n * 90)
            .await
            .expect("the store answers")
            .expect("admitted");
    }
    // By then 19 were charged and 15 leaked: six more are admitted.
    for _ in 0..6 {
        at(900).await.expect("the store answers").expect("admitted");
    }
    assert_eq!(at(900).await.expect("the store answers"), wait(60_000));
}

/// Charges `n` guesses that are admitted.
pub(super) async fn fail(store: &Arc<dyn Store>, account: &str, n: u32, now: Timestamp) {
    for _ in 0..n {
        charge(store, &[account], now).await.expect("admitted");
    }
}

fn of(account: &str, limit: Limit) -> Charge {
    Charge {
        account: account.to_owned(),
        limit,
    }
}

async fn charge(
    store: &Arc<dyn Store>,
    accounts: &[&str],
    now: Timestamp,
) -> Result<(), Throttled> {
    let charges: Vec<_> = accounts
        .iter()
        .map(|account| Charge {
            account: (*account).to_owned(),
            limit: LIMIT,
        })
        .collect();
    store
        .charge(&charges, now)
        .await
        .expect("the store answers")
}

/// Throttled for so many milliseconds.
fn wait(millis: u64) -> Result<(), Throttled> {
    Err(Throttled {
        retry_after: Duration::from_millis(millis),
    })
}
