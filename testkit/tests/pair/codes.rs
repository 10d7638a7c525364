//! Authorization codes.

use std::time::Duration;

use gatepass_http::Clock as _;
use gatepass_proto::base::Digest;
use gatepass_proto::flow::{CodeFlow, Flow, Input, Step};
use gatepass_proto::grant::authorization_code::CodeExchange;
use gatepass_proto::message::token::TokenResponse;
use gatepass_proto::pkce::CodeVerifier;
use gatepass_proto::{Cx, Secret};
use gatepass_testkit::{Fault, Pair, REDIRECT_URI, Seeded};

use crate::{on_both_stores, refused};

/// A code of this pair, ready to be redeemed.
async fn code(pair: &Pair, seeded: &mut Seeded) -> CodeExchange {
    let mut flow = CodeFlow::new(pair.setup());
    let step = flow
        .step(Input::Start, &mut Cx::new(pair.clock.now(), seeded))
        .expect("a login starts");
    let Step::Redirect(url) = step else {
        panic!("expected a redirect, got {step:?}")
    };
    let params = pair.browse(&url).await.expect("the user consents");
    let pending =
        serde_json::to_value(flow.pending().expect("the browser is away")).expect("serialises");
    let verifier = pending
        .get("code_verifier")
        .and_then(serde_json::Value::as_str)
        .expect("a verifier");
    CodeExchange {
        code: Secret::new(params.get("code").expect("a code")),
        redirect_uri: Some(REDIRECT_URI.to_owned()),
        code_verifier: CodeVerifier::parse(verifier),
    }
}

async fn is_active(pair: &Pair, token: &TokenResponse) -> bool {
    pair.introspect(&token.access_token)
        .await
        .expect("answers")
        .active
}

#[tokio::test]
async fn a_code_is_redeemed_once_however_many_ask_at_once() {
    on_both_stores(200, 12, |pair, mut seeded| async move {
        let exchange = code(&pair, &mut seeded).await;
        let tasks = (0..2 + seeded.below(4))
            .map(|_| pair.ask(&exchange, Fault::None))
            .collect();
        let outcomes = pair.turns.run(&mut seeded, tasks).await;
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1, "exactly one redemption");
        for outcome in lost {
            assert_eq!(refused(outcome), "invalid_grant");
        }
        // How many of the losers were losers of the race, and how many came when it was over, the order decides; a
        // later one is a replay and takes the winner's tokens with it. Nothing in between.
        let token = won.into_iter().next().expect("one").expect("a token");
        let revoked = pair
            .store
            .committed()
            .iter()
            .flatten()
            .any(|change| format!("{change:?}").starts_with("Revoke"));
        assert_eq!(is_active(&pair, &token).await, !revoked);
    })
    .await;
}

#[tokio::test]
async fn the_loser_of_a_race_revokes_nothing() {
    on_both_stores(100, 6, |pair, mut seeded| async move {
        let exchange = code(&pair, &mut seeded).await;
        // Two that start together look the code up before either of them can have redeemed it in some orders; those
        // are the races. In the others the second comes later, and is a replay.
        let tasks = vec![
            pair.ask(&exchange, Fault::None),
            pair.ask(&exchange, Fault::None),
        ];
        let before = pair.store.committed().len();
        let outcomes = pair.turns.run(&mut seeded, tasks).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        let commits = pair.store.committed().len() - before;
        assert!(
            commits == 1 || commits == 2,
            "a redemption, and a revocation or not"
        );
    })
    .await;
}

#[tokio::test]
async fn a_code_that_comes_again_takes_its_grant_with_it() {
    on_both_stores(20, 4, |pair, mut seeded| async move {
        let exchange = code(&pair, &mut seeded).await;
        let token = pair.ask(&exchange, Fault::None).await.expect("redeemed");
        assert!(is_active(&pair, &token).await);
        assert_eq!(
            refused(pair.ask(&exchange, Fault::None).await),
            "invalid_grant"
        );
        assert!(!is_active(&pair, &token).await);
        let refresh = token.refresh_token.expect("the client may refresh");
        assert_eq!(
            refused(pair.refresh(&refresh, Fault::None).await),
            "invalid_grant"
        );
    })
    .await;
}

#[tokio::test]
async fn whoever_only_found_a_code_can_do_nothing_with_it() {
    on_both_stores(20, 4, |pair, mut seeded| async move {
        let good = code(&pair, &mut seeded).await;
        let other = CodeVerifier::parse(&"x".repeat(43));
        let wrong = [
            CodeExchange {
                code_verifier: None,
                ..good.clone()
            },
            CodeExchange {
                code_verifier: other,
                ..good.clone()
            },
            CodeExchange {
                redirect_uri: Some(format!("{REDIRECT_URI}/")),
                ..good.clone()
            },
            CodeExchange {
                redirect_uri: None,
                ..good.clone()
            },
        ];
        for exchange in &wrong {
            assert_eq!(
                refused(pair.ask(exchange, Fault::None).await),
                "invalid_grant"
            );
        }
        // Nothing was spent by that, and after the redemption nothing is revoked by it.
        let token = pair.ask(&good, Fault::None).await.expect("still good");
        for exchange in &wrong {
            assert_eq!(
                refused(pair.ask(exchange, Fault::None).await),
                "invalid_grant"
            );
        }
        assert!(is_active(&pair, &token).await);
    })
    .await;
}

#[tokio::test]
async fn a_code_lives_a_minute() {
    on_both_stores(1, 1, |pair, mut seeded| async move {
        let exchange = code(&pair, &mut seeded).await;
        pair.clock.advance(Duration::from_secs(60));
        assert_eq!(
            refused(pair.ask(&exchange, Fault::None).await),
            "invalid_grant"
        );
        let exchange = code(&pair, &mut seeded).await;
        pair.clock.advance(Duration::from_millis(59_999));
        pair.ask(&exchange, Fault::None)
            .await
            .expect("just in time");
    })
    .await;
}

#[tokio::test]
async fn no_code_lies_in_the_store() {
    on_both_stores(1, 0, |pair, mut seeded| async move {
        let exchange = code(&pair, &mut seeded).await;
        let written = format!("{:?}", pair.store.committed());
        assert!(!written.contains(exchange.code.expose()));
        assert!(written.contains(&Digest::of(exchange.code.expose()).to_base64url()));
    })
    .await;
}
