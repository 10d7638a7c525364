//! What every backend has to hold to, as one suite. The macro [`contract!`](crate::contract!) runs it:
//!
//! ```text
//! gatepass_store::contract!(memory, async { (Arc::new(MemoryStore::new()) as Arc<dyn Store>, ()) });
//! ```
//!
//! Each case is a function that takes a fresh, empty store and panics when a promise is broken.

pub mod codes;
pub mod commits;
pub mod grants;
pub mod items;
pub mod paging;
pub mod records;
pub mod samples;
pub mod sweeping;
pub mod throttle;

use std::sync::Arc;

use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Key, Record};
use tokio::task::JoinSet;

use crate::{CommitError, Store};

/// Runs the whole suite as tests inside a module named `$backend`. `$open` is a future, awaited anew for every
/// test, of a pair: an empty `Arc<dyn Store>`, and whatever has to live as long as it does. The calling crate
/// needs tokio with the features `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! contract {
    ($backend:ident, $open:expr) => {
        mod $backend {
            use super::*;
            $crate::contract!(@cases $open;
                records {
                    every_record_comes_back_unchanged
                    answers_stand_in_the_order_of_the_keys
                    a_user_is_found_by_name
                    a_taken_key_conflicts
                    a_taken_name_conflicts
                    what_is_deleted_is_gone
                    a_deleted_name_is_free_again
                    lists_stand_in_order
                    lists_are_bounded
                    an_edit_takes_the_place_of_what_it_was
                    an_edit_of_what_has_changed_conflicts
                    an_edit_keeps_names_unique
                    edits_in_parallel_have_one_winner
                }
                commits {
                    a_conflict_at_the_end_undoes_everything
                    later_changes_see_earlier_ones
                    nothing_to_change_holds
                    once_is_once
                    once_in_parallel_has_one_winner
                    a_refused_commit_spends_nothing
                    the_first_condition_that_fails_decides
                    denying_twice_keeps_the_later_end
                    the_audit_log_takes_every_event
                    the_audit_log_is_read_backwards
                    look_ups_see_whole_commits
                }
                codes {
                    a_code_is_spent_once
                    a_missing_code_conflicts
                    spending_in_parallel_has_one_winner
                }
                grants {
                    the_head_advances
                    the_head_advances_only_from_where_it_is
                    without_a_family_nothing_advances
                    a_revoked_grant_does_not_advance
                    a_missing_grant_does_not_advance
                    advancing_in_parallel_has_one_winner
                    the_first_revocation_stays
                    revoking_a_missing_grant_holds
                    advancing_and_revoking_have_an_order
                }
                items {
                    a_version_is_replaced_once
                    a_version_is_taken_once
                    kinds_have_digests_of_their_own
                    somebodys_are_listed
                    what_has_ended_goes
                }
                paging {
                    pages_join_to_the_table
                    a_page_begins_anywhere_and_is_bounded
                }
                throttle {
                    exactly_the_limit_is_admitted
                    exactly_the_limit_is_admitted_in_parallel
                    blocks_grow_up_to_the_longest
                    failures_are_forgotten_in_time
                    all_accounts_are_charged_or_none
                    the_longest_wait_counts
                    one_account_named_twice_is_charged_twice
                    forgiving_starts_again
                    forgiving_a_shared_account_takes_back_one
                    a_shared_account_leaks
                }
                sweeping {
                    what_matters_stays
                    what_has_ended_goes
                    a_spent_code_stays_until_its_replay_cannot_matter
                    an_idle_account_is_forgotten
                    a_blocked_account_stays
                    a_sweep_is_bounded
                    many_rows_go_at_once
                }
            );
        }
    };
    (@cases $open:expr; $($room:ident { $($case:ident)* })*) => {$(
        mod $room {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let (store, _keep) = $open.await;
                    $crate::contract::$room::$case(store).await;
                }
            )*
        }
    )*};
}

/// The records of `keys`.
async fn load<const N: usize>(store: &Arc<dyn Store>, keys: [Key; N]) -> [Option<Record>; N] {
    let found = store.load(&keys).await.expect("the store answers");
    found.try_into().expect("an answer for every key")
}

/// Commits what has to hold.
async fn commit(store: &Arc<dyn Store>, changes: Vec<Change>) {
    store.commit(changes).await.expect("the changes hold");
}

/// Adds records that are not there.
async fn insert<const N: usize>(store: &Arc<dyn Store>, records: [Record; N]) {
    commit(store, records.map(Change::Insert).into()).await;
}

/// Commits what has to conflict.
async fn conflict(store: &Arc<dyn Store>, changes: Vec<Change>) {
    let verdict = store.commit(changes).await;
    assert!(
        matches!(verdict, Err(CommitError::Conflict)),
        "a conflict, not {verdict:?}"
    );
}

/// Commits the same changes from `n` tasks at once; says how many were told that they hold. The others must
/// have been refused for a good reason.
async fn race(store: &Arc<dyn Store>, n: usize, changes: impl Fn(usize) -> Vec<Change>) -> usize {
    let mut tasks = JoinSet::new();
    for i in 0..n {
        let (store, changes) = (Arc::clone(store), changes(i));
        tasks.spawn(async move { store.commit(changes).await });
    }
    let verdicts = tasks.join_all().await;
    let failed = verdicts
        .iter()
        .find(|verdict| matches!(verdict, Err(CommitError::Store(_))));
    assert!(failed.is_none(), "{failed:?}");
    verdicts.iter().filter(|verdict| verdict.is_ok()).count()
}
