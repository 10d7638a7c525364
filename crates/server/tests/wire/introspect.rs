//! Introspection (RFC 7662).

use serde_json::json;

use crate::pairs::Pairs;
use crate::wire::Call;
use crate::world::World;

#[tokio::test]
async fn garbage_is_inactive_and_nothing_more() {
    let world = World::dev().await;
    let tokens = world.tokens().await;
    for token in [
        "x",
        "a.b.c",
        "...",
        "gp_rt_AAAA",
        "gp_at_x",
        &world.set().api_key,
        &world.set().client_secret,
        &tokens.access[..tokens.access.len() - 2],
        &format!("{}A", tokens.access),
        &tokens.refresh[1..],
        "\u{1f511}",
        &"x".repeat(16_000),
    ] {
        assert_eq!(world.introspect(token).await, json!({ "active": false }));
    }
}

#[tokio::test]
async fn a_good_token_is_described() {
    let world = World::dev().await;
    let tokens = world.tokens().await;
    let said = world.introspect(&tokens.access).await;
    assert_eq!(said["active"], true);
    assert_eq!(said["client_id"], world.set().client_id.as_str());
    assert_eq!(said["iss"], world.issuer.as_str());
    assert_eq!(said["scope"], "read");
    assert_eq!(said["token_type"], "Bearer");
    assert_eq!(said["aud"], json!([format!("{}/api", world.issuer)]));
    assert!(said["exp"].as_u64() > said["iat"].as_u64());
    let said = world.introspect(&tokens.refresh).await;
    assert_eq!(said["active"], true);
    // A hint only saves work (RFC 7662 §2.1).
    let set = world.set();
    let form = Pairs::of(&[("token", &tokens.access), ("token_type_hint", "nonsense")]);
    let call = Call::post("/oauth/introspect").basic(&set.client_id, &set.client_secret);
    assert_eq!(world.send(call.form(&form)).await.json()["active"], true);
}

#[tokio::test]
async fn it_takes_a_client_that_proves_who_it_is() {
    let world = World::dev().await;
    let set = world.set();
    let token = world.tokens().await.access;
    let form = Pairs::of(&[("token", &token)]);
    let post = || Call::post("/oauth/introspect");
    for call in [
        post().form(&form),
        post().bearer(&token).form(&form),
        post().basic(&set.client_id, "wrong").form(&form),
        post().basic(&set.user, &set.password).form(&form),
    ] {
        world.send(call).await.refused(401, "invalid_client");
    }
    let public = form.and("client_id", &set.public_client_id);
    world
        .send(post().form(&public))
        .await
        .refused(400, "unauthorized_client");
    for empty in [Pairs::default(), Pairs::of(&[("token", "")])] {
        let call = post().basic(&set.client_id, &set.client_secret);
        world
            .send(call.form(&empty))
            .await
            .refused(400, "invalid_request");
    }
}
