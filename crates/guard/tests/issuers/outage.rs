//! An issuer that is down, slow or without measure; and floods of keys that nobody has.

use serde_json::json;

use crate::support::{Mode, World, impatient, new_key, status};

const DAY: u64 = 24 * 60 * 60;

/// A token that is good for days.
fn lasting(world: &World, jti: &str) -> String {
    world.token(|claims| {
        claims["jti"] = json!(jti);
        claims["exp"] = json!(crate::support::NOW + 30 * DAY);
    })
}

#[tokio::test]
async fn without_any_key_nobody_passes() {
    for mode in [Mode::Down, Mode::Silent, Mode::Endless] {
        let world = World::new().await;
        world.mode(mode);
        let guard = world.builder(world.issuer().transport(impatient())).build();
        let token = world.token(|_| ());
        assert_eq!(status(&guard, &token).await, 503, "{mode:?}");
        let asked = world.asked_at_all();
        for _ in 0..20 {
            assert_eq!(status(&guard, &token).await, 503, "{mode:?}");
        }
        assert_eq!(world.asked_at_all(), asked, "it is left alone for a while");
        world.mode(Mode::Well);
        world.hands.move_on(31);
        assert_eq!(status(&guard, &token).await, 200, "{mode:?}");
    }
}

#[tokio::test]
async fn a_fetch_that_fails_leaves_the_keys_that_are_known() {
    for mode in [Mode::Down, Mode::Silent, Mode::Endless] {
        let world = World::new().await;
        let guard = world.builder(world.issuer().transport(impatient())).build();
        let key = new_key();
        let token = world.signed(&key, "at+jwt", |_| ());
        assert_eq!(
            status(&guard, &token).await,
            401,
            "metadata and keys are known"
        );
        world.mode(mode);
        world.hands.move_on(31);
        assert_eq!(status(&guard, &token).await, 401, "{mode:?}");
        assert_eq!(status(&guard, &world.token(|_| ())).await, 200, "{mode:?}");
    }
}

#[tokio::test]
async fn known_keys_serve_on_for_a_day() {
    let world = World::new().await;
    let guard = world.guard();
    assert_eq!(status(&guard, &lasting(&world, "first")).await, 200);
    world.pull_the_plug();
    for hours in 0..24 {
        let token = lasting(&world, &hours.to_string());
        assert_eq!(status(&guard, &token).await, 200, "after {hours} hours");
        world.hands.move_on(60 * 60);
    }
    world.hands.move_on(2 * 60 * 60);
    assert_eq!(
        status(&guard, &lasting(&world, "last")).await,
        503,
        "closed"
    );
}

#[tokio::test]
async fn a_flood_of_unknown_keys_costs_the_issuer_one_fetch() {
    let world = World::new().await;
    let guard = world.guard();
    assert_eq!(status(&guard, &world.token(|_| ())).await, 200);
    let flood = async || {
        for number in 0..30 {
            let key = new_key().with_kid(format!("invented {number}"));
            let token = world.signed(&key, "at+jwt", |_| ());
            assert_eq!(status(&guard, &token).await, 401);
        }
    };
    flood().await;
    assert_eq!(world.asked("/keys"), 1, "it has just been asked");
    world.hands.move_on(31);
    flood().await;
    assert_eq!(world.asked("/keys"), 2);
    world.mode(Mode::Down);
    world.hands.move_on(31);
    flood().await;
    assert_eq!(world.asked("/keys"), 3);
    let token = world.token(|claims| claims["jti"] = json!("another"));
    assert_eq!(
        status(&guard, &token).await,
        200,
        "the good are not disturbed"
    );
}

#[tokio::test]
async fn a_new_key_is_found_when_it_is_used() {
    let world = World::new().await;
    let guard = world.guard();
    assert_eq!(status(&guard, &world.token(|_| ())).await, 200);
    let key = new_key();
    world.say(|says| {
        drop(
            says.documents
                .insert("/keys".to_owned(), json!({ "keys": [key.jwk()] })),
        )
    });
    let token = world.signed(&key, "at+jwt", |_| ());
    world.hands.move_on(31);
    assert_eq!(status(&guard, &token).await, 200);
}

/// What is remembered of a checked token ends after a minute, so a key that was withdrawn is seen then.
#[tokio::test]
async fn a_withdrawn_key_is_believed_for_a_minute_at_most() {
    let world = World::new().await;
    let guard = world.guard();
    let token = world.token(|_| ());
    assert_eq!(status(&guard, &token).await, 200);
    let key = new_key();
    world.say(|says| {
        drop(
            says.documents
                .insert("/keys".to_owned(), json!({ "keys": [key.jwk()] })),
        )
    });
    world.hands.move_on(31);
    // Somebody uses the new one, so the old ones are gone from here.
    assert_eq!(
        status(&guard, &world.signed(&key, "at+jwt", |_| ())).await,
        200
    );
    world.hands.move_on(28);
    assert_eq!(status(&guard, &token).await, 200);
    world.hands.move_on(1);
    assert_eq!(status(&guard, &token).await, 401);
}
