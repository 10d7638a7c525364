//! Driven through a [`DeviceFlow`](crate::flow::DeviceFlow): how long is waited, and when it is given up.

use proptest::prelude::*;
use serde_json::json;

use crate::flow::device::tests::{LIFETIME, answer, asking, pending, seconds, setup, shown_with};
use crate::flow::testing::{NOW, client, done, failed, refused, response, sent};
use crate::flow::{FlowError, IdTokenSetup, Input, Step, TokenSetup};

#[test]
fn slow_down_is_for_good() {
    let (mut talk, _) = asking(setup());
    // GitHub says it with 200, Google with 403 and 428, others with 429.
    for (status, error, wait) in [
        (400, "authorization_pending", 5),
        (428, "authorization_pending", 5),
        (400, "slow_down", 10),
        (200, "authorization_pending", 10),
        (403, "slow_down", 15),
        (200, "slow_down", 20),
        (429, "slow_down", 25),
        (400, "authorization_pending", 25),
    ] {
        let next = talk.answer(status, &json!({ "error": error }));
        let (pause, next) = talk.sleep(next);
        assert_eq!(pause, seconds(wait), "{status} {error}");
        sent(next);
    }
    done(talk.answer(200, &json!({ "access_token": "at" })));
}

#[test]
fn the_servers_interval_is_kept() {
    for (said, wait) in [
        (json!(7), 7),
        (json!("30"), 30),
        (json!(0), 1),
        (json!(-1), 5),
    ] {
        let mut answer = answer();
        answer["interval"] = said;
        let (mut talk, next) = shown_with(setup(), &answer);
        let (pause, next) = talk.sleep(next);
        assert_eq!(pause, seconds(wait));
        sent(next);
    }
}

#[test]
fn a_no_is_a_no() {
    for (status, error) in [
        (400, "access_denied"),
        (403, "access_denied"),
        (200, "expired_token"),
        (400, "invalid_grant"),
        (401, "invalid_client"),
        (400, "authorization_declined"),
    ] {
        let (mut talk, _) = asking(setup());
        let next = talk.answer(status, &json!({ "error": error }));
        assert_eq!(refused(next), error);
    }
    for body in ["", "<html>hello</html>", "{}", r#"{"access_token":""}"#] {
        let (mut talk, _) = asking(setup());
        let error = failed(talk.hear(response(200, &[], body)));
        assert!(
            matches!(error, FlowError::BadAnswer(_)),
            "{body}: {error:?}"
        );
    }
}

#[test]
fn an_outage_makes_the_questions_rarer_and_ends_nothing() {
    let (mut talk, _) = asking(setup());
    for wait in [10, 20, 40, 60, 60] {
        let next = talk.lose();
        let (pause, next) = talk.sleep(next);
        assert_eq!(pause, seconds(wait));
        sent(next);
    }
    // It is over: as before.
    let next = talk.answer(400, &pending());
    assert_eq!(talk.sleep(next).0, seconds(5));
    let busy = |after: &str| response(503, &[("retry-after", after)], "busy");
    for (after, wait) in [("90", 90), ("1", 20), ("soon", 40)] {
        let next = talk.hear(busy(after));
        assert_eq!(talk.sleep(next).0, seconds(wait), "{after}");
    }
    let next = talk.hear(response(429, &[], ""));
    assert_eq!(talk.sleep(next).0, seconds(60));
    done(talk.answer(200, &json!({ "access_token": "at" })));
}

#[test]
fn an_outage_to_the_end_is_said_to_be_one() {
    let (mut talk, _) = asking(setup());
    let end = NOW + seconds(LIFETIME);
    loop {
        let at = talk.now;
        match talk.lose() {
            Err(error) => {
                assert!(matches!(error, FlowError::Unreachable(_)), "{error:?}");
                assert_eq!(at, end, "asked at the very end, and not given up before");
                return;
            }
            next => {
                let (_, next) = talk.sleep(next);
                sent(next);
            }
        }
    }
}

#[test]
fn a_login_that_nobody_confirms_ends_with_its_lifetime() {
    let (mut talk, _) = asking(setup());
    let end = NOW + seconds(LIFETIME);
    for question in 1_u64.. {
        let at = talk.now;
        match talk.answer(400, &pending()) {
            Err(FlowError::Refused { error, .. }) => {
                assert_eq!(error, "expired_token");
                assert_eq!((at, question), (end, LIFETIME / 5));
                return;
            }
            next => {
                let (_, next) = talk.sleep(next);
                sent(next);
            }
        }
    }
}

#[test]
fn who_slept_past_the_end_asks_once_more() {
    for granted in [true, false] {
        let (mut talk, next) = shown_with(setup(), &answer());
        assert!(matches!(next, Ok(Step::Wait(_))));
        talk.now = talk.now + seconds(LIFETIME * 10);
        sent(talk.feed(Input::Woke));
        if granted {
            done(talk.answer(200, &json!({ "access_token": "at" })));
        } else {
            assert_eq!(refused(talk.answer(400, &pending())), "expired_token");
        }
    }
}

#[test]
fn absurd_numbers_are_bounded() {
    let week = seconds(7 * 24 * 3600);
    let mut absurd = answer();
    absurd["expires_in"] = json!(900_000_000_000_000_u64);
    absurd["interval"] = json!(900_000_000_000_000_u64);
    let (mut talk, next) = shown_with(setup(), &absurd);
    let (pause, next) = talk.sleep(next);
    assert_eq!(pause, week);
    sent(next);
    assert_eq!(refused(talk.answer(400, &pending())), "expired_token");
    let mut nothing = answer();
    nothing["expires_in"] = json!(0);
    let (mut talk, next) = shown_with(setup(), &nothing);
    assert_eq!(talk.sleep(next).0, seconds(1));
}

#[test]
fn a_token_that_came_is_not_asked_for_again() {
    let mut setup = setup();
    setup.token = TokenSetup {
        id_token: Some(IdTokenSetup {
            issuer: "https://as.example".to_owned(),
            issuer_template: None,
            jwks_uri: "https://as.example/jwks".to_owned(),
            client_id: client().client_id,
            client_secret: None,
            algorithms: Vec::new(),
            nonce: None,
            max_age: None,
            acr_values: Vec::new(),
            subject: None,
            required: true,
        }),
        ..setup.token
    };
    let (mut talk, _) = asking(setup);
    let header = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ";
    let token = json!({ "access_token": "at", "id_token": format!("{header}.e30.AAAA") });
    let request = sent(talk.answer(200, &token));
    assert_eq!(request.uri(), "https://as.example/jwks");
    // The keys are asked for again, and again; the token never.
    for pause in [1, 2, 4] {
        let next = talk.lose();
        let (slept, next) = talk.sleep(next);
        assert_eq!(slept, std::time::Duration::from_secs(pause));
        assert_eq!(sent(next).uri(), "https://as.example/jwks");
    }
    assert!(matches!(failed(talk.lose()), FlowError::Unreachable(_)));
}

#[derive(Clone, Debug)]
enum Event {
    Pending,
    SlowDown,
    Lost,
    Busy(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Pending),
        1 => Just(Event::SlowDown),
        2 => Just(Event::Lost),
        1 => any::<u64>().prop_map(Event::Busy),
    ]
}

proptest! {
    /// Whatever comes, questions are at least an interval apart, and the login ends by itself, but never too early.
    #[test]
    fn patience_has_its_limits(events in prop::collection::vec(event(), 1..60), lifetime in 1u64..2000, interval in 0u64..50) {
        let mut answer = answer();
        answer["expires_in"] = lifetime.into();
        answer["interval"] = interval.into();
        let (mut talk, mut next) = shown_with(setup(), &answer);
        let mut least = seconds(interval.clamp(1, lifetime));
        let end = NOW + seconds(lifetime);
        for event in events.iter().cycle().take(3000) {
            let (pause, asked) = talk.sleep(next);
            prop_assert!(pause >= least, "{pause:?} {least:?}");
            sent(asked);
            next = match event {
                Event::Pending => talk.answer(400, &pending()),
                Event::SlowDown => talk.answer(400, &json!({ "error": "slow_down" })),
                Event::Lost => talk.lose(),
                Event::Busy(after) => talk.hear(response(503, &[("retry-after", &after.to_string())], "")),
            };
            if matches!(event, Event::SlowDown) {
                least += seconds(5);
            }
            if next.is_err() {
                prop_assert!(talk.now >= end);
                prop_assert!(talk.now <= end + least);
                return Ok(());
            }
        }
        prop_assert!(false, "it never ended");
    }
}
