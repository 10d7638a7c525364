//! Codes, and the proof that belongs to them.

use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{CALLBACK, CHALLENGE, Tokens, VERIFIER, World, authorize, redemption};

/// Redeems as the public client.
async fn publicly(world: &World, code: &str, more: &[(&str, &str)]) -> Answer {
    let form = Pairs::of(&redemption(code))
        .and("client_id", &world.set().public_client_id)
        .with_all(more);
    world.send(Call::post("/oauth/token").form(&form)).await
}

/// Whoever intercepts a code redeems it by a client of their own, which proves itself without fault.
#[tokio::test]
async fn code_redeemed_by_another_client() {
    let world = World::dev().await;
    world.client("cl_thief", |_| ()).await;
    let secret = &world.set().client_secret;
    let code = world.code(&world.request()).await;
    let thief = Pairs::of(&redemption(&code));
    let call = Call::post("/oauth/token").basic("cl_thief", secret);
    let answer = world.send(call.form(&thief)).await;
    answer.refused(400, "invalid_grant");
    publicly(&world, &code, &[("code_verifier", VERIFIER)])
        .await
        .refused(400, "invalid_grant");
    // Nor does it count who is named in the body, beside who has proved something.
    let named = thief.with("client_id", &world.set().client_id);
    let call = Call::post("/oauth/token").basic("cl_thief", secret);
    assert_eq!(world.send(call.form(&named)).await.status, 400);
    Tokens::of(&world.redeem(&code).await);
}

/// Somebody between the browser and the server takes the challenge away, or puts their own kind in its place (RFC 9700
/// §4.8.2).
#[tokio::test]
async fn pkce_downgrade() {
    let world = World::dev().await;
    let proven = world.public_request();
    let bare = proven
        .clone()
        .without("code_challenge")
        .without("code_challenge_method");
    let plain = proven
        .clone()
        .with("code_challenge", VERIFIER)
        .with("code_challenge_method", "plain");
    let unsaid = plain.clone().without("code_challenge_method");
    let mut browser = world.logged_in().await;
    for downgraded in [bare, plain, unsaid] {
        let back = browser.get(&authorize(&downgraded)).await.location();
        assert_eq!(back.get("error"), Some("invalid_request"), "{downgraded:?}");
        assert_eq!(back.get("code"), None);
    }

    // The challenge of a client that need not send one was taken away on the way: its verifier tells.
    let code = world.code(&world.request()).await;
    let pairs = [&redemption(&code)[..], &[("code_verifier", VERIFIER)]].concat();
    world.token(&pairs).await.refused(400, "invalid_grant");

    // And whoever saw the request, but not the verifier, has nothing to answer the challenge with.
    let code = world.code(&proven).await;
    for verifier in [&[][..], &[("code_verifier", CHALLENGE)]] {
        let answer = publicly(&world, &code, verifier).await;
        answer.refused(400, "invalid_grant");
    }
    let right = [("code_verifier", VERIFIER), ("redirect_uri", CALLBACK)];
    Tokens::of(&publicly(&world, &code, &right).await);
}
