//! Codes at the token endpoint: bound to client, redirect URI and verifier, good once, for a while.

use std::time::Duration;

use gatepass_proto::Scope;
use gatepass_server::NewClient;

use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{CALLBACK, Tokens, VERIFIER, World, redemption};

async fn public(world: &World, code: &str, changes: &[(&str, &str)]) -> Answer {
    let form = Pairs::of(&redemption(code))
        .and("client_id", &world.set().public_client_id)
        .and("code_verifier", VERIFIER)
        .with_all(changes);
    world.send(Call::post("/oauth/token").form(&form)).await
}

#[tokio::test]
async fn what_is_wrong_spends_nothing() {
    let world = World::dev().await;
    let code = world.code(&world.request()).await;
    let other = redemption("gp_ac_unknown");
    for (pairs, error) in [
        (
            vec![("grant_type", "authorization_code")],
            "invalid_request",
        ),
        (vec![other[0], ("code", ""), other[2]], "invalid_request"),
        (other.to_vec(), "invalid_grant"),
        (redemption(&code)[..2].to_vec(), "invalid_grant"),
    ] {
        world.token(&pairs).await.refused(400, error);
    }
    for uri in [
        "http://localhost:8000/callback/",
        "http://localhost:8000/CALLBACK",
        "http://localhost:8001/callback",
        "http://127.0.0.1:8000/callback",
        "https://localhost",
    ] {
        let pairs = [("redirect_uri", uri)];
        let form = Pairs::of(&redemption(&code)).with_all(&pairs);
        let set = world.set();
        let call = Call::post("/oauth/token").basic(&set.client_id, &set.client_secret);
        world
            .send(call.form(&form))
            .await
            .refused(400, "invalid_grant");
    }
    let tokens = Tokens::of(&world.redeem(&code).await);
    world.lives(&tokens.access).await;
    Tokens::of(&world.refresh(&tokens.refresh).await);
}

#[tokio::test]
async fn the_verifier_answers_the_challenge() {
    let world = World::dev().await;
    let code = world.code(&world.public_request()).await;
    for wrong in [
        "",
        "short",
        &"a".repeat(43),
        &"a".repeat(129),
        &"+".repeat(43),
    ] {
        public(&world, &code, &[("code_verifier", wrong)])
            .await
            .refused(400, "invalid_grant");
    }
    // What was the challenge is no verifier: that would be `plain`.
    public(&world, &code, &[("code_verifier", crate::world::CHALLENGE)])
        .await
        .refused(400, "invalid_grant");
    let tokens = Tokens::of(&public(&world, &code, &[]).await);
    world.lives(&tokens.access).await;
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_refused() {
    let world = World::dev().await;
    let code = world.code(&world.request()).await;
    let pairs = [&redemption(&code)[..], &[("code_verifier", VERIFIER)]].concat();
    world.token(&pairs).await.refused(400, "invalid_grant");
    world.redeem(&code).await.good();
}

#[tokio::test]
async fn another_clients_code_is_refused_and_stays_good() {
    let world = World::dev().await;
    let code = world.code(&world.public_request()).await;
    let pairs = [&redemption(&code)[..], &[("code_verifier", VERIFIER)]].concat();
    world.token(&pairs).await.refused(400, "invalid_grant");
    let tokens = Tokens::of(&public(&world, &code, &[]).await);
    // And now that it is spent, the other client's replay harms nobody.
    world.token(&pairs).await.refused(400, "invalid_grant");
    world.lives(&tokens.access).await;
}

#[tokio::test]
async fn a_code_that_comes_twice_kills_its_grant() {
    let world = World::dev().await;
    let code = world.code(&world.request()).await;
    let tokens = Tokens::of(&world.redeem(&code).await);
    let bystander = world.tokens().await;
    world.lives(&tokens.access).await;
    world.redeem(&code).await.refused(400, "invalid_grant");
    world.is_dead(&tokens.access).await;
    assert!(!world.is_active(&tokens.refresh).await);
    world
        .refresh(&tokens.refresh)
        .await
        .refused(400, "invalid_grant");
    world.redeem(&code).await.refused(400, "invalid_grant");
    world.lives(&bystander.access).await;
}

#[tokio::test]
async fn whoever_only_found_a_spent_code_revokes_nothing() {
    let world = World::dev().await;
    let code = world.code(&world.public_request()).await;
    let tokens = Tokens::of(&public(&world, &code, &[]).await);
    for changes in [
        ("code_verifier", "x"),
        ("redirect_uri", "https://localhost"),
    ] {
        public(&world, &code, &[changes])
            .await
            .refused(400, "invalid_grant");
    }
    world.lives(&tokens.access).await;
}

#[tokio::test]
async fn a_code_expires() {
    let world = World::dev_with(|config| config.lifetimes.code = Duration::from_millis(300)).await;
    let code = world.code(&world.request()).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let answer = world.redeem(&code).await;
    answer.refused(400, "invalid_grant");
    assert!(answer.text("error_description").contains("expired"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_at_once_one_redeems() {
    let world = World::dev().await;
    let code = world.code(&world.request()).await;
    let call = world.token_call(&redemption(&code));
    let address = world.address;
    let racers: Vec<_> = (0..24)
        .map(|_| {
            let call = call.clone();
            tokio::spawn(async move { call.send(address).await })
        })
        .collect();
    let mut won = 0;
    for racer in racers {
        let answer = racer.await.expect("no panic");
        if answer.status == 200 {
            Tokens::of(&answer);
            won += 1;
        } else {
            answer.refused(400, "invalid_grant");
        }
    }
    assert_eq!(won, 1);
}

/// RFC 6749 §4.1.3: a redirect URI that was not in the first request need not be in the second.
#[tokio::test]
async fn a_client_with_one_redirect_uri_need_not_name_it() {
    let world = World::dev().await;
    let scope: Scope = "read".parse().expect("a scope");
    let new = NewClient {
        client_id: None,
        client_name: "one".to_owned(),
        public: false,
        redirect_uris: vec![CALLBACK.to_owned()],
        grant_types: vec!["authorization_code".to_owned()],
        scope: scope.clone(),
        default_scope: scope,
        resources: Vec::new(),
        require_pkce: false,
        json_body: false,
        auth_method: None,
        details: Default::default(),
    };
    let (client, secret) = world.admin().await.add_client(new).await.expect("a client");
    let secret = secret.expect("a secret");
    let request = world
        .request()
        .without("redirect_uri")
        .with("client_id", client.client_id.as_str());
    let code = world.code(&request).await;
    let ask = |pairs: &[(&str, &str)]| {
        let call = Call::post("/oauth/token").basic(client.client_id.as_str(), secret.expose());
        call.form(&Pairs::of(pairs))
    };
    world.send(ask(&redemption(&code)[..2])).await.good();
}

/// RFC 8707 §2.2: the token request may name some of the resources consented to, and no others.
#[tokio::test]
async fn a_token_is_for_resources_that_were_consented_to() {
    let world = World::dev().await;
    let code = world.code(&world.request()).await;
    let with = |resource: &str| {
        let form = Pairs::of(&redemption(&code)).and("resource", resource);
        let set = world.set();
        let call = Call::post("/oauth/token").basic(&set.client_id, &set.client_secret);
        call.form(&form)
    };
    world
        .send(with("https://other.example"))
        .await
        .refused(400, "invalid_target");
    let api = format!("{}/api", world.issuer);
    world
        .lives(&Tokens::of(&world.send(with(&api)).await).access)
        .await;
}
