//! Grants: one live head per refresh family, and what is withdrawn stays so.

use std::sync::Arc;

use gatepass_proto::Timestamp;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Family, Grant, Key, Record};

use super::samples::{NOW, grant, grant_id};
use super::{commit, conflict, insert, load, race};
use crate::Store;

const LATER: Timestamp = Timestamp::from_secs(NOW.as_secs() + 5);

/// Head and time move, nothing else does.
pub async fn the_head_advances(store: Arc<dyn Store>) {
    insert(&store, [Record::Grant(grant(1)), Record::Grant(grant(2))]).await;
    commit(&store, vec![advance(1, 2)]).await;
    commit(&store, vec![advance(2, u32::MAX)]).await;
    assert_eq!(stored(&store).await, at_head(u32::MAX));
    let neighbour = load(&store, [Key::Grant(grant_id(2))]).await;
    assert_eq!(neighbour, [Some(Record::Grant(grant(2)))]);
}

/// From anywhere but the head it conflicts.
pub async fn the_head_advances_only_from_where_it_is(store: Arc<dyn Store>) {
    insert(&store, [Record::Grant(grant(1))]).await;
    commit(&store, vec![advance(1, 2)]).await;
    for from in [0, 1, 3] {
        conflict(&store, vec![advance(from, 9)]).await;
    }
    assert_eq!(stored(&store).await, at_head(2));
}

/// A grant without refresh tokens has no head.
pub async fn without_a_family_nothing_advances(store: Arc<dyn Store>) {
    let bare = Grant {
        family: None,
        ..grant(1)
    };
    insert(&store, [Record::Grant(bare.clone())]).await;
    conflict(&store, vec![advance(0, 1)]).await;
    assert_eq!(stored(&store).await, bare);
}

/// Once withdrawn, the family is dead.
pub async fn a_revoked_grant_does_not_advance(store: Arc<dyn Store>) {
    insert(&store, [Record::Grant(grant(1))]).await;
    commit(&store, vec![revoke(NOW)]).await;
    conflict(&store, vec![advance(1, 2)]).await;
    let revoked = Grant {
        revoked_at: Some(NOW),
        ..grant(1)
    };
    assert_eq!(stored(&store).await, revoked);
}

/// Neither does one that is gone.
pub async fn a_missing_grant_does_not_advance(store: Arc<dyn Store>) {
    conflict(&store, vec![advance(1, 2)]).await;
    insert(&store, [Record::Grant(grant(1))]).await;
    commit(&store, vec![Change::Delete(Key::Grant(grant_id(1)))]).await;
    conflict(&store, vec![advance(1, 2)]).await;
}

/// However many present the head, one moves it.
pub async fn advancing_in_parallel_has_one_winner(store: Arc<dyn Store>) {
    insert(&store, [Record::Grant(grant(1))]).await;
    for head in 1..5 {
        let moved = race(&store, 25, |_| vec![advance(head, head + 1)]).await;
        assert_eq!(moved, 1);
    }
    assert_eq!(stored(&store).await, at_head(5));
}

/// Withdrawing again holds, and the first time stays.
pub async fn the_first_revocation_stays(store: Arc<dyn Store>) {
    insert(&store, [Record::Grant(grant(1))]).await;
    commit(&store, vec![revoke(NOW)]).await;
    commit(&store, vec![revoke(LATER)]).await;
    assert_eq!(stored(&store).await.revoked_at, Some(NOW));
}

/// There is nothing left to withdraw.
pub async fn revoking_a_missing_grant_holds(store: Arc<dyn Store>) {
    commit(&store, vec![revoke(NOW)]).await;
    assert_eq!(load(&store, [Key::Grant(grant_id(1))]).await, [None]);
}

/// Of a refresh and a revocation at the same moment the refresh comes first or not at all; the revocation
/// always holds.
pub async fn advancing_and_revoking_have_an_order(store: Arc<dyn Store>) {
    for _ in 0..20 {
        insert(&store, [Record::Grant(grant(1))]).await;
        let held = race(&store, 8, |i| {
            vec![if i == 4 { revoke(LATER) } else { advance(1, 2) }]
        })
        .await;
        let after = stored(&store).await;
        assert_eq!(after.revoked_at, Some(LATER));
        let head = after.family.map(|family| family.head);
        assert_eq!(head, Some(if held == 2 { 2 } else { 1 }), "of {held} held");
        conflict(&store, vec![advance(1, 2)]).await;
        conflict(&store, vec![advance(2, 3)]).await;
        commit(&store, vec![Change::Delete(Key::Grant(grant_id(1)))]).await;
    }
}

async fn stored(store: &Arc<dyn Store>) -> Grant {
    match load(store, [Key::Grant(grant_id(1))]).await {
        [Some(Record::Grant(grant))] => grant,
        other => panic!("a grant, not {other:?}"),
    }
}

/// The grant after its head has moved.
fn at_head(head: u32) -> Grant {
    Grant {
        family: Some(Family {
            seed: [7; 16],
            key_version: 3,
            head,
            rotated_at: LATER,
        }),
        ..grant(1)
    }
}

fn advance(from: u32, to: u32) -> Change {
    Change::Advance {
        grant_id: grant_id(1),
        from,
        to,
        at: LATER,
    }
}

fn revoke(at: Timestamp) -> Change {
    Change::Revoke {
        grant_id: grant_id(1),
        at,
    }
}
