//! Refresh families: rotation, grace, replay, lost answers.

use std::collections::HashMap;
use std::time::Duration;

use gatepass_http::{Clock as _, DriveError};
use gatepass_proto::message::token::TokenResponse;
use gatepass_proto::{Secret, Timestamp};
use gatepass_testkit::{Fault, Pair, Seeded};

use crate::{on_both_stores, refused};

const GRACE: Duration = Duration::from_secs(30);

fn successor(outcome: Result<TokenResponse, DriveError>) -> Secret {
    outcome.expect("refreshed").refresh_token.expect("rotated")
}

async fn first(pair: &Pair) -> TokenResponse {
    pair.log_in().await.expect("logged in")
}

#[tokio::test]
async fn all_who_ask_at_once_get_the_same_successor() {
    on_both_stores(200, 12, |pair, mut seeded| async move {
        let start = first(&pair).await.refresh_token.expect("may refresh");
        let tasks = (0..2 + seeded.below(6))
            .map(|_| pair.refresh(&start, Fault::None))
            .collect();
        let outcomes = pair.turns.run(&mut seeded, tasks).await;
        let mut successors: Vec<Secret> = outcomes.into_iter().map(successor).collect();
        successors.dedup();
        assert_eq!(successors.len(), 1, "one live branch");
        let advanced = pair
            .store
            .committed()
            .iter()
            .flatten()
            .filter(|c| format!("{c:?}").starts_with("Advance"))
            .count();
        assert_eq!(advanced, 1, "the head moved once");
    })
    .await;
}

#[tokio::test]
async fn a_lost_answer_costs_nothing_inside_the_grace() {
    on_both_stores(100, 6, |pair, mut seeded| async move {
        let mut token = first(&pair).await.refresh_token.expect("may refresh");
        for _ in 0..6 {
            let fault = if seeded.one_in(2) {
                Fault::LoseAnswer
            } else {
                Fault::LoseRequest
            };
            for _ in 0..seeded.below(3) {
                let lost = pair
                    .refresh(&token, fault)
                    .await
                    .expect_err("the network lost it");
                assert!(matches!(lost, DriveError::Flow(error) if error.is_temporary()));
                pair.clock.advance(Duration::from_secs(5));
            }
            token = successor(pair.refresh(&token, Fault::None).await);
            pair.clock.advance(Duration::from_secs(3600));
        }
    })
    .await;
}

#[tokio::test]
async fn a_repeat_does_not_extend_the_grace() {
    on_both_stores(1, 1, |pair, _| async move {
        let token = first(&pair).await.refresh_token.expect("may refresh");
        let head = successor(pair.refresh(&token, Fault::None).await);
        pair.clock.advance(GRACE - Duration::from_secs(1));
        assert_eq!(successor(pair.refresh(&token, Fault::None).await), head);
        pair.clock.advance(Duration::from_secs(1));
        assert_eq!(successor(pair.refresh(&token, Fault::None).await), head);
        pair.clock.advance(Duration::from_millis(1));
        assert_eq!(
            refused(pair.refresh(&token, Fault::None).await),
            "invalid_grant"
        );
        assert_eq!(
            refused(pair.refresh(&head, Fault::None).await),
            "invalid_grant",
            "the family is dead"
        );
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_open_the_grace_again() {
    on_both_stores(1, 1, |pair, _| async move {
        let token = first(&pair).await.refresh_token.expect("may refresh");
        pair.clock.advance(Duration::from_secs(7200));
        let head = successor(pair.refresh(&token, Fault::None).await);
        pair.clock.set_back(GRACE);
        assert_eq!(
            successor(pair.refresh(&token, Fault::None).await),
            head,
            "clocks of nodes differ a little"
        );
        pair.clock.set_back(Duration::from_secs(3600));
        assert_eq!(
            refused(pair.refresh(&token, Fault::None).await),
            "invalid_grant"
        );
        assert_eq!(
            refused(pair.refresh(&head, Fault::None).await),
            "invalid_grant"
        );
    })
    .await;
}

#[tokio::test]
async fn a_replay_kills_the_family_and_its_access_tokens() {
    on_both_stores(20, 4, |pair, _| async move {
        let token = first(&pair).await;
        let zero = token.refresh_token.expect("may refresh");
        let one = successor(pair.refresh(&zero, Fault::None).await);
        let newest = pair.refresh(&one, Fault::None).await.expect("refreshed");
        // Two behind the head, still inside the grace of the one before: a replay all the same.
        assert_eq!(
            refused(pair.refresh(&zero, Fault::None).await),
            "invalid_grant"
        );
        let head = newest.refresh_token.expect("rotated");
        assert_eq!(
            refused(pair.refresh(&head, Fault::None).await),
            "invalid_grant"
        );
        for dead in [&token.access_token, &newest.access_token, &head] {
            assert!(!pair.introspect(dead).await.expect("answers").active);
        }
        let audited = pair
            .store
            .committed()
            .iter()
            .flatten()
            .any(|c| format!("{c:?}").contains("refresh.replayed"));
        assert!(audited, "the audit log says so");
    })
    .await;
}

#[tokio::test]
async fn revoking_a_refresh_token_revokes_everything() {
    on_both_stores(5, 2, |pair, _| async move {
        let token = first(&pair).await;
        let refresh = token.refresh_token.expect("may refresh");
        assert!(pair.introspect(&refresh).await.expect("answers").active);
        pair.revoke(&refresh).await.expect("revoked");
        pair.revoke(&refresh).await.expect("again is well too");
        assert!(
            !pair
                .introspect(&token.access_token)
                .await
                .expect("answers")
                .active
        );
        assert_eq!(
            refused(pair.refresh(&refresh, Fault::None).await),
            "invalid_grant"
        );
    })
    .await;
}

#[tokio::test]
async fn families_end_when_idle_or_old() {
    on_both_stores(1, 1, |pair, _| async move {
        let day = Duration::from_secs(24 * 3600);
        let idle = first(&pair).await.refresh_token.expect("may refresh");
        pair.clock.advance(30 * day);
        assert_eq!(
            refused(pair.refresh(&idle, Fault::None).await),
            "invalid_grant"
        );
        let mut busy = first(&pair).await.refresh_token.expect("may refresh");
        let born = pair.clock.now();
        while pair.clock.now().since(born) < 89 * day {
            busy = successor(pair.refresh(&busy, Fault::None).await);
            pair.clock.advance(day);
        }
        pair.clock.advance(day);
        assert_eq!(
            refused(pair.refresh(&busy, Fault::None).await),
            "invalid_grant"
        );
    })
    .await;
}

/// What a bystander knows of a family: enough to say what each presentation must give.
struct Model {
    tokens: Vec<Secret>,
    rotated_at: Timestamp,
    dead: bool,
}

impl Model {
    fn expects(&self, position: usize, now: Timestamp) -> Expected {
        let head = self.tokens.len() - 1;
        if self.dead {
            Expected::Refused
        } else if position == head {
            Expected::Rotated
        } else if position + 1 == head && now <= self.rotated_at + GRACE {
            Expected::Same
        } else {
            Expected::Killed
        }
    }
}

#[derive(Debug, PartialEq)]
enum Expected {
    Rotated,
    Same,
    Killed,
    Refused,
}

#[tokio::test]
async fn any_schedule_agrees_with_the_model() {
    on_both_stores(400, 15, |pair, mut seeded| async move {
        let start = first(&pair).await.refresh_token.expect("may refresh");
        let mut model = Model {
            tokens: vec![start],
            rotated_at: pair.clock.now(),
            dead: false,
        };
        for _ in 0..25 {
            pair.clock
                .advance(Duration::from_secs(seeded.below(45) as u64));
            let newest = model.tokens.len() - 1;
            let position =
                newest.saturating_sub(if seeded.one_in(8) { 2 } else { seeded.below(2) });
            let fault = if seeded.one_in(4) {
                Fault::LoseAnswer
            } else {
                Fault::None
            };
            let outcome = pair.refresh(&model.tokens[position], fault).await;
            match model.expects(position, pair.clock.now()) {
                Expected::Rotated => {
                    model.rotated_at = pair.clock.now();
                    let token = match fault {
                        Fault::None => successor(outcome),
                        // Nobody heard it; asking again at once must give it.
                        _ => successor(pair.refresh(&model.tokens[position], Fault::None).await),
                    };
                    assert!(
                        !model.tokens.contains(&token),
                        "a rotation gives something new"
                    );
                    model.tokens.push(token);
                }
                Expected::Same if fault == Fault::None => {
                    assert_eq!(&successor(outcome), &model.tokens[newest])
                }
                Expected::Same => {}
                Expected::Killed => model.dead = true,
                Expected::Refused => {}
            }
            if model.dead {
                for token in &model.tokens {
                    assert_eq!(
                        refused(pair.refresh(token, Fault::None).await),
                        "invalid_grant"
                    );
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_is_issued_that_was_not_committed() {
    on_both_stores(150, 10, |pair, mut seeded| async move {
        let mut token = first(&pair).await.refresh_token.expect("may refresh");
        let mut heads: HashMap<String, u32> = HashMap::new();
        for _ in 0..12 {
            pair.store
                .fail_one_in(Some((Seeded::new(seeded.draw()), 3)));
            let tasks = (0..3).map(|_| pair.refresh(&token, Fault::None)).collect();
            let outcomes = pair.turns.run(&mut seeded, tasks).await;
            pair.store.fail_one_in(None);
            for outcome in outcomes {
                match outcome {
                    Ok(answer) => {
                        let next = answer.refresh_token.expect("rotated");
                        *heads.entry(next.expose().to_owned()).or_default() += 1;
                        let active = pair
                            .introspect(&answer.access_token)
                            .await
                            .expect("answers")
                            .active;
                        assert!(active, "what was given away is good");
                    }
                    Err(DriveError::Flow(error)) => assert!(
                        error.is_temporary(),
                        "a failing store is no refusal: {error}"
                    ),
                    Err(other) => panic!("{other}"),
                }
            }
            // Whatever failed, the family is alive, and asking again gives what was given before.
            let next = successor(pair.refresh(&token, Fault::None).await);
            for given in heads.keys() {
                assert_eq!(
                    given,
                    next.expose(),
                    "one successor, before and after the failures"
                );
            }
            heads.clear();
            token = next;
            pair.clock.advance(Duration::from_secs(60));
        }
    })
    .await;
}
