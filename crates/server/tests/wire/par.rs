//! Pushed authorization requests (RFC 9126).

use std::time::Duration;

use gatepass_proto::Secret;
use gatepass_proto::dpop::Dpop;
use http::{HeaderMap, Method};

use crate::browser::Form;
use crate::clients::{named, with_cx};
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{CHALLENGE, Tokens, World, authorize, redemption};

const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

#[tokio::test]
async fn one_push_is_one_code_however_often_the_pages_load() {
    let world = World::dev().await;
    let set = world.set();
    let answer = world
        .push(&world.request().with("scope", "read write"))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.is_private();
    let lifetime = answer.json()["expires_in"].as_u64().expect("a number");
    assert!((60..=90).contains(&lifetime), "{lifetime}");
    let uri = answer.text("request_uri");
    assert_eq!(uri.strip_prefix(PREFIX).map(str::len), Some(43), "256 bits");

    let target = authorize(&named(&set.client_id, &uri));
    let mut browser = world.browser();
    for _ in 0..3 {
        assert_eq!(browser.get(&target).await.status, 200);
    }
    browser.log_in(&target, &set.user, &set.password).await;
    let page = browser.get(&target).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<code>write</code>"), "{page:?}");
    let form = Form::of(&browser.get(&target).await.body);
    let answer = browser.submit(&form, &[("decision", "allow")]).await;
    let back = answer.location();
    assert_eq!(back.get("state"), Some("s1"));
    assert_eq!(back.get("iss"), Some(world.issuer.as_str()));
    let code = back.get("code").expect("a code").to_owned();

    browser.get(&target).await.error_page(400);
    browser
        .submit(&form, &[("decision", "allow")])
        .await
        .error_page(400);
    let tokens = Tokens::of(&world.redeem(&code).await);
    world.lives(&tokens.access).await;
}

#[tokio::test]
async fn of_two_consents_at_once_one_gets_a_code() {
    let world = World::dev().await;
    let target = authorize(&world.pushed(&world.request()).await);
    let mut browser = world.logged_in().await;
    let form = Form::of(&browser.get(&target).await.body);
    let mut other = browser.clone();
    let allow = [("decision", "allow")];
    let (one, two) = tokio::join!(browser.submit(&form, &allow), other.submit(&form, &allow));
    let given = [&one, &two].map(|answer| usize::from(answer.status == 303));
    assert_eq!(given.iter().sum::<usize>(), 1, "{one:?} {two:?}");
}

#[tokio::test]
async fn a_denial_goes_back_too() {
    let world = World::dev().await;
    let target = authorize(&world.pushed(&world.request()).await);
    let answer = world.logged_in().await.decide(&target, "deny").await;
    let back = answer.location();
    assert_eq!(back.get("error"), Some("access_denied"));
    assert_eq!(back.get("iss"), Some(world.issuer.as_str()));
}

#[tokio::test]
async fn what_is_wrong_is_said_to_the_client() {
    let world = World::dev().await;
    let long = "x".repeat(2049);
    for (changes, error) in [
        (vec![("request_uri", "urn:x")], "invalid_request"),
        (
            vec![("request_uri", "https://app.example/r")],
            "invalid_request",
        ),
        (vec![("response_type", "")], "invalid_request"),
        (
            vec![("response_type", "token")],
            "unsupported_response_type",
        ),
        (vec![("response_mode", "fragment")], "invalid_request"),
        (vec![("redirect_uri", "")], "invalid_request"),
        (
            vec![("redirect_uri", "https://evil.example")],
            "invalid_request",
        ),
        (vec![("scope", "admin")], "invalid_scope"),
        (vec![("scope", "read\"")], "invalid_scope"),
        (
            vec![("resource", "https://other.example")],
            "invalid_target",
        ),
        (vec![("code_challenge", CHALLENGE)], "invalid_request"),
        (vec![("code_challenge_method", "S256")], "invalid_request"),
        (vec![("state", long.as_str())], "invalid_request"),
        (vec![("dpop_jkt", "short")], "invalid_request"),
        (
            vec![("authorization_details", "[{}]")],
            "invalid_authorization_details",
        ),
        (vec![("request", "x")], "invalid_request_object"),
    ] {
        let request = world.request().with_all(&changes);
        world.push(&request).await.refused(400, error);
    }
    let public = world.public_request();
    let push = |request: &Pairs| world.send(Call::post("/oauth/par").form(request));
    assert_eq!(push(&public).await.status, 201);
    push(&public.clone().without("code_challenge"))
        .await
        .refused(400, "invalid_request");
}

#[tokio::test]
async fn the_client_proves_itself_as_at_the_token_endpoint() {
    let world = World::dev().await;
    let set = world.set();
    let request = world.request();
    let post = || Call::post("/oauth/par");
    for call in [
        post().form(&request),
        post().basic(&set.client_id, "wrong").form(&request),
        post()
            .basic("cl_nobody", "wrong")
            .form(&request.clone().without("client_id")),
        post().form(&request.clone().with("client_secret", "wrong")),
    ] {
        world.send(call).await.refused(401, "invalid_client");
    }
    let other = request.clone().with("client_id", &set.public_client_id);
    let call = post().basic(&set.client_id, &set.client_secret);
    world
        .send(call.form(&other))
        .await
        .refused(400, "invalid_request");
    // RFC 6749 §2.3.1: who has said it in the header need not say it again.
    let call = post().basic(&set.client_id, &set.client_secret);
    let answer = world.send(call.form(&request.without("client_id"))).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let json = post().body("application/json", "{}");
    world.send(json).await.refused(400, "invalid_request");
    assert_eq!(world.send(Call::get("/oauth/par")).await.status, 405);
    let large = post().body("application/x-www-form-urlencoded", "x".repeat(70_000));
    world.send(large).await.refused(413, "invalid_request");
}

#[tokio::test]
async fn only_what_was_pushed_counts() {
    let world = World::dev().await;
    let named = world.pushed(&world.request().with("scope", "read")).await;
    let dressed = named
        .and("scope", "write")
        .and("state", "other")
        .and("redirect_uri", "https://evil.example")
        .and("response_type", "token");
    let target = authorize(&dressed);
    let mut browser = world.logged_in().await;
    let page = browser.get(&target).await;
    assert!(page.body.contains("<code>read</code>"), "{page:?}");
    assert!(!page.body.contains("<code>write</code>"));
    let answer = browser
        .submit(&Form::of(&page.body), &[("decision", "allow")])
        .await;
    let back = answer.location();
    assert_eq!(back.get("state"), Some("s1"));
    let token = world.redeem(back.get("code").expect("a code")).await;
    assert_eq!(token.text("scope"), "read");
}

#[tokio::test]
async fn a_request_uri_is_its_clients_alone() {
    let world = World::dev().await;
    let set = world.set();
    let good = world.pushed(&world.request()).await;
    let uri = good.get("request_uri").expect("it is there").to_owned();
    let mut browser = world.logged_in().await;
    for wrong in [
        good.clone().with("client_id", &set.public_client_id),
        good.clone().with("client_id", "cl_nobody"),
        good.clone().without("client_id"),
        good.clone().with("request_uri", &uri[..uri.len() - 1]),
        good.clone().with("request_uri", &format!("{uri}A")),
        good.clone().with("request_uri", PREFIX),
        good.clone().with("request_uri", "urn:x"),
        good.clone().with("request_uri", "https://evil.example/r"),
        good.clone().with("request_uri", "http://127.0.0.1:1/"),
        good.clone().with("request", "x"),
    ] {
        browser.get(&authorize(&wrong)).await.error_page(400);
    }
    let answer = browser.decide(&authorize(&good), "allow").await;
    assert!(answer.location().get("code").is_some());
}

#[tokio::test]
async fn what_is_not_opened_in_time_is_gone() {
    let world = World::dev_with(|config| config.lifetimes.pushed_request = Duration::ZERO).await;
    let named = world.pushed(&world.request()).await;
    let mut browser = world.logged_in().await;
    browser.get(&authorize(&named)).await.error_page(400);
}

#[tokio::test]
async fn a_person_who_takes_too_long_starts_again() {
    let world = World::dev_with(|config| config.lifetimes.interaction = Duration::ZERO).await;
    let target = authorize(&world.pushed(&world.request()).await);
    let mut browser = world.logged_in().await;
    let page = browser.get(&target).await;
    assert_eq!(page.status, 200);
    let form = Form::of(&page.body);
    browser
        .submit(&form, &[("decision", "allow")])
        .await
        .error_page(400);
    browser.get(&target).await.error_page(400);
}

#[tokio::test]
async fn a_client_or_the_server_may_insist_on_it() {
    let world = World::dev().await;
    world
        .detailed("cl_pushes", |details| {
            details.require_pushed_authorization_requests = true;
        })
        .await;
    insists(&world, &world.request().with("client_id", "cl_pushes")).await;
    let metadata = "/.well-known/oauth-authorization-server";
    let said = world.send(Call::get(metadata)).await.json();
    let endpoint = format!("{}/oauth/par", world.issuer);
    assert_eq!(said["pushed_authorization_request_endpoint"], endpoint);
    assert!(
        said.get("require_pushed_authorization_requests")
            .is_none_or(|said| said == false)
    );

    let world = World::dev_with(|config| {
        config.requests.require_pushed_authorization_requests = true;
    })
    .await;
    let said = world.send(Call::get(metadata)).await.json();
    assert_eq!(said["require_pushed_authorization_requests"], true);
    insists(&world, &world.request()).await;
}

async fn insists(world: &World, request: &Pairs) {
    let set = world.set();
    let mut browser = world.browser();
    let answer = browser.get(&authorize(request)).await;
    assert_eq!(answer.location().get("error"), Some("invalid_request"));
    let target = authorize(&world.pushed(request).await);
    browser.log_in(&target, &set.user, &set.password).await;
    let answer = browser.decide(&target, "allow").await;
    assert!(answer.location().get("code").is_some(), "{answer:?}");
}

#[tokio::test]
async fn a_proof_binds_the_code_to_its_key() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let [own, other] = [(); 2].map(|()| with_cx(Dpop::generate).expect("a key"));
    let pushed = prove(
        &world,
        &own,
        "/oauth/par",
        world.push_call(&world.request()),
    )
    .await;
    assert_eq!(pushed.status, 201, "{pushed:?}");
    let target = authorize(&named(&world.set().client_id, &pushed.text("request_uri")));
    let answer = browser.decide(&target, "allow").await;
    let code = answer.location().get("code").expect("a code").to_owned();
    let redeem = || world.token_call(&redemption(&code));
    world.send(redeem()).await.refused(400, "invalid_grant");
    prove(&world, &other, "/oauth/token", redeem())
        .await
        .refused(400, "invalid_grant");
    let answer = prove(&world, &own, "/oauth/token", redeem()).await;
    assert_eq!(answer.good().text("token_type"), "DPoP");

    let named = world.request().with("dpop_jkt", own.jkt());
    prove(&world, &other, "/oauth/par", world.push_call(&named))
        .await
        .refused(400, "invalid_request");
    let answer = prove(&world, &own, "/oauth/par", world.push_call(&named)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let elsewhere = prove(&world, &own, "/oauth/token", world.push_call(&named)).await;
    elsewhere.refused(400, "invalid_dpop_proof");
}

/// Sends a call with a proof for `path`, as often as it takes to know the server's nonce.
pub(crate) async fn prove(world: &World, dpop: &Dpop, path: &str, call: Call) -> Answer {
    let url = format!("{}{path}", world.issuer).parse().expect("a URL");
    loop {
        let proof = with_cx(|cx| dpop.proof(&Method::POST, &url, None::<&Secret>, cx));
        let proof = proof.expect("a proof");
        let answer = world
            .send(call.clone().header("DPoP", proof.as_bytes()))
            .await;
        let mut headers = HeaderMap::new();
        if let Some(nonce) = answer.header("dpop-nonce") {
            headers.insert("dpop-nonce", nonce.parse().expect("a header"));
        }
        let refused = answer.body.contains("use_dpop_nonce");
        if !(refused && dpop.learn(&url, &headers)) {
            return answer;
        }
    }
}
