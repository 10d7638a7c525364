//! Who the client is (RFC 6749 §2.3), at the three endpoints that ask.

use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{VERIFIER, World, redemption};

const ENDPOINTS: [&str; 3] = ["/oauth/token", "/oauth/introspect", "/oauth/revoke"];

/// What each endpoint needs to go on once the client is known.
fn form() -> Pairs {
    Pairs::of(&[("grant_type", "client_credentials"), ("token", "x")])
}

fn refused_client(answer: &Answer) {
    answer.refused(401, "invalid_client");
    let challenge = answer.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Basic realm=\""), "{challenge}");
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_client_are_told_the_same() {
    let world = World::dev().await;
    let set = world.set();
    for path in ENDPOINTS {
        let mut bodies = Vec::new();
        for (id, secret) in [
            (set.client_id.as_str(), "wrong"),
            (&set.client_id, ""),
            (&set.client_id, &set.client_secret.to_uppercase()),
            (&set.client_id, &format!("{}x", set.client_secret)),
            ("nobody", &set.client_secret),
            ("", &set.client_secret),
            (&set.public_client_id, &set.client_secret),
            ("direct-login", ""),
            ("direct-login", "x"),
        ] {
            let basic = Call::post(path).basic(id, secret).form(&form());
            let answer = world.send(basic).await;
            refused_client(&answer);
            bodies.push(answer.body);
            let posted = form().and("client_id", id).and("client_secret", secret);
            let answer = world.send(Call::post(path).form(&posted)).await;
            refused_client(&answer);
            bodies.push(answer.body);
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "one text for every reason");
    }
}

#[tokio::test]
async fn an_empty_secret_is_none_at_all() {
    let world = World::dev().await;
    let set = world.set();
    let code = world.code(&world.public_request()).await;
    let form = Pairs::of(&redemption(&code)).and("code_verifier", VERIFIER);
    let call = Call::post("/oauth/token").basic(&set.public_client_id, "");
    world.send(call.form(&form)).await.good();
}

#[tokio::test]
async fn headers_that_are_no_client_basic_are_refused() {
    let world = World::dev().await;
    let set = world.set();
    for path in ENDPOINTS {
        for header in [
            &b"Basic"[..],
            b"Basic ",
            b"Basic !!!",
            b"Basic YWJj",
            b"Basic /////w==",
            b"Basic YSVmZjpi",
            b"Basic YSV6ejpi",
            b"Bearer abc",
            b"Digest username=\"a\"",
            b"x",
        ] {
            let id = form().and("client_id", &set.public_client_id);
            let call = Call::post(path).header("Authorization", header).form(&id);
            refused_client(&world.send(call).await);
        }
        let broken = Call::post(path).header("Authorization", &b"Basic \xff\xfe"[..]);
        world
            .send(broken.form(&form()))
            .await
            .refused(400, "invalid_request");
        let nobody = world.send(Call::post(path).form(&form())).await;
        refused_client(&nobody);
    }
}

#[tokio::test]
async fn two_methods_two_headers_and_two_names_are_refused_and_spend_nothing() {
    let world = World::dev().await;
    let set = world.set();
    let code = world.code(&world.request()).await;
    let form = Pairs::of(&redemption(&code));
    let basic = || Call::post("/oauth/token").basic(&set.client_id, &set.client_secret);
    let secret = form.clone().and("client_secret", &set.client_secret);
    let both = secret.clone().and("client_id", &set.client_id);
    for call in [
        basic().form(&secret),
        basic().form(&both),
        basic().form(&form.clone().and("client_id", &set.public_client_id)),
        basic().form(&form.clone().and("client_id", "nobody")),
        basic()
            .basic(&set.client_id, &set.client_secret)
            .form(&form),
    ] {
        world.send(call).await.refused(400, "invalid_request");
    }
    let alone = Call::post("/oauth/token").form(&secret);
    refused_client(&world.send(alone).await);
    world.redeem(&code).await.good();
}

#[tokio::test]
async fn basic_and_the_body_are_both_good_and_may_name_the_same_client_again() {
    let world = World::dev().await;
    let set = world.set();
    let form = Pairs::of(&[("grant_type", "client_credentials")]);
    let named = form.clone().and("client_id", &set.client_id);
    let basic = || Call::post("/oauth/token").basic(&set.client_id, &set.client_secret);
    for call in [
        basic().form(&form),
        basic().form(&named),
        Call::post("/oauth/token").form(&named.clone().and("client_secret", &set.client_secret)),
    ] {
        let answer = world.send(call).await;
        answer.good();
        assert_eq!(answer.text("token_type"), "Bearer");
        assert_eq!(answer.json()["refresh_token"], serde_json::Value::Null);
    }
}

#[tokio::test]
async fn the_query_is_no_place_for_credentials() {
    let world = World::dev().await;
    let set = world.set();
    let query = Pairs::of(&[
        ("client_id", &set.client_id),
        ("client_secret", &set.client_secret),
    ]);
    let call = Call::post(format!("/oauth/token?{}", query.form()));
    refused_client(&world.send(call.form(&form())).await);
}

#[tokio::test]
async fn a_public_client_may_not_act_for_itself_nor_introspect() {
    let world = World::dev().await;
    let form = form().and("client_id", &world.set().public_client_id);
    for path in ["/oauth/token", "/oauth/introspect"] {
        world
            .send(Call::post(path).form(&form))
            .await
            .refused(400, "unauthorized_client");
    }
    world
        .send(Call::post("/oauth/revoke").form(&form))
        .await
        .good();
}
