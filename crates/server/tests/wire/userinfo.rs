//! UserInfo (OpenID Connect Core 1.0 §5.3, §5.4, §5.5).

use serde_json::json;

use crate::id_tokens::part;
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{World, redemption};

const PATH: &str = "/oauth/userinfo";

impl World {
    /// An access token for this scope.
    async fn access(&self, scope: &str) -> String {
        let request = self.openid().with("scope", scope);
        let answer = self.redeem(&self.code(&request).await).await;
        answer.good().text("access_token")
    }

    async fn userinfo(&self, token: &str) -> Answer {
        self.send(Call::get(PATH).bearer(token)).await
    }
}

fn names(answer: &Answer) -> Vec<String> {
    let body = answer.good().json();
    let claims = body.as_object().expect("an object");
    let mut names: Vec<String> = claims.keys().cloned().collect();
    names.sort();
    names
}

#[tokio::test]
async fn each_scope_opens_its_claims() {
    let world = World::dev().await;
    for (scope, expected) in [
        ("openid", &["sub"][..]),
        ("openid email", &["email", "email_verified", "sub"]),
        (
            "openid phone",
            &["phone_number", "phone_number_verified", "sub"],
        ),
        ("openid address", &["address", "sub"]),
        (
            "openid profile",
            &[
                "family_name",
                "given_name",
                "locale",
                "name",
                "nickname",
                "preferred_username",
                "sub",
                "updated_at",
                "zoneinfo",
            ],
        ),
    ] {
        let answer = world.userinfo(&world.access(scope).await).await;
        assert_eq!(names(&answer), expected, "{scope}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let answer = world
        .userinfo(&world.access("openid profile email address").await)
        .await;
    let body = answer.json();
    assert_eq!(body["preferred_username"], world.set().user.as_str());
    assert_eq!(body["email_verified"], true);
    assert!(body["updated_at"].is_u64() && body["address"].is_object());
}

#[tokio::test]
async fn the_claims_parameter_asks_for_single_ones() {
    let world = World::dev().await;
    let claims = json!({ "userinfo": {
        "email": null, "sub": null, "phone_number": { "value": "+1 555 9999" }, "unknown": { "essential": true },
    }});
    let request = world.openid().with("claims", &claims.to_string());
    let answer = world.redeem(&world.code(&request).await).await;
    let answer = world.userinfo(&answer.text("access_token")).await;
    assert_eq!(names(&answer), ["email", "sub"]);
}

#[tokio::test]
async fn the_token_comes_in_the_header_or_in_a_form() {
    let world = World::dev().await;
    let token = world.access("openid email").await;
    let form = Pairs::of(&[("access_token", &token)]);
    let bodyless = world.send(Call::post(PATH).bearer(&token)).await;
    let posted = world.send(Call::post(PATH).form(&form)).await;
    assert_eq!(names(&bodyless), names(&posted));
    assert_eq!(names(&posted).len(), 3);

    let both = Call::post(PATH).bearer(&token).form(&form);
    world.send(both).await.refused(400, "invalid_request");
    let queried = format!("{PATH}?access_token={token}");
    let escaped = format!("{PATH}?acce%73s_token={token}");
    for call in [
        Call::get(queried.as_str()),
        Call::post(queried.as_str()),
        Call::get(escaped.as_str()),
        Call::get(queried.as_str()).bearer(&token),
    ] {
        world.send(call).await.refused(400, "invalid_request");
    }
    // A form belongs to a POST, and JSON is no form.
    for call in [
        Call::get(PATH),
        Call::get(PATH).form(&form),
        Call::post(PATH),
        Call::post(PATH).json(&json!({ "access_token": token }).to_string()),
        Call::get(PATH).basic("dev", "x"),
    ] {
        let answer = world.send(call).await;
        assert_eq!(answer.status, 401, "{answer:?}");
        let challenge = answer.header("www-authenticate").expect("a challenge");
        assert!(
            challenge.starts_with("Bearer realm=") && !challenge.contains("error"),
            "{challenge}"
        );
        answer.is_private();
    }
    let twice = Call::get(PATH).bearer(&token).bearer(&token);
    world.send(twice).await.refused(400, "invalid_request");
    let answer = world.send(Call::new("PUT", PATH).bearer(&token)).await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn a_token_that_is_not_good_or_not_for_this_opens_nothing() {
    let world = World::dev().await;
    let token = world.access("openid").await;
    for wrong in [
        "x",
        "a.b.c",
        &token[1..],
        &format!("{token}A"),
        &world.set().api_key,
    ] {
        let answer = world.userinfo(wrong).await;
        answer.refused(401, "invalid_token");
        let challenge = answer.header("www-authenticate").expect("a challenge");
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    }
    let answer = world.userinfo(&world.access("email read").await).await;
    answer.refused(403, "insufficient_scope");
    // A client's own token is nobody's.
    let pairs = [
        ("grant_type", "client_credentials"),
        ("scope", "openid email"),
    ];
    let own = world.token(&pairs).await.good().text("access_token");
    world.userinfo(&own).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn it_is_judged_live() {
    let world = World::dev().await;
    let token = world.access("openid email").await;
    world.userinfo(&token).await.good();
    let mut changes = gatepass_server::ClaimChanges::new();
    changes.email("other@example.com").expect("an address");
    let admin = world.admin().await;
    admin
        .set_claims(&world.set().user, &changes)
        .await
        .expect("set");
    let said = world.userinfo(&token).await.good().json();
    assert_eq!(
        (&said["email"], &said["email_verified"]),
        (&json!("other@example.com"), &json!(false))
    );
    admin.lock_user(&world.set().user).await.expect("locked");
    world.userinfo(&token).await.refused(401, "invalid_token");
    admin
        .unlock_user(&world.set().user)
        .await
        .expect("unlocked");
    world.userinfo(&token).await.good();
    world.about("/oauth/revoke", &token).await.good();
    world.userinfo(&token).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_replayed_code_ends_it() {
    let world = World::dev().await;
    let code = world.code(&world.openid()).await;
    let token = world.redeem(&code).await.good().text("access_token");
    world.userinfo(&token).await.good();
    world
        .token(&redemption(&code))
        .await
        .refused(400, "invalid_grant");
    world.userinfo(&token).await.refused(401, "invalid_token");
}

#[tokio::test]
async fn a_client_that_registered_so_gets_it_signed() {
    let world = World::dev().await;
    for alg in ["ES256", "RS256"] {
        world
            .detailed(alg, |details| {
                details.userinfo_signed_response_alg = Some(alg.to_owned());
            })
            .await;
        let request = world
            .openid()
            .with("client_id", alg)
            .with("scope", "openid email");
        let answer = world.redeem_as(alg, &world.code(&request).await).await;
        let answer = world.userinfo(&answer.text("access_token")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(
            answer.is_private().header("content-type"),
            Some("application/jwt")
        );
        assert_eq!(part(&answer.body, 0)["alg"], alg);
        let claims = part(&answer.body, 1);
        assert_eq!(claims["iss"], world.issuer.as_str());
        assert_eq!(claims["aud"], alg);
        assert_eq!(claims["email"], "dev@example.com");
        assert!(claims["sub"].is_string());
        // It is no ID token, and no access token.
        world.is_dead(&answer.body).await;
    }
}
