//! Commits: all or none, each change under its condition.

use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::decide::change::{AuditEvent, AuditLine, Change};
use gatepass_proto::decide::record::{Code, Denied, Key, Record, User};
use gatepass_proto::{Digest, Timestamp};

use super::samples::{NOW, api_key, client, code, denied, digest, grant, grant_id, session, user};
use super::{commit, conflict, insert, load, race};
use crate::{CommitError, Store};

/// Every kind of change is undone when the last one conflicts.
pub async fn a_conflict_at_the_end_undoes_everything(store: Arc<dyn Store>) {
    insert(
        &store,
        [
            Record::Code(code(1)),
            Record::Grant(grant(1)),
            Record::Grant(grant(2)),
            Record::User(user(1)),
            Record::Denied(denied(1)),
        ],
    )
    .await;
    let namesake = User {
        username: user(1).username,
        ..user(2)
    };
    conflict(
        &store,
        vec![
            Change::Insert(Record::Client(client(1))),
            Change::SpendCode {
                digest: digest(1),
                at: NOW,
            },
            advance(1),
            Change::Revoke {
                grant_id: grant_id(2),
                at: NOW,
            },
            deny("jti-1", NOW + Duration::from_secs(9999)),
            deny("jti-2", NOW),
            once("jti", digest(1)),
            Change::Delete(Key::Username(user(1).username)),
            Change::Insert(Record::User(namesake)),
            Change::Audit(AuditEvent::new(NOW, "undone")),
            Change::Insert(Record::Code(code(1))),
        ],
    )
    .await;
    let keys = [
        Key::Client(client(1).client_id),
        Key::Code(digest(1)),
        Key::Grant(grant_id(1)),
        Key::Grant(grant_id(2)),
        Key::Denied("jti-1".into()),
        Key::Denied("jti-2".into()),
        Key::Username(user(1).username),
        Key::User(user(2).user_id),
    ];
    let before = [
        None,
        Some(Record::Code(code(1))),
        Some(Record::Grant(grant(1))),
        Some(Record::Grant(grant(2))),
        Some(Record::Denied(denied(1))),
        None,
        Some(Record::User(user(1))),
        None,
    ];
    assert_eq!(load(&store, keys).await, before);
    commit(&store, vec![once("jti", digest(1))]).await;
}

/// Changes happen in their order.
pub async fn later_changes_see_earlier_ones(store: Arc<dyn Store>) {
    let spend = Change::SpendCode {
        digest: digest(1),
        at: NOW,
    };
    let changes = vec![
        Change::Insert(Record::Code(code(1))),
        spend.clone(),
        Change::Insert(Record::Grant(grant(1))),
        advance(1),
        Change::Insert(Record::User(user(1))),
        Change::Delete(Key::User(user(1).user_id)),
        Change::Insert(Record::User(user(1))),
    ];
    commit(&store, changes).await;
    let spent = Code {
        spent_at: Some(NOW),
        ..code(1)
    };
    let found = load(&store, [Key::Code(digest(1)), Key::User(user(1).user_id)]).await;
    assert_eq!(
        found,
        [Some(Record::Code(spent)), Some(Record::User(user(1)))]
    );
    conflict(&store, vec![advance(2), spend]).await;
}

/// No changes are no conflict.
pub async fn nothing_to_change_holds(store: Arc<dyn Store>) {
    commit(&store, Vec::new()).await;
}

/// A second time is refused for good; another space is another thing.
pub async fn once_is_once(store: Arc<dyn Store>) {
    commit(&store, vec![once("jti", digest(1))]).await;
    spent(&store, vec![once("jti", digest(1))]).await;
    spent(
        &store,
        vec![once("dpop", digest(2)), once("jti", digest(1))],
    )
    .await;
    let others = vec![once("dpop", digest(1)), once("jti", digest(2))];
    commit(&store, others).await;
    spent(&store, vec![once("a", digest(3)), once("a", digest(3))]).await;
}

/// However many try.
pub async fn once_in_parallel_has_one_winner(store: Arc<dyn Store>) {
    let admitted = race(&store, 40, |_| vec![once("jti", digest(1))]).await;
    assert_eq!(admitted, 1);
}

/// What was refused because of another change may still come.
pub async fn a_refused_commit_spends_nothing(store: Arc<dyn Store>) {
    conflict(&store, vec![once("jti", digest(1)), advance(1)]).await;
    commit(&store, vec![once("jti", digest(1))]).await;
}

/// The verdict is that of the first change which does not hold.
pub async fn the_first_condition_that_fails_decides(store: Arc<dyn Store>) {
    commit(&store, vec![once("jti", digest(1))]).await;
    conflict(&store, vec![advance(1), once("jti", digest(1))]).await;
    spent(&store, vec![once("jti", digest(1)), advance(1)]).await;
}

/// A withdrawn token stays withdrawn until the latest end it was given.
pub async fn denying_twice_keeps_the_later_end(store: Arc<dyn Store>) {
    let (sooner, later) = (NOW, NOW + Duration::from_millis(1500));
    for (jti, first, second) in [("a", sooner, later), ("b", later, sooner)] {
        commit(&store, vec![deny(jti, first)]).await;
        commit(&store, vec![deny(jti, second)]).await;
        let denied = Denied {
            jti: jti.into(),
            until: later,
        };
        let found = load(&store, [Key::Denied(jti.into())]).await;
        assert_eq!(found, [Some(Record::Denied(denied))]);
    }
}

/// The same event may happen again.
pub async fn the_audit_log_takes_every_event(store: Arc<dyn Store>) {
    let bare = AuditEvent::new(NOW, "server.started");
    let full = AuditEvent::new(NOW, "code.replayed")
        .client(&client(1).client_id)
        .user(&user(1).user_id)
        .grant(grant_id(1));
    let events = [bare.clone(), full.clone(), bare, full];
    commit(&store, events.map(Change::Audit).into()).await;
}

/// The newest lines come first, page by page; what was refused left none.
pub async fn the_audit_log_is_read_backwards(store: Arc<dyn Store>) {
    let events = ["user.added", "user.locked", "grant.revoked"];
    for (n, event) in (1..).zip(events) {
        let event = AuditEvent::new(NOW, event)
            .client(&client(n).client_id)
            .user(&user(n).user_id)
            .grant(grant_id(n));
        commit(&store, vec![Change::Audit(event)]).await;
    }
    let refused = vec![
        Change::Audit(AuditEvent::new(NOW, "never")),
        Change::SpendCode {
            digest: digest(1),
            at: NOW,
        },
    ];
    conflict(&store, refused).await;
    let first = store.audit_log(None, 2).await.expect("the store answers");
    let names = |lines: &[AuditLine]| {
        lines
            .iter()
            .map(|line| line.event.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&first), ["grant.revoked", "user.locked"]);
    let newest = first.first().expect("a line");
    assert_eq!(newest.at, NOW);
    assert_eq!(newest.client_id, Some(client(3).client_id));
    assert_eq!(newest.user_id, Some(user(3).user_id));
    assert_eq!(newest.grant_id, Some(grant_id(3)));
    let last = first.last().expect("a line").line;
    assert!(last < newest.line);
    let rest = store
        .audit_log(Some(last), 1000)
        .await
        .expect("the store answers");
    assert_eq!(names(&rest), ["user.added"]);
    let none = store.audit_log(None, 0).await.expect("the store answers");
    assert!(none.is_empty());
}

/// Records that are replaced together are never seen apart.
pub async fn look_ups_see_whole_commits(store: Arc<dyn Store>) {
    let (one, other) = (Record::Session(session(1)), Record::ApiKey(api_key(1)));
    let (key, other_key) = (Key::Session(digest(1)), Key::ApiKey(digest(1)));
    insert(&store, [one.clone()]).await;
    let writes = tokio::spawn({
        let store = Arc::clone(&store);
        let (key, other_key) = (key.clone(), other_key.clone());
        async move {
            for _ in 0..50 {
                let there = [Change::Delete(key.clone()), Change::Insert(other.clone())];
                let back = [
                    Change::Delete(other_key.clone()),
                    Change::Insert(one.clone()),
                ];
                commit(&store, there.into()).await;
                commit(&store, back.into()).await;
            }
        }
    });
    while !writes.is_finished() {
        let [one, other] = load(&store, [key.clone(), other_key.clone()]).await;
        assert!(one.is_some() != other.is_some(), "exactly one of the two");
    }
    writes.await.expect("the commits hold");
}

async fn spent(store: &Arc<dyn Store>, changes: Vec<Change>) {
    let verdict = store.commit(changes).await;
    assert!(
        matches!(verdict, Err(CommitError::Spent)),
        "spent, not {verdict:?}"
    );
}

fn advance(from: u32) -> Change {
    Change::Advance {
        grant_id: grant_id(1),
        from,
        to: from + 1,
        at: NOW,
    }
}

fn deny(jti: &str, until: Timestamp) -> Change {
    Change::Deny {
        jti: jti.into(),
        until,
    }
}

fn once(space: &'static str, hash: Digest) -> Change {
    Change::Once {
        space,
        hash,
        until: NOW,
    }
}
