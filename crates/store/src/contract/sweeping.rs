//! Sweeping: what has ended goes, what can still matter stays.

use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::Timestamp;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{ApiKey, Key, Record};

use super::samples::{NOW, api_key, code, denied, digest, every_kind, grant, grant_id, session};
use super::throttle::fail;
use super::{commit, insert, load};
use crate::{Charge, Limit, Store, Throttled};

const MOMENT: Duration = Duration::from_millis(1);
const REPLAY: Duration = Duration::from_secs(10 * 60);
const USED: Duration = Duration::from_secs(2 * 60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Nothing goes before its end, and what an operator made never goes by itself.
pub async fn what_matters_stays(store: Arc<dyn Store>) {
    let all = every_kind();
    commit(&store, all.into_iter().map(Change::Insert).collect()).await;
    let ended = ApiKey {
        expires_at: Some(NOW),
        revoked_at: Some(NOW),
        ..api_key(3)
    };
    insert(&store, [Record::ApiKey(ended.clone())]).await;
    assert_eq!(sweep(&store, NOW + Duration::from_secs(60), 100).await, 0);

    let far = NOW + DAY * 365;
    sweep(&store, far, 100).await;
    assert_eq!(sweep(&store, far, 100).await, 0, "one sweep was enough");
    let found = load(&store, [Key::ApiKey(ended.digest), Key::Code(digest(1))]).await;
    assert_eq!(found, [Some(Record::ApiKey(ended)), None]);
}

/// Sessions and grants go with the moment they end, not at it; withdrawn tokens and what was admitted once two hours later,
/// lest a clock that was ahead brings them back.
pub async fn what_has_ended_goes(store: Arc<dyn Store>) {
    let once = Change::Once {
        space: "jti",
        hash: digest(1),
        until: NOW,
    };
    commit(&store, vec![once.clone()]).await;
    let (session, grant, denied) = (session(1), grant(1), denied(1));
    let ends = [
        (session.expires_at, Some(Key::Session(session.digest))),
        (NOW + USED, None),
        (denied.until + USED, Some(Key::Denied(denied.jti.clone()))),
        (grant.expires_at, Some(Key::Grant(grant.grant_id))),
    ];
    let records = [
        Record::Denied(denied),
        Record::Session(session),
        Record::Grant(grant),
    ];
    insert(&store, records).await;
    for (end, key) in ends {
        assert_eq!(sweep(&store, end, 100).await, 0);
        assert_eq!(sweep(&store, end + MOMENT, 100).await, 1);
        if let Some(key) = key {
            assert_eq!(load(&store, [key]).await, [None]);
        }
    }
    commit(&store, vec![once]).await;
}

/// A replay is seen for ten minutes after the code's end.
pub async fn a_spent_code_stays_until_its_replay_cannot_matter(store: Arc<dyn Store>) {
    insert(&store, [Record::Code(code(1)), Record::Code(code(2))]).await;
    let spend = Change::SpendCode {
        digest: digest(1),
        at: NOW,
    };
    commit(&store, vec![spend]).await;
    let end = code(1).expires_at + REPLAY;
    assert_eq!(sweep(&store, end, 100).await, 0);
    assert_eq!(sweep(&store, end + MOMENT, 100).await, 2);
    let found = load(&store, [Key::Code(digest(1)), Key::Code(digest(2))]).await;
    assert_eq!(found, [None, None]);
}

/// Thirty days after the last guess.
pub async fn an_idle_account_is_forgotten(store: Arc<dyn Store>) {
    fail(&store, "a", 9, NOW).await;
    assert_eq!(sweep(&store, NOW + DAY * 30, 100).await, 0);
    assert_eq!(sweep(&store, NOW + DAY * 30 + MOMENT, 100).await, 1);
}

/// Not even a long quiet time lifts a block that is longer.
pub async fn a_blocked_account_stays(store: Arc<dyn Store>) {
    let charge = Charge {
        account: "a".into(),
        limit: Limit {
            failures: 1,
            block: DAY * 60,
            longest: DAY * 60,
            leak: None,
            forget: DAY,
        },
    };
    let charges = [charge];
    let first = store.charge(&charges, NOW).await;
    first.expect("the store answers").expect("admitted");
    assert_eq!(sweep(&store, NOW + DAY * 40, 100).await, 0);
    let second = store.charge(&charges, NOW + DAY * 40).await;
    let retry_after = DAY * 20;
    assert_eq!(
        second.expect("the store answers"),
        Err(Throttled { retry_after })
    );
    assert_eq!(sweep(&store, NOW + DAY * 60 + MOMENT, 100).await, 1);
}

/// At most so many rows of each kind.
pub async fn a_sweep_is_bounded(store: Arc<dyn Store>) {
    for n in 0..5 {
        insert(
            &store,
            [Record::Session(session(n)), Record::Denied(denied(n))],
        )
        .await;
    }
    let far = NOW + DAY;
    assert_eq!(sweep(&store, far, 0).await, 0);
    assert_eq!(sweep(&store, far, 3).await, 6);
    assert_eq!(sweep(&store, far, 3).await, 4);
    assert_eq!(sweep(&store, far, 3).await, 0);
}

/// More than a backend deletes in one piece.
pub async fn many_rows_go_at_once(store: Arc<dyn Store>) {
    let grants = (0..700).map(|n| Change::Insert(Record::Grant(grant(n))));
    commit(&store, grants.collect()).await;
    assert_eq!(sweep(&store, NOW + DAY + MOMENT, 650).await, 650);
    assert_eq!(sweep(&store, NOW + DAY + MOMENT, 650).await, 50);
    assert_eq!(load(&store, [Key::Grant(grant_id(1))]).await, [None]);
}

async fn sweep(store: &Arc<dyn Store>, now: Timestamp, limit: u32) -> u64 {
    store.sweep(now, limit).await.expect("the store answers")
}
