//! Device codes: what several polls and an answer make of one another.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use gatepass_proto::grant::device_code::DeviceCode;
use gatepass_proto::message::token::TokenResponse;
use gatepass_testkit::{Fault, Pair};

use crate::{on_both_stores, refused};

const LIFETIME: Duration = Duration::from_secs(600);

async fn begin(pair: &Pair) -> (DeviceCode, String) {
    let answer = pair.begin_on_device().await;
    let device_code = answer.device_code;
    (DeviceCode { device_code }, answer.user_code)
}

async fn is_active(pair: &Pair, token: &TokenResponse) -> bool {
    let told = pair.introspect(&token.access_token).await;
    told.expect("answers").active
}

#[tokio::test]
async fn one_approval_gives_tokens_once_however_many_polls_race() {
    on_both_stores(200, 12, |pair, mut seeded| async move {
        let (code, user_code) = begin(&pair).await;
        pair.answer_device(&user_code, true).await.expect("a yes");
        let tasks = (0..2 + seeded.below(4))
            .map(|_| pair.ask(&code, Fault::None))
            .collect();
        let outcomes = pair.turns.run(&mut seeded, tasks).await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "exactly one redemption");
        for outcome in lost {
            assert_eq!(refused(outcome), "invalid_grant");
        }
        let token = won.into_iter().next().expect("one").expect("a token");
        assert!(is_active(&pair, &token).await);
    })
    .await;
}

/// A poll writes down when it came, and the answer is written at the same place: neither may wipe out the other.
#[tokio::test]
async fn an_answer_is_not_lost_among_polls() {
    on_both_stores(200, 12, |pair, mut seeded| async move {
        let (code, user_code) = begin(&pair).await;
        let polls = async {
            let first = pair.ask(&code, Fault::None).await;
            match first {
                Ok(token) => Some(token),
                Err(_) => pair.ask(&code, Fault::None).await.ok(),
            }
        };
        let answer = async {
            while pair.answer_device(&user_code, true).await.is_err() {}
            None
        };
        let tasks: Vec<Pin<Box<dyn Future<Output = Option<TokenResponse>>>>> =
            vec![Box::pin(polls), Box::pin(answer)];
        let outcomes = pair.turns.run(&mut seeded, tasks).await;
        let early = outcomes.into_iter().flatten().count();
        let late = pair.ask(&code, Fault::None).await;
        assert_eq!(early + usize::from(late.is_ok()), 1);
    })
    .await;
}

#[tokio::test]
async fn whoever_is_too_fast_becomes_slower_for_good() {
    on_both_stores(1, 1, |pair, _| async move {
        let (code, _) = begin(&pair).await;
        let poll = async || refused(pair.ask(&code, Fault::None).await);
        assert_eq!(poll().await, "authorization_pending");
        for (seconds, said) in [
            (5, "authorization_pending"),
            (4, "slow_down"),
            (9, "slow_down"),
            (14, "slow_down"),
            (20, "authorization_pending"),
            (19, "slow_down"),
            (25, "authorization_pending"),
        ] {
            pair.clock.advance(Duration::from_secs(seconds));
            assert_eq!(poll().await, said, "after {seconds} s");
        }
    })
    .await;
}

#[tokio::test]
async fn what_has_expired_says_so_for_a_while() {
    on_both_stores(1, 1, |pair, _| async move {
        let (code, user_code) = begin(&pair).await;
        pair.clock.advance(LIFETIME - Duration::from_millis(1));
        let (late, late_code) = begin(&pair).await;
        pair.answer_device(&user_code, true)
            .await
            .expect("just in time");
        pair.clock.advance(Duration::from_millis(1));
        for _ in 0..2 {
            assert_eq!(refused(pair.ask(&code, Fault::None).await), "expired_token");
        }
        assert!(pair.answer_device(&user_code, true).await.is_err());
        pair.clock.advance(LIFETIME);
        assert_eq!(refused(pair.ask(&code, Fault::None).await), "invalid_grant");
        assert!(pair.answer_device(&late_code, true).await.is_err());
        assert_eq!(refused(pair.ask(&late, Fault::None).await), "expired_token");
    })
    .await;
}

#[tokio::test]
async fn what_was_answered_stays_so() {
    on_both_stores(1, 1, |pair, _| async move {
        let (code, user_code) = begin(&pair).await;
        pair.answer_device(&user_code, false).await.expect("a no");
        assert!(pair.answer_device(&user_code, true).await.is_err());
        assert_eq!(refused(pair.ask(&code, Fault::None).await), "access_denied");
    })
    .await;
}

#[tokio::test]
async fn no_code_lies_in_the_store() {
    on_both_stores(1, 0, |pair, _| async move {
        let (code, user_code) = begin(&pair).await;
        let written = format!("{:?}", pair.store.committed());
        assert!(!written.contains(code.device_code.expose()));
        assert!(!written.contains(&user_code));
        assert!(!written.contains(&user_code.replace('-', "")));
    })
    .await;
}
