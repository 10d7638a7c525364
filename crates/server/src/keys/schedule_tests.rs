//! The life of keys, second by second.

use std::time::Duration;

use gatepass_proto::Timestamp;
use gatepass_proto::decide::record::SealedKey;
use proptest::prelude::*;

use super::schedule::{Line, Periods, State};

const START: Timestamp = Timestamp::from_secs(1_800_000_000);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A key of this number, made and used from so many seconds after the start on.
fn key(number: usize, created: u64, activates: u64) -> SealedKey {
    SealedKey {
        key_id: format!("key-{number:03}"),
        purpose: "sign".into(),
        alg: "ES256".into(),
        sealed: Vec::new(),
        created_at: START + seconds(created),
        activates_at: START + seconds(activates),
    }
}

fn periods(every: u64, publish_before: u64, keep: u64) -> Periods {
    Periods {
        every: seconds(every),
        publish_before: seconds(publish_before),
        keep: seconds(keep),
    }
}

fn states(keys: &[SealedKey], now: u64, keep: u64) -> Vec<State> {
    let line = Line::of(keys);
    let states = line.states(START + seconds(now), seconds(keep));
    states.map(|(_, state)| state).collect()
}

#[test]
fn a_key_is_published_signs_retires_and_goes() {
    let keys = [key(1, 0, 0), key(2, 50, 100)];
    let retired = State::Retired(START + seconds(100));
    for (now, first, second) in [
        (50, State::Signs, State::Published),
        (99, State::Signs, State::Published),
        (100, retired, State::Signs),
        (129, retired, State::Signs),
        (130, State::Over, State::Signs),
    ] {
        assert_eq!(states(&keys, now, 30), [first, second], "at {now}");
    }
}

/// As with clocks that differ, or the first key of a node whose clock is ahead.
#[test]
fn the_only_key_signs_before_its_time() {
    assert_eq!(states(&[key(1, 0, 100)], 0, 30), [State::Signs]);
    let both = [key(1, 0, 100), key(2, 0, 200)];
    assert_eq!(states(&both, 0, 30), [State::Signs, State::Published]);
    assert!(Line::of(&[]).signer(START).is_none());
}

#[test]
fn keys_of_the_same_moment_have_one_order_on_every_node() {
    let (a, b) = (key(1, 0, 0), key(2, 0, 0));
    let either = [[a.clone(), b.clone()], [b, a]];
    let signers = either.map(|keys| Line::of(&keys).signer(START).map(|key| key.key_id.clone()));
    assert_eq!(signers, [Some("key-002".into()), Some("key-002".into())]);
}

#[test]
fn a_key_is_due_in_time_to_be_published() {
    let due = |keys: &[SealedKey], now: u64, periods: &Periods| {
        let due = Line::of(keys).due(START + seconds(now), periods);
        due.map(|at| at.since(START).as_secs())
    };
    let usual = periods(100, 20, 30);
    assert_eq!(due(&[], 7, &usual), Some(7), "the first one");
    let one = [key(1, 0, 0)];
    assert_eq!(due(&one, 79, &usual), None);
    assert_eq!(due(&one, 80, &usual), Some(100));
    assert_eq!(due(&one, 5000, &usual), Some(5020), "after a long sleep");
    let both = [key(1, 0, 0), key(2, 80, 100)];
    assert_eq!(due(&both, 100, &usual), None, "one waits already");
    assert_eq!(due(&one, 5000, &periods(0, 20, 30)), None, "no rotation");
}

/// What a whole deployment does for a while: `lag` is how long a node may not see what another has made, `cache` how long a
/// verifier may remember what was published, `lifetime` how long what is signed is good.
#[derive(Clone, Copy, Debug)]
struct Deployment {
    periods: Periods,
    lag: u64,
    cache: u64,
    lifetime: u64,
    step: u64,
}

const LONG: u64 = 3_000;

fn deployments() -> impl Strategy<Value = Deployment> {
    let spans = (
        1..10u64,
        0..60u64,
        1..200u64,
        1..10u64,
        0..100u64,
        0..300u64,
    );
    spans.prop_map(|(lag, cache, lifetime, step, spare, more)| {
        // What the settings are held to: known for longer than anybody's memory, kept for longer than any token.
        let publish_before = cache + 2 * lag + step + spare;
        Deployment {
            periods: periods(
                publish_before + more,
                publish_before,
                lifetime + cache + lag,
            ),
            lag,
            cache,
            lifetime,
            step,
        }
    })
}

impl Deployment {
    /// The keys that come to be, by nodes that look every `step` and see what the others have made `lag` later.
    fn run(&self) -> Vec<SealedKey> {
        let mut keys = vec![key(0, 0, 0)];
        for now in (0..LONG).step_by(usize::try_from(self.step).expect("short")) {
            let seen = self.seen(&keys, now);
            let line = Line::of(&seen);
            let Some(due) = line.due(START + seconds(now), &self.periods) else {
                continue;
            };
            // Who does not see the newest key claims a place that is taken.
            if line.newest() == Line::of(&keys).newest() {
                keys.push(key(keys.len(), now, due.since(START).as_secs()));
            }
        }
        keys
    }

    /// What a node may know at `now` at the least.
    fn seen(&self, keys: &[SealedKey], now: u64) -> Vec<SealedKey> {
        let known = START + seconds(now.saturating_sub(self.lag));
        let seen = keys.iter().filter(|key| key.created_at <= known);
        seen.cloned().collect()
    }

    /// Which keys a node publishes at `now`.
    fn published(&self, keys: &[SealedKey], now: u64) -> Vec<String> {
        let seen = self.seen(keys, now);
        let line = Line::of(&seen);
        let states = line.states(START + seconds(now), self.periods.keep);
        let published = states.filter(|(_, state)| *state != State::Over);
        published.map(|(key, _)| key.key_id.clone()).collect()
    }
}

proptest! {
    /// Whenever something is signed, by a node that knows everything or by one that lags behind, and whenever it is checked
    /// while it is good, by keys that were fetched from a lagging node and remembered: the key is among them.
    #[test]
    fn whatever_is_signed_can_be_checked(
        deployment in deployments(),
        signed_at in 0..LONG,
        later in 0..1000u64,
        remembered in 0..1000u64,
        lags in any::<bool>(),
    ) {
        let keys = deployment.run();
        let checked_at = signed_at + later % deployment.lifetime;
        let fetched_at = checked_at.saturating_sub(remembered % (deployment.cache + 1));
        let known = match lags {
            true => deployment.seen(&keys, signed_at),
            false => keys.iter().filter(|key| key.created_at <= START + seconds(signed_at)).cloned().collect(),
        };
        let line = Line::of(&known);
        let signer = line.signer(START + seconds(signed_at)).expect("somebody signs");
        let published = deployment.published(&keys, fetched_at);
        prop_assert!(
            published.contains(&signer.key_id),
            "{} signed at {signed_at}; published at {fetched_at}: {published:?}", signer.key_id
        );
    }

    /// Exactly one key signs, those before it are retired, those after it wait; and nobody goes back in life.
    #[test]
    fn a_life_goes_forward(deployment in deployments(), moments in prop::collection::vec(0..LONG, 2..20)) {
        let keys = deployment.run();
        let mut moments = moments;
        moments.sort_unstable();
        let keep = deployment.periods.keep;
        let age = |state: &State| match state {
            State::Published => 0,
            State::Signs => 1,
            State::Retired(_) => 2,
            State::Over => 3,
        };
        let mut before = vec![0; keys.len()];
        for now in moments {
            let line = Line::of(&keys);
            let ages: Vec<_> = line.states(START + seconds(now), keep).map(|(_, state)| age(&state)).collect();
            prop_assert_eq!(ages.iter().filter(|age| **age == 1).count(), 1);
            prop_assert!(ages.is_sorted_by(|earlier, later| earlier >= later));
            prop_assert!(before.iter().zip(&ages).all(|(before, age)| before <= age));
            before = ages;
        }
    }

    /// Keys come as often as they should: none is skipped, and none waits behind another.
    #[test]
    fn keys_come_at_their_pace(deployment in deployments()) {
        let keys = deployment.run();
        let every = deployment.periods.every;
        for pair in keys.windows(2) {
            let [earlier, later] = pair else { unreachable!("windows of two") };
            let pause = later.activates_at.since(earlier.activates_at);
            prop_assert!(pause >= every, "{pause:?} is shorter than {every:?}");
            prop_assert!(pause <= every + seconds(deployment.step), "{pause:?}");
            prop_assert!(later.created_at + deployment.periods.publish_before <= later.activates_at);
        }
        let last = keys.last().expect("the first").activates_at;
        prop_assert!(last + every + seconds(deployment.step) >= START + seconds(LONG));
    }
}
