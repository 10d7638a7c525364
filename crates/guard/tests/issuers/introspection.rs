//! Tokens of which the issuer has to be asked (RFC 7662).

use std::sync::Arc;
use std::time::Duration;

use gatepass_guard::{Introspection, Issuer};
use gatepass_proto::client_auth::ClientCredentials;
use gatepass_proto::{ClientId, Secret};
use serde_json::{Value, json};

use crate::support::{KEY, Mode, World, bearer, impatient, introspection, status};

const ASKED: &str = "/introspect";

#[tokio::test]
async fn the_issuer_says_whose_an_opaque_token_is() {
    let world = World::new().await;
    world.knows("secret-1", |answer| {
        answer["acr"] = json!("phr");
        answer["auth_time"] = json!(crate::support::NOW - 5);
        answer["act"] = json!({ "sub": "robot" });
    });
    let guard = world.builder(world.introspected()).build();
    let identity = bearer(&guard, "secret-1").await.expect("good");
    assert_eq!(identity.subject, "us_ada");
    assert_eq!(identity.client_id, Some(ClientId::new("cl_1")));
    assert_eq!(identity.issuer.as_deref(), Some(&*world.issuer));
    assert_eq!(identity.acr.as_deref(), Some("phr"));
    assert_eq!(identity.auth_time, Some(crate::support::NOW - 5));
    assert_eq!(identity.act, Some(json!({ "sub": "robot" })));
    let says = world.says.lock().expect("unpoisoned");
    let (authorization, form) = says.questions.first().expect("a question");
    assert!(
        authorization
            .as_deref()
            .is_some_and(|own| own.starts_with("Basic "))
    );
    assert_eq!(form, "token=secret-1");
}

#[tokio::test]
async fn the_service_shows_itself_as_the_issuer_wants() {
    let secret = || ClientCredentials::confidential("api", Secret::new("x".repeat(40)));
    let key = ClientCredentials {
        key: Some(Arc::clone(&KEY)),
        ..ClientCredentials::public("api")
    };
    for (client, method, part) in [
        (secret(), "client_secret_post", "client_secret=xxx"),
        (key, "private_key_jwt", "client_assertion=ey"),
    ] {
        let world = World::new().await;
        world.say(|says| {
            for metadata in says.documents.values_mut() {
                metadata["introspection_endpoint_auth_methods_supported"] = json!([method]);
            }
        });
        world.knows("secret-1", |_| ());
        let issuer = world.issuer().introspection(Introspection::new(client));
        assert_eq!(
            status(&world.builder(issuer).build(), "secret-1").await,
            200,
            "{method}"
        );
        let says = world.says.lock().expect("unpoisoned");
        let (authorization, form) = says.questions.first().expect("a question");
        assert!(authorization.is_none() && form.contains(part), "{form}");
    }
}

/// What the issuer says is judged as a JWT would be.
#[tokio::test]
async fn an_answer_is_not_enough() {
    type Change = fn(&mut Value);
    let cases: [(&str, Change, u16); 14] = [
        ("inactive", |answer| answer["active"] = json!(false), 401),
        (
            "audience",
            |answer| answer["aud"] = json!("https://other.example"),
            401,
        ),
        (
            "no audience",
            |answer| drop(answer.as_object_mut().expect("an object").remove("aud")),
            401,
        ),
        (
            "several",
            |answer| answer["aud"] = json!(["x", "https://api.example"]),
            200,
        ),
        (
            "issuer",
            |answer| answer["iss"] = json!("https://other.example"),
            401,
        ),
        (
            "no issuer",
            |answer| drop(answer.as_object_mut().expect("an object").remove("iss")),
            200,
        ),
        (
            "expired",
            |answer| answer["exp"] = json!(crate::support::NOW - 60),
            401,
        ),
        (
            "not yet",
            |answer| answer["nbf"] = json!(crate::support::NOW + 60),
            401,
        ),
        ("scope", |answer| answer["scope"] = json!("write"), 403),
        (
            "nobody",
            |answer| {
                let answer = answer.as_object_mut().expect("an object");
                answer.remove("sub");
                answer.remove("client_id");
            },
            401,
        ),
        (
            "bound",
            |answer| answer["cnf"] = json!({ "jkt": "AAAA" }),
            401,
        ),
        (
            "bound otherwise",
            |answer| answer["cnf"] = json!({ "other": "AAAA" }),
            401,
        ),
        ("bound somehow", |answer| answer["cnf"] = json!("AAAA"), 401),
        (
            "bound to what",
            |answer| answer["token_type"] = json!("DPoP"),
            401,
        ),
    ];
    for (name, change, expected) in cases {
        let world = World::new().await;
        world.knows("secret-1", change);
        let guard = world.builder(world.introspected()).build();
        assert_eq!(status(&guard, "secret-1").await, expected, "{name}");
    }
}

#[tokio::test]
async fn the_audience_may_be_implied() {
    let world = World::new().await;
    let issuer = world
        .issuer()
        .introspection(introspection().audience_implied());
    let guard = world.builder(issuer).build();
    world.knows("without", |answer| {
        drop(answer.as_object_mut().expect("an object").remove("aud"))
    });
    assert_eq!(status(&guard, "without").await, 200);
    world.knows("other", |answer| {
        answer["aud"] = json!("https://other.example")
    });
    assert_eq!(status(&guard, "other").await, 401, "what is said counts");
}

#[tokio::test]
async fn an_answer_is_believed_for_ten_seconds() {
    let world = World::new().await;
    let guard = world.builder(world.introspected()).build();
    world.knows("secret-1", |_| ());
    for _ in 0..10 {
        assert_eq!(status(&guard, "secret-1").await, 200);
    }
    assert_eq!(world.asked(ASKED), 1);
    world.say(|says| says.tokens.clear());
    world.hands.move_on(9);
    assert_eq!(
        status(&guard, "secret-1").await,
        200,
        "withdrawn, and not seen yet"
    );
    world.hands.move_on(1);
    assert_eq!(status(&guard, "secret-1").await, 401, "seen");
    assert_eq!(world.asked(ASKED), 2);
    // That it is not good is believed for a shorter time.
    world.knows("secret-1", |_| ());
    world.hands.move_on(4);
    assert_eq!(status(&guard, "secret-1").await, 401);
    world.hands.move_on(1);
    assert_eq!(status(&guard, "secret-1").await, 200);
}

#[tokio::test]
async fn no_answer_outlives_its_token() {
    let world = World::new().await;
    let issuer = world
        .issuer()
        .introspection(introspection().cache(Duration::from_secs(3600)));
    let guard = world.builder(issuer.leeway(Duration::ZERO)).build();
    world.knows("secret-1", |answer| {
        answer["exp"] = json!(crate::support::NOW + 20)
    });
    assert_eq!(status(&guard, "secret-1").await, 200);
    world.hands.move_on(20);
    assert_eq!(status(&guard, "secret-1").await, 401);
}

#[tokio::test]
async fn without_a_cache_the_issuer_is_asked_every_time() {
    let world = World::new().await;
    let issuer = world
        .issuer()
        .introspection(introspection().cache(Duration::ZERO));
    let guard = world.builder(issuer).build();
    world.knows("secret-1", |answer| {
        drop(answer.as_object_mut().expect("an object").remove("exp"))
    });
    for _ in 0..3 {
        assert_eq!(status(&guard, "secret-1").await, 200);
    }
    assert_eq!(world.asked(ASKED), 3);
    world.say(|says| says.tokens.clear());
    assert_eq!(status(&guard, "secret-1").await, 401, "at once");
}

#[tokio::test]
async fn a_burst_is_one_question() {
    let world = World::new().await;
    let guard = world.builder(world.introspected()).build();
    world.knows("secret-1", |_| ());
    for (token, expected) in [("secret-1", 200), ("unknown", 401)] {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let guard = guard.clone();
            tasks.spawn(async move { status(&guard, token).await });
        }
        let all = tasks.join_all().await;
        assert!(
            all.iter().all(|status| *status == expected),
            "{token}: {all:?}"
        );
    }
    assert_eq!(world.asked(ASKED), 2);
}

#[tokio::test]
async fn while_the_issuer_cannot_answer_only_what_is_believed_passes() {
    for mode in [Mode::Down, Mode::Silent, Mode::Endless] {
        let world = World::new().await;
        let guard = world
            .builder(world.introspected().transport(impatient()))
            .build();
        world.knows("secret-1", |_| ());
        world.knows("secret-2", |_| ());
        assert_eq!(status(&guard, "secret-1").await, 200);
        world.mode(mode);
        assert_eq!(status(&guard, "secret-1").await, 200, "{mode:?}");
        for _ in 0..20 {
            assert_eq!(status(&guard, "secret-2").await, 503, "{mode:?}");
        }
        assert_eq!(world.asked(ASKED), 2, "it is left alone for a while");
        world.hands.move_on(10);
        assert_eq!(status(&guard, "secret-1").await, 503, "{mode:?}");
        world.mode(Mode::Well);
        world.hands.move_on(2);
        assert_eq!(status(&guard, "secret-2").await, 200, "{mode:?}");
    }
}

#[tokio::test]
async fn a_refused_service_lets_nobody_in() {
    let world = World::new().await;
    let place = format!("{}/elsewhere", world.issuer)
        .parse()
        .expect("a URL");
    let issuer = world
        .issuer()
        .introspection(introspection().endpoint(place));
    assert_eq!(
        status(&world.builder(issuer).build(), "secret-1").await,
        503
    );
    assert_eq!(world.asked(ASKED), 0);
}

#[tokio::test]
async fn jwts_are_asked_about_where_that_is_wished() {
    let world = World::new().await;
    let token = world.token(|_| ());
    let by_signature = world.builder(world.introspected()).build();
    assert_eq!(status(&by_signature, &token).await, 200);
    assert_eq!(world.asked(ASKED), 0);
    let issuer: Issuer = world.issuer().introspection(introspection().all_tokens());
    let by_question = world.builder(issuer).build();
    assert_eq!(
        status(&by_question, &token).await,
        401,
        "the issuer does not know it"
    );
    world.knows(&token, |_| ());
    world.hands.move_on(5);
    assert_eq!(status(&by_question, &token).await, 200);
    assert_eq!(world.asked("/keys"), 1, "no signature is checked then");
}

#[tokio::test]
async fn without_introspection_an_opaque_token_is_nothing() {
    let world = World::new().await;
    world.knows("secret-1", |_| ());
    assert_eq!(status(&world.guard(), "secret-1").await, 401);
    assert_eq!(world.asked_at_all(), 0);
}
