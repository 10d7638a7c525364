//! Revocation (RFC 7009).

use crate::pairs::Pairs;
use crate::wire::Call;
use crate::world::{Tokens, VERIFIER, World, redemption};

#[tokio::test]
async fn a_refresh_token_takes_everything_with_it() {
    let world = World::dev().await;
    let tokens = world.tokens().await;
    let bystander = world.tokens().await;
    world.about("/oauth/revoke", &tokens.refresh).await.good();
    world.is_dead(&tokens.access).await;
    assert!(!world.is_active(&tokens.refresh).await);
    world
        .refresh(&tokens.refresh)
        .await
        .refused(400, "invalid_grant");
    // Once more is well enough (RFC 7009 §2.2).
    world.about("/oauth/revoke", &tokens.refresh).await.good();
    world.lives(&bystander.access).await;
}

#[tokio::test]
async fn an_access_token_goes_alone() {
    let world = World::dev().await;
    let tokens = world.tokens().await;
    world.about("/oauth/revoke", &tokens.access).await.good();
    world.is_dead(&tokens.access).await;
    world.about("/oauth/revoke", &tokens.access).await.good();
    let next = Tokens::of(&world.refresh(&tokens.refresh).await);
    world.lives(&next.access).await;
}

/// Even a token that was rotated away still names its login.
#[tokio::test]
async fn the_token_before_the_head_revokes_too() {
    let world = World::dev().await;
    let first = world.tokens().await;
    let second = Tokens::of(&world.refresh(&first.refresh).await);
    world.about("/oauth/revoke", &first.refresh).await.good();
    world.is_dead(&second.access).await;
}

#[tokio::test]
async fn garbage_is_revoked_well_enough() {
    let world = World::dev().await;
    let tokens = world.tokens().await;
    for token in [
        "x",
        "a.b.c",
        "gp_rt_AAAA",
        &tokens.refresh[..tokens.refresh.len() - 1],
        &format!("{}A", tokens.access),
        &"x".repeat(10_000),
    ] {
        let answer = world.about("/oauth/revoke", token).await;
        answer.good();
    }
    world.lives(&tokens.access).await;
    Tokens::of(&world.refresh(&tokens.refresh).await);
}

#[tokio::test]
async fn another_clients_tokens_are_not_ours_to_revoke() {
    let world = World::dev().await;
    let set = world.set();
    let code = world.code(&world.public_request()).await;
    let form = Pairs::of(&redemption(&code))
        .and("client_id", &set.public_client_id)
        .and("code_verifier", VERIFIER);
    let theirs = Tokens::of(&world.send(Call::post("/oauth/token").form(&form)).await);
    for token in [&theirs.access, &theirs.refresh] {
        world
            .about("/oauth/revoke", token)
            .await
            .refused(400, "unauthorized_client");
    }
    world.lives(&theirs.access).await;
    assert!(
        !world.is_active(&theirs.refresh).await,
        "a refresh token is its own client's alone to ask about"
    );
    let form = Pairs::of(&[
        ("token", &theirs.refresh),
        ("client_id", &set.public_client_id),
    ]);
    world
        .send(Call::post("/oauth/revoke").form(&form))
        .await
        .good();
    world.is_dead(&theirs.access).await;
}

#[tokio::test]
async fn it_takes_a_client_and_a_token() {
    let world = World::dev().await;
    let set = world.set();
    let tokens = world.tokens().await;
    let form = Pairs::of(&[("token", &tokens.refresh)]);
    let post = || Call::post("/oauth/revoke");
    for call in [
        post().form(&form),
        post().bearer(&tokens.access).form(&form),
        post().basic(&set.client_id, "wrong").form(&form),
    ] {
        world.send(call).await.refused(401, "invalid_client");
    }
    let call = post().basic(&set.client_id, &set.client_secret);
    world
        .send(call.form(&Pairs::default()))
        .await
        .refused(400, "invalid_request");
    world.lives(&tokens.access).await;
}
