//! Authorization codes: redeemed once (RFC 6749 §4.1.2).

use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::Timestamp;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Code, Key, Record};

use super::samples::{NOW, code, digest, grant};
use super::{commit, conflict, insert, load, race};
use crate::Store;

/// The first time it is marked, the second time it conflicts and the mark stays.
pub async fn a_code_is_spent_once(store: Arc<dyn Store>) {
    insert(&store, [Record::Code(code(1)), Record::Code(code(2))]).await;
    commit(&store, vec![spend(NOW)]).await;
    conflict(&store, vec![spend(NOW + Duration::from_secs(1))]).await;
    let spent = Code {
        spent_at: Some(NOW),
        ..code(1)
    };
    let found = load(&store, [Key::Code(digest(1)), Key::Code(digest(2))]).await;
    assert_eq!(
        found,
        [Some(Record::Code(spent)), Some(Record::Code(code(2)))]
    );
}

/// A code that was never issued, or is gone, cannot be redeemed.
pub async fn a_missing_code_conflicts(store: Arc<dyn Store>) {
    conflict(&store, vec![spend(NOW)]).await;
}

/// However many redeem it, one gets the grant.
pub async fn spending_in_parallel_has_one_winner(store: Arc<dyn Store>) {
    insert(&store, [Record::Code(code(1))]).await;
    let redeemed = race(&store, 40, |i| {
        let n = u32::try_from(i).expect("a small number");
        vec![spend(NOW), Change::Insert(Record::Grant(grant(n)))]
    })
    .await;
    assert_eq!(redeemed, 1);
    let keys: Vec<_> = (0..40).map(|n| Key::Grant(grant(n).grant_id)).collect();
    let found = store.load(&keys).await.expect("the store answers");
    assert_eq!(found.iter().flatten().count(), 1, "grants made");
}

fn spend(at: Timestamp) -> Change {
    Change::SpendCode {
        digest: digest(1),
        at,
    }
}
