//! Signed request objects (RFC 9101), in the query and pushed.

use aws_lc_rs::hmac;
use gatepass_proto::jose::SigningKey;
use serde_json::{Value, json};

use crate::clients::{self, claims, key, named, signed};
use crate::forge::{compact, now, signing_input};
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{World, authorize};

const CLIENT: &str = "cl_signs";
const TYP: &str = "oauth-authz-req+jwt";

async fn world() -> (World, SigningKey, Pairs) {
    let world = World::dev().await;
    let key = world.keyed(CLIENT, |_| ()).await;
    let request = world.request().with("client_id", CLIENT);
    (world, key, request)
}

fn around(token: &str) -> Pairs {
    Pairs::of(&[("client_id", CLIENT), ("request", token)])
}

async fn allowed(world: &World, carried: &Pairs) -> Answer {
    let mut browser = world.logged_in().await;
    browser.decide(&authorize(carried), "allow").await
}

#[tokio::test]
async fn what_is_signed_counts_and_nothing_else() {
    let (world, key, request) = world().await;
    let token = signed(&world, &request.clone().with("scope", "read"), &key);
    let dressed = around(&token)
        .and("scope", "write")
        .and("state", "other")
        .and("redirect_uri", "https://evil.example")
        .and("response_type", "token");
    let back = allowed(&world, &dressed).await.location();
    assert_eq!(back.get("state"), Some("s1"));
    let code = back.get("code").expect("a code").to_owned();
    let answer = world.send(redemption(&world, &code)).await;
    assert_eq!(answer.good().text("scope"), "read");

    // Pushed, the same holds.
    let token = signed(&world, &request.with("scope", "read"), &key);
    let dressed = around(&token).and("scope", "write").and("state", "other");
    let back = allowed(&world, &world.pushed(&dressed).await).await;
    assert_eq!(back.location().get("state"), Some("s1"));
}

fn redemption(world: &World, code: &str) -> Call {
    let form = Pairs::of(&crate::world::redemption(code));
    Call::post("/oauth/token")
        .basic(CLIENT, &world.set().client_secret)
        .form(&form)
}

#[tokio::test]
async fn the_types_that_clients_send_are_taken() {
    let (world, key, request) = world().await;
    let mut browser = world.logged_in().await;
    for typ in [TYP, "application/oauth-authz-req+jwt", "JWT"] {
        let token = key.sign(typ, &claims(&world, &request)).expect("signed");
        let page = browser.get(&authorize(&around(&token))).await;
        assert_eq!(page.status, 200, "{typ} {page:?}");
    }
    let listed = with(&world, &request, "aud", json!(["https://x", world.issuer]));
    let token = key.sign(TYP, &listed).expect("signed");
    let page = browser.get(&authorize(&around(&token))).await;
    assert_eq!(page.status, 200, "{page:?}");
}

fn with(world: &World, request: &Pairs, name: &str, value: Value) -> Value {
    clients::with(claims(world, request), name, value)
}

/// Refused by page at the authorization endpoint, and to the client itself where it is pushed.
async fn refused(world: &World, token: &str) {
    let carried = around(token);
    let page = world.browser().get(&authorize(&carried)).await;
    page.error_page(400);
    assert!(page.body.contains("invalid_request_object"), "{page:?}");
    world
        .push(&carried)
        .await
        .refused(400, "invalid_request_object");
}

#[tokio::test]
async fn claims_that_are_wrong_are_refused() {
    let (world, key, request) = world().await;
    let now = now();
    for (name, value) in [
        ("iss", json!("cl_other")),
        ("iss", json!(null)),
        ("aud", json!("https://other.example")),
        ("aud", json!([])),
        ("aud", json!(null)),
        ("client_id", json!("cl_other")),
        ("client_id", json!(null)),
        ("client_id", json!([CLIENT])),
        ("exp", json!(null)),
        ("exp", json!((now + 300).to_string())),
        ("exp", json!(now - 60)),
        ("exp", json!(now + 7200)),
        ("nbf", json!(now + 120)),
        ("nbf", json!(now - 7200)),
        ("iat", json!(now + 120)),
        ("iat", json!("soon")),
        ("sub", json!(CLIENT)),
        ("request", json!("x")),
        ("request_uri", json!("https://app.example/r")),
        ("client_secret", json!("x")),
        ("client_assertion", json!("x")),
        ("redirect_uri", json!(["https://localhost"])),
        ("scope", json!({ "read": true })),
        ("resource", json!([["x"]])),
    ] {
        let claims = with(&world, &request, name, value);
        refused(&world, &key.sign(TYP, &claims).expect("signed")).await;
    }
    let mut many = claims(&world, &request);
    for n in 0..70 {
        many[format!("p{n}")] = "x".into();
    }
    refused(&world, &key.sign(TYP, &many).expect("signed")).await;
    for typ in ["at+jwt", "dpop+jwt", "logout+jwt"] {
        let token = key.sign(typ, &claims(&world, &request)).expect("signed");
        refused(&world, &token).await;
    }
}

#[tokio::test]
async fn signatures_of_nobody_are_refused() {
    let (world, own, request) = world().await;
    let claims = claims(&world, &request);
    let other = key("ES256");
    let under_own_name = key("ES256").with_kid(own.kid());
    let embedded = json!({ "alg": "ES256", "typ": TYP, "jwk": other.jwk() });
    let header = |alg: &str| json!({ "alg": alg, "typ": TYP, "kid": own.kid() });
    let good = own.sign(TYP, &claims).expect("signed");
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let swapped = signing_input(
        &header("ES256"),
        &with(&world, &request, "state", json!("x")),
    );
    let public = own.jwk().to_string();
    let mac = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes()),
        signing_input(&header("HS256"), &claims).as_bytes(),
    );
    let mut critical = header("ES256");
    critical["crit"] = json!(["x"]);
    let embedded = embedded.as_object().expect("an object").clone();
    for token in [
        other.sign(TYP, &claims).expect("signed"),
        under_own_name.sign(TYP, &claims).expect("signed"),
        other.sign_header(&embedded, TYP, &claims).expect("signed"),
        compact(&header("none"), &claims, b""),
        compact(&header("None"), &claims, b""),
        compact(&header("HS256"), &claims, mac.as_ref()),
        compact(&header("ES256"), &claims, &[0; 64]),
        compact(&critical, &claims, &[0; 64]),
        format!("{swapped}.{signature}"),
        format!("{message}."),
        message.to_owned(),
        format!("{good}.."),
        "x".to_owned(),
        "..".to_owned(),
        "a".repeat(15_000),
    ] {
        refused(&world, &token).await;
    }
    let carried = around(&good);
    assert_eq!(world.browser().get(&authorize(&carried)).await.status, 200);
}

#[tokio::test]
async fn the_registered_algorithm_is_the_only_one() {
    let world = World::dev().await;
    let keys = [key("ES256"), key("EdDSA")];
    let jwks = json!({ "keys": [keys[0].jwk(), keys[1].jwk()] });
    for (alg, good) in [("ES256", 0), ("EdDSA", 1)] {
        let id = format!("cl_{alg}");
        world
            .detailed(&id, |details| {
                details.jwks = Some(jwks.clone());
                details.request_object_signing_alg = Some(alg.to_owned());
            })
            .await;
        for (at, key) in keys.iter().enumerate() {
            let request = world.request().with("client_id", &id);
            let token = signed(&world, &request, key);
            let carried = Pairs::of(&[("client_id", &id), ("request", &token)]);
            let status = if at == good { 200 } else { 400 };
            let page = world.browser().get(&authorize(&carried)).await;
            assert_eq!(page.status, status, "{alg} {at}");
        }
    }
    // `none` can be registered nowhere; if it were, it would admit nothing.
    world
        .detailed(CLIENT, |details| {
            details.jwks = Some(jwks);
            details.request_object_signing_alg = Some("none".to_owned());
        })
        .await;
    let request = world.request().with("client_id", CLIENT);
    let claims = claims(&world, &request);
    refused(
        &world,
        &compact(&json!({ "alg": "none", "typ": TYP }), &claims, b""),
    )
    .await;
    refused(&world, &keys[0].sign(TYP, &claims).expect("signed")).await;
}

#[tokio::test]
async fn a_client_without_keys_has_signed_nothing() {
    let world = World::dev().await;
    world.client(CLIENT, |_| ()).await;
    let request = world.request().with("client_id", CLIENT);
    refused(&world, &signed(&world, &request, &key("ES256"))).await;
}

#[tokio::test]
async fn what_is_outside_must_agree() {
    let (world, key, request) = world().await;
    let token = signed(&world, &request, &key);
    let mut browser = world.browser();
    for wrong in [
        around(&token).without("client_id"),
        around(&token).with("client_id", "cl_nobody"),
        around(&token).with("client_id", &world.set().client_id),
        around(&token).and("request_uri", "urn:ietf:params:oauth:request_uri:x"),
        around(&token).and("request_uri", "https://app.example/r"),
    ] {
        browser.get(&authorize(&wrong)).await.error_page(400);
    }
    let by_reference = named(CLIENT, "https://app.example/request.jwt");
    let page = browser.get(&authorize(&by_reference)).await;
    page.error_page(400);
    assert!(page.body.contains("invalid_request_uri"), "{page:?}");
}

#[tokio::test]
async fn a_client_may_be_held_to_it() {
    let world = World::dev().await;
    let key = world
        .keyed(CLIENT, |details| {
            details.require_signed_request_object = true
        })
        .await;
    let request = world.request().with("client_id", CLIENT);
    let answer = world.browser().get(&authorize(&request)).await;
    assert_eq!(answer.location().get("error"), Some("invalid_request"));
    world.push(&request).await.refused(400, "invalid_request");
    let carried = around(&signed(&world, &request, &key));
    let page = world.browser().get(&authorize(&carried)).await;
    assert_eq!(page.status, 200, "{page:?}");
    let named = world.pushed(&carried).await;
    let page = world.browser().get(&authorize(&named)).await;
    assert_eq!(page.status, 200, "{page:?}");
}

#[tokio::test]
async fn the_metadata_names_the_algorithms() {
    let world = World::dev().await;
    let metadata = Call::get("/.well-known/openid-configuration");
    let said = world.send(metadata).await.json();
    let named = said["request_object_signing_alg_values_supported"]
        .as_array()
        .expect("a list");
    assert!(named.contains(&json!("ES256")) && !named.contains(&json!("none")));
    assert_eq!(said["request_parameter_supported"], true);
}
