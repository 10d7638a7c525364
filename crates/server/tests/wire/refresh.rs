//! Refresh families: rotation, grace, replay.

use std::time::Duration;

use crate::pairs::Pairs;
use crate::wire::Call;
use crate::world::{Tokens, World};

#[tokio::test]
async fn a_chain_rotates_and_every_link_is_new() {
    let world = World::dev().await;
    let mut tokens = world.tokens().await;
    for _ in 0..4 {
        let next = Tokens::of(&world.refresh(&tokens.refresh).await);
        assert_ne!(next.refresh, tokens.refresh);
        assert_ne!(next.access, tokens.access);
        tokens = next;
    }
    world.lives(&tokens.access).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_get_the_same_successor() {
    let world = World::dev().await;
    let first = world.tokens().await;
    let call = world.token_call(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", &first.refresh),
    ]);
    let address = world.address;
    let racers: Vec<_> = (0..24)
        .map(|_| {
            let call = call.clone();
            tokio::spawn(async move { call.send(address).await })
        })
        .collect();
    let mut successors = Vec::new();
    for racer in racers {
        successors.push(Tokens::of(&racer.await.expect("no panic")).refresh);
    }
    successors.dedup();
    assert_eq!(successors.len(), 1);
    let next = Tokens::of(&world.refresh(&successors[0]).await);
    world.lives(&next.access).await;
}

#[tokio::test]
async fn an_older_token_kills_the_family() {
    let world = World::dev().await;
    let first = world.tokens().await;
    let second = Tokens::of(&world.refresh(&first.refresh).await);
    let third = Tokens::of(&world.refresh(&second.refresh).await);
    let bystander = world.tokens().await;
    world.lives(&third.access).await;
    world
        .refresh(&first.refresh)
        .await
        .refused(400, "invalid_grant");
    for tokens in [&first, &second, &third] {
        world.is_dead(&tokens.access).await;
        world
            .refresh(&tokens.refresh)
            .await
            .refused(400, "invalid_grant");
    }
    world.lives(&bystander.access).await;
    Tokens::of(&world.refresh(&bystander.refresh).await);
}

#[tokio::test]
async fn after_the_grace_a_repeat_kills_the_family() {
    let grace = Duration::from_millis(500);
    let world = World::dev_with(|config| config.lifetimes.refresh_grace = grace).await;
    let first = world.tokens().await;
    let second = Tokens::of(&world.refresh(&first.refresh).await);
    tokio::time::sleep(grace * 2).await;
    world
        .refresh(&first.refresh)
        .await
        .refused(400, "invalid_grant");
    world.is_dead(&second.access).await;
}

#[tokio::test]
async fn what_is_wrong_moves_nothing() {
    let world = World::dev().await;
    let tokens = world.tokens().await;
    let set = world.set();
    for (token, error) in [
        ("", "invalid_request"),
        ("x", "invalid_grant"),
        ("gp_rt_", "invalid_grant"),
        (&tokens.access, "invalid_grant"),
        (&tokens.refresh[..tokens.refresh.len() - 1], "invalid_grant"),
        (&tokens.refresh.to_lowercase(), "invalid_grant"),
        (&format!("{}A", tokens.refresh), "invalid_grant"),
        (&"x".repeat(2000), "invalid_grant"),
    ] {
        world.refresh(token).await.refused(400, error);
    }
    // Another client, who may refresh too.
    let form = Pairs::of(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", &tokens.refresh),
        ("client_id", &set.public_client_id),
    ]);
    world
        .send(Call::post("/oauth/token").form(&form))
        .await
        .refused(400, "invalid_grant");
    let with = |pair| {
        [
            ("grant_type", "refresh_token"),
            ("refresh_token", tokens.refresh.as_str()),
            pair,
        ]
    };
    for (pair, error) in [
        (("scope", "read write"), "invalid_scope"),
        (("scope", "\""), "invalid_scope"),
        (("resource", "https://other.example"), "invalid_target"),
    ] {
        world.token(&with(pair)).await.refused(400, error);
    }
    // Had the head moved, this would be a replay after two of these.
    let next = Tokens::of(&world.refresh(&tokens.refresh).await);
    let next = Tokens::of(&world.refresh(&next.refresh).await);
    world.lives(&next.access).await;
}

#[tokio::test]
async fn less_may_be_asked_for_and_the_rest_is_not_lost() {
    let world = World::dev().await;
    let code = world
        .code(&world.request().and("scope", "read write"))
        .await;
    let first = Tokens::of(&world.redeem(&code).await);
    let narrow = world
        .token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", &first.refresh),
            ("scope", "write"),
        ])
        .await;
    assert_eq!(narrow.text("scope"), "write");
    world
        .data(&narrow.text("access_token"))
        .await
        .refused(403, "insufficient_scope");
    let wide = world.refresh(&narrow.text("refresh_token")).await;
    assert_eq!(wide.text("scope"), "read write");
}

#[tokio::test]
async fn an_idle_family_and_an_old_one_end() {
    for idle in [true, false] {
        let world = World::dev_with(|config| {
            let lifetimes = &mut config.lifetimes;
            let which = if idle {
                &mut lifetimes.refresh_idle
            } else {
                &mut lifetimes.refresh
            };
            *which = Duration::from_secs(1);
        })
        .await;
        let tokens = world.tokens().await;
        tokio::time::sleep(Duration::from_millis(1100)).await;
        world
            .refresh(&tokens.refresh)
            .await
            .refused(400, "invalid_grant");
        assert!(!world.is_active(&tokens.refresh).await);
    }
}
