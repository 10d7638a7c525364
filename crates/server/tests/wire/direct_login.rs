//! The login endpoints of older habits.

use crate::pairs::Pairs;
use crate::wire::Call;
use crate::world::World;

#[tokio::test]
async fn each_door_gives_a_token_that_opens_the_api() {
    let world = World::dev().await;
    let set = world.set();
    let form = Pairs::of(&[("username", &set.user), ("password", &set.password)]);
    let json = serde_json::json!({ "username": set.user, "password": set.password });
    for call in [
        Call::post("/auth/token").form(&form),
        Call::post("/api/auth").basic(&set.user, &set.password),
        Call::post("/api/auth/jwt").json(&json.to_string()),
    ] {
        let answer = world.send(call).await;
        answer.good();
        assert_eq!(answer.text("token"), answer.text("access_token"));
        world.lives(&answer.text("token")).await;
    }
}

#[tokio::test]
async fn wrong_passwords_are_401() {
    let world = World::dev().await;
    let form = Pairs::of(&[("username", "dev"), ("password", "wrong")]);
    for (call, scheme) in [
        (Call::post("/auth/token").form(&form), "Bearer "),
        (Call::post("/api/auth").basic("dev", "wrong"), "Basic "),
        (
            Call::post("/api/auth/jwt").json(r#"{"username":"dev","password":"wrong"}"#),
            "Bearer ",
        ),
        (Call::post("/api/auth"), "Basic "),
        (Call::post("/api/auth").bearer("x"), "Basic "),
        (
            Call::post("/api/auth").header("Authorization", "Digest x"),
            "Basic ",
        ),
    ] {
        let answer = world.send(call).await;
        answer.refused(401, "invalid_grant");
        let challenge = answer.header("www-authenticate").expect("a challenge");
        assert!(challenge.starts_with(scheme), "{challenge}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_400() {
    let world = World::dev().await;
    let set = world.set();
    let post = Call::post;
    let form = Pairs::of(&[("username", &set.user), ("password", &set.password)]);
    let json = serde_json::json!({ "username": set.user, "password": set.password }).to_string();
    for call in [
        post("/auth/token").json(&json),
        post("/api/auth/jwt").form(&form),
        post("/auth/token"),
        post("/api/auth/jwt"),
        post("/auth/token").form(&form.clone().without("password")),
        post("/auth/token").form(&form.clone().without("username")),
        post("/auth/token").form(&form.clone().and("username", "x")),
        post("/api/auth/jwt").json(r#"{"username":"dev"}"#),
        post("/api/auth/jwt").json(r#"{"username":"a","username":"b","password":"x"}"#),
        post("/api/auth/jwt").json("[]"),
        post("/api/auth").header("Authorization", "Basic"),
        post("/api/auth").header("Authorization", "Basic !!"),
        post("/api/auth").header("Authorization", "Basic YWJj"),
        post("/api/auth").header("Authorization", &b"Basic \xff"[..]),
        post("/api/auth")
            .basic(&set.user, &set.password)
            .basic(&set.user, &set.password),
    ] {
        let shown = format!("{call:?}");
        let answer = world.send(call).await;
        assert_eq!(answer.status, 400, "{shown} {answer:?}");
        answer.refused(400, "invalid_request");
    }
}

/// Programs that take this address for the token endpoint are served as there, by the same rules.
#[tokio::test]
async fn a_grant_type_makes_it_the_token_endpoint() {
    let world = World::dev().await;
    let set = world.set();
    let form = Pairs::of(&[("grant_type", "client_credentials")]);
    let call = Call::post("/auth/token").form(&form);
    world
        .send(call.clone())
        .await
        .refused(401, "invalid_client");
    let call = call.basic(&set.client_id, &set.client_secret);
    world.send(call).await.good();
}
