//! Introspection answers as signed JWTs (RFC 9701).

use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::jose::VerifiedJws;
use serde_json::{Value, json};

use crate::forge::now;
use crate::id_tokens::part;
use crate::registered::{Registered, Registration};
use crate::wire::{Answer, Call};
use crate::world::World;

const SIGNED: &str = "application/token-introspection+jwt";

async fn resource(world: &World, alg: Option<&str>) -> Registered {
    let details = ClientDetails {
        introspection_signed_response_alg: alg.map(str::to_owned),
        ..ClientDetails::default()
    };
    let registration = Registration::new(&["client_credentials"], details);
    world.register(registration).await
}

async fn ask(world: &World, client: &Registered, token: &str, accept: &str) -> Answer {
    let call = client.call("/oauth/introspect", &[("token", token)]);
    world.send(call.header("Accept", accept)).await
}

async fn checked(world: &World, client: &Registered, answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.is_private();
    assert_eq!(answer.header("content-type"), Some(SIGNED));
    let jws = VerifiedJws::check(&answer.body, &world.keys().await).expect("its signature is good");
    let typ = part(&answer.body, 0).get("typ").cloned();
    assert_eq!(typ, Some(json!("token-introspection+jwt")));
    let claims: Value = serde_json::from_slice(&jws.payload).expect("JSON");
    for (name, value) in [
        ("iss", Some(json!(world.issuer))),
        ("aud", Some(json!(client.client_id))),
        // RFC 9701 §5: or somebody would take it for a token.
        ("sub", None),
        ("exp", None),
    ] {
        assert_eq!(claims.get(name), value.as_ref(), "{name}");
    }
    let iat = claims.get("iat").and_then(Value::as_u64);
    assert!(iat.is_some_and(|iat| iat <= now()));
    let said = claims.get("token_introspection");
    said.expect("what is said").clone()
}

#[tokio::test]
async fn who_asks_for_it_gets_the_answer_signed() {
    let world = World::dev().await;
    let tokens = world.tokens().await;
    for (alg, used) in [
        (None, "RS256"),
        (Some("RS256"), "RS256"),
        (Some("ES256"), "ES256"),
    ] {
        let client = resource(&world, alg).await;
        for accept in [
            SIGNED,
            "application/json;q=0.5, Application/Token-Introspection+JWT; q=1",
        ] {
            let answer = ask(&world, &client, &tokens.access, accept).await;
            let said = checked(&world, &client, &answer).await;
            assert_eq!(part(&answer.body, 0)["alg"], used);
            assert_eq!(said, world.introspect(&tokens.access).await);
            let answer = ask(&world, &client, "nonsense", accept).await;
            let said = checked(&world, &client, &answer).await;
            assert_eq!(said, json!({ "active": false }));
        }
    }
}

#[tokio::test]
async fn everybody_else_gets_json() {
    let world = World::dev().await;
    let token = world.tokens().await.access;
    let client = resource(&world, Some("ES256")).await;
    for accept in ["application/json", "*/*", "", "application/jwt"] {
        let answer = ask(&world, &client, &token, accept).await;
        assert_eq!(answer.good().json()["active"], true);
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    // A refusal is JSON in any case (RFC 6749 §5.2).
    let wrong = Registered {
        secret: "wrong".to_owned(),
        ..client
    };
    let answer = ask(&world, &wrong, &token, SIGNED).await;
    answer.refused(401, "invalid_client");
}

/// It tells of a token, and is none.
#[tokio::test]
async fn a_signed_answer_is_no_token() {
    let world = World::dev().await;
    let token = world.tokens().await.access;
    let client = resource(&world, Some("ES256")).await;
    let answer = ask(&world, &client, &token, SIGNED).await;
    checked(&world, &client, &answer).await;
    world.is_dead(&answer.body).await;
}

#[tokio::test]
async fn it_is_published_and_can_be_registered() {
    let world = World::dev().await;
    let document = Call::get("/.well-known/openid-configuration");
    let document = world.send(document).await.json();
    let algorithms = &document["introspection_signing_alg_values_supported"];
    assert_eq!(
        algorithms,
        &document["id_token_signing_alg_values_supported"]
    );
    for (alg, status) in [("ES256", 201), ("none", 400), ("HS256", 400)] {
        let metadata = json!({
            "redirect_uris": ["https://app.example/cb"], "introspection_signed_response_alg": alg,
        });
        let call = Call::post("/oauth/register").json(&metadata.to_string());
        let made = world.send(call).await;
        assert_eq!(made.status, status, "{made:?}");
    }
}
