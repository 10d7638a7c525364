//! How an issuer's keys are found, and what is not believed on the way.

use gatepass_guard::Guard;
use serde_json::json;

use crate::support::{AUDIENCE, KEY, Mode, World, bearer, new_key, status};

const METADATA: &str = "/.well-known/oauth-authorization-server/tenant";

#[tokio::test]
async fn keys_are_found_by_the_issuers_name_and_fetched_once() {
    let world = World::new().await;
    let guard = world.guard();
    for number in 0..20 {
        let token = world.token(|claims| claims["jti"] = json!(number.to_string()));
        let identity = bearer(&guard, &token).await.expect("good");
        assert_eq!(identity.issuer.as_deref(), Some(&*world.issuer));
        assert_eq!(identity.subject, "us_ada");
    }
    assert_eq!((world.asked(METADATA), world.asked("/keys")), (1, 1));
    assert_eq!(world.asked_at_all(), 2);
}

#[tokio::test]
async fn a_burst_at_the_start_is_one_fetch() {
    let world = World::new().await;
    let guard = world.guard();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..50 {
        let token = world.token(|claims| claims["jti"] = json!(number.to_string()));
        let guard = guard.clone();
        tasks.spawn(async move { status(&guard, &token).await });
    }
    assert!(tasks.join_all().await.iter().all(|status| *status == 200));
    assert_eq!((world.asked(METADATA), world.asked("/keys")), (1, 1));
}

#[tokio::test]
async fn openid_metadata_will_do() {
    for place in [
        "/.well-known/openid-configuration/tenant",
        "/tenant/.well-known/openid-configuration",
    ] {
        let world = World::new().await;
        world.say(|says| {
            let metadata = says.documents.remove(METADATA).expect("there");
            says.documents.insert(place.to_owned(), metadata);
        });
        assert_eq!(
            status(&world.guard(), &world.token(|_| ())).await,
            200,
            "{place}"
        );
    }
}

#[tokio::test]
async fn metadata_of_somebody_else_are_not_believed() {
    for name in ["https://other.example", "", "TENANT"] {
        let world = World::new().await;
        world.say(|says| {
            let metadata = says.documents.get_mut(METADATA).expect("there");
            metadata["issuer"] = json!(name);
        });
        assert_eq!(
            status(&world.guard(), &world.token(|_| ())).await,
            503,
            "{name}"
        );
        assert_eq!(world.asked("/keys"), 0);
    }
}

#[tokio::test]
async fn without_keys_nobody_passes() {
    for keys in [json!(null), json!("nowhere"), json!("ftp://127.0.0.1/keys")] {
        let world = World::new().await;
        world.say(|says| {
            let metadata = says.documents.get_mut(METADATA).expect("there");
            metadata["jwks_uri"] = keys.clone();
        });
        assert_eq!(
            status(&world.guard(), &world.token(|_| ())).await,
            503,
            "{keys}"
        );
    }
}

#[tokio::test]
async fn a_place_for_keys_needs_no_metadata() {
    let world = World::new().await;
    let origin = world.issuer.trim_end_matches("/tenant");
    let keys = format!("{origin}/keys").parse().expect("a URL");
    let guard = world.builder(world.issuer().jwks_uri(keys)).build();
    assert_eq!(status(&guard, &world.token(|_| ())).await, 200);
    assert_eq!(world.asked_at_all(), 1);
}

#[tokio::test]
async fn nobody_is_asked_about_the_token_of_an_unknown_issuer() {
    let world = World::new().await;
    let guard = world.builder(world.introspected()).build();
    for iss in [
        json!("https://evil.example"),
        json!(format!("{}/", world.issuer)),
        json!(null),
        json!([world.issuer]),
    ] {
        let token = world.token(|claims| claims["iss"] = iss.clone());
        assert_eq!(status(&guard, &token).await, 401, "{iss}");
    }
    assert_eq!(world.asked_at_all(), 0);
}

#[tokio::test]
async fn each_of_several_issuers_signs_for_itself() {
    let (here, there) = (World::new().await, World::new().await);
    let other = new_key();
    there.say(|says| {
        drop(
            says.documents
                .insert("/keys".to_owned(), json!({ "keys": [other.jwk()] })),
        )
    });
    let guard = Guard::builder()
        .issuer(here.issuer())
        .issuer(there.issuer())
        .clock(here.hands.clone())
        .build();
    assert_eq!(status(&guard, &here.token(|_| ())).await, 200);
    let theirs = there.signed(&other, "at+jwt", |_| ());
    let identity = bearer(&guard, &theirs).await.expect("good");
    assert_eq!(identity.issuer.as_deref(), Some(&*there.issuer));
    // One in the name of the other.
    assert_eq!(status(&guard, &there.token(|_| ())).await, 401);
    let forged = here.signed(&other, "at+jwt", |_| ());
    assert_eq!(status(&guard, &forged).await, 401);
}

#[tokio::test]
async fn what_the_token_says_is_checked_every_time() {
    let world = World::new().await;
    let guard = world.guard();
    let token = world.token(|_| ());
    assert_eq!(status(&guard, &token).await, 200);
    world.hands.move_on(630);
    assert_eq!(
        status(&guard, &token).await,
        401,
        "expired, though remembered"
    );
    for (name, value) in [
        ("aud", json!("https://other.example")),
        ("aud", json!([])),
        ("exp", json!(world.issuer.len())),
        ("iat", json!(u32::MAX)),
    ] {
        let token = world.token(|claims| claims[name] = value.clone());
        assert_eq!(status(&guard, &token).await, 401, "{name} {value}");
    }
    let several = world.token(|claims| {
        claims["aud"] = json!(["https://other.example", AUDIENCE]);
        claims["exp"] = json!(crate::support::NOW + 6000);
    });
    assert_eq!(status(&guard, &several).await, 200);
}

#[tokio::test]
async fn algorithms_are_those_that_were_allowed() {
    let world = World::new().await;
    let token = world.token(|_| ());
    let guard = world
        .builder(world.issuer().algorithms(["PS256", "RS256"]))
        .build();
    assert_eq!(status(&guard, &token).await, 401);
    let guard = world.builder(world.issuer().algorithms(["ES256"])).build();
    assert_eq!(status(&guard, &token).await, 200);
    // `none`, and an empty signature under a good header.
    let (message, _) = token.rsplit_once('.').expect("three parts");
    let (_, payload) = message.split_once('.').expect("three parts");
    for forged in [
        format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{payload}."),
        format!("{message}."),
    ] {
        assert_eq!(status(&guard, &forged).await, 401, "{forged}");
    }
    assert_eq!(KEY.alg(), "ES256");
    world.mode(Mode::Down);
    assert_eq!(status(&guard, &token).await, 200);
}
