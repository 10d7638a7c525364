//! CIBA in poll mode: the endpoint, the person's page, and the polling.

use std::time::Duration;

use gatepass_proto::decide::details::ClientDetails;

use crate::browser::{Browser, Form};
use crate::registered::{Registered, Registration};
use crate::wire::Answer;
use crate::world::World;

const GRANT: &str = "urn:openid:params:grant-type:ciba";
const PATH: &str = "/oauth/bc-authorize";

async fn world() -> (World, Registered) {
    let world = World::dev().await;
    let bank = registered(&world, ClientDetails::default()).await;
    (world, bank)
}

async fn registered(world: &World, details: ClientDetails) -> Registered {
    let registration = Registration::new(&[GRANT, "refresh_token"], details);
    world.register(registration).await
}

async fn ask(world: &World, client: &Registered, pairs: &[(&str, &str)]) -> Answer {
    let usual = [("scope", "openid read"), ("login_hint", "dev")];
    let usual = usual
        .into_iter()
        .filter(|(name, _)| pairs.iter().all(|(own, _)| own != name));
    let pairs: Vec<(&str, &str)> = usual.chain(pairs.iter().copied()).collect();
    let pairs: Vec<_> = pairs
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect();
    world.send(client.call(PATH, &pairs)).await
}

async fn begin(world: &World, client: &Registered, pairs: &[(&str, &str)]) -> String {
    let answer = ask(world, client, pairs).await;
    answer.good().text("auth_req_id")
}

async fn poll(world: &World, client: &Registered, id: &str) -> Answer {
    let pairs = [("grant_type", GRANT), ("auth_req_id", id)];
    world.send(client.call("/oauth/token", &pairs)).await
}

/// A browser in which the person sees their requests.
async fn person(world: &World) -> (Browser, Answer) {
    let mut browser = world.browser();
    let set = world.set();
    let page = browser
        .log_in("/account/requests", &set.user, &set.password)
        .await;
    (browser, page)
}

async fn answered(world: &World, decision: &str) {
    let (mut browser, page) = person(world).await;
    let form = Form::of(&page.body);
    let page = browser.submit(&form, &[("decision", decision)]).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(!page.body.contains("<form"), "{page:?}");
}

#[tokio::test]
async fn from_the_request_to_the_tokens() {
    let (world, bank) = world().await;
    let message = "Überweisung <b>№ 7</b>";
    let answer = ask(
        &world,
        &bank,
        &[("binding_message", message), ("requested_expiry", "90")],
    )
    .await;
    let said = answer.good().json();
    assert_eq!(said["expires_in"], 90);
    assert_eq!(said["interval"], 5);
    let id = answer.text("auth_req_id");
    assert!(id.starts_with("gp_ar_"));
    let pending = poll(&world, &bank, &id).await;
    pending.refused(400, "authorization_pending");
    poll(&world, &bank, &id).await.refused(400, "slow_down");

    let (mut browser, page) = person(&world).await;
    for shown in [
        "Registered",
        "Überweisung &#60;b&#62;№ 7",
        "<code>read</code>",
    ] {
        assert!(page.body.contains(shown), "{shown}: {page:?}");
    }
    assert!(!page.body.contains(&id));
    let form = Form::of(&page.body);
    let page = browser.submit(&form, &[("decision", "allow")]).await;
    assert!(page.body.contains("You allowed Registered."), "{page:?}");
    let tokens = poll(&world, &bank, &id).await;
    tokens.good().text("id_token");
    world.lives(&tokens.text("access_token")).await;
    poll(&world, &bank, &id).await.refused(400, "invalid_grant");
    let again = browser.submit(&form, &[("decision", "deny")]).await;
    assert!(again.body.contains("answered already"), "{again:?}");
    world.lives(&tokens.text("access_token")).await;
}

#[tokio::test]
async fn a_no_is_told_to_the_client() {
    let (world, bank) = world().await;
    let id = begin(&world, &bank, &[]).await;
    answered(&world, "deny").await;
    poll(&world, &bank, &id).await.refused(400, "access_denied");
}

#[tokio::test]
async fn a_request_expires_soon_enough() {
    let (world, bank) = world().await;
    let id = begin(&world, &bank, &[("requested_expiry", "1")]).await;
    tokio::time::sleep(Duration::from_millis(1000)).await;
    poll(&world, &bank, &id).await.refused(400, "expired_token");
    let (_, page) = person(&world).await;
    assert!(!page.body.contains("<form"), "{page:?}");
    let long = ask(&world, &bank, &[("requested_expiry", "99999999")]).await;
    assert_eq!(long.good().json()["expires_in"], 600);
}

#[tokio::test]
async fn a_request_is_bound_to_its_client_and_its_person() {
    let (world, bank) = world().await;
    let other = bank_of(&world).await;
    let id = begin(&world, &bank, &[]).await;
    let password = "a long enough password";
    let admin = world.admin().await;
    let added = admin
        .add_user("eve", &gatepass_proto::Secret::new(password))
        .await;
    added.expect("added");
    let (_, page) = person(&world).await;
    let own = Form::of(&page.body);
    let mut eve = world.browser();
    let page = eve.log_in("/account/requests", "eve", password).await;
    assert!(!page.body.contains("<form"), "{page:?}");
    // Eve has a good token of her own, and knows the request's name.
    begin(&world, &bank, &[("login_hint", "eve")]).await;
    let page = eve.get("/account/requests").await;
    let csrf = Form::of(&page.body)
        .hidden
        .get("csrf")
        .expect("a token")
        .to_owned();
    let answer = eve
        .submit(&own, &[("csrf", &csrf), ("decision", "allow")])
        .await;
    assert!(answer.body.contains("answered already"), "{answer:?}");
    let pending = poll(&world, &bank, &id).await;
    pending.refused(400, "authorization_pending");
    let (mut browser, page) = person(&world).await;
    browser
        .submit(&Form::of(&page.body), &[("decision", "allow")])
        .await;
    poll(&world, &other, &id)
        .await
        .refused(400, "invalid_grant");
    poll(&world, &bank, &id).await.good();
}

async fn bank_of(world: &World) -> Registered {
    registered(world, ClientDetails::default()).await
}

#[tokio::test]
async fn whoever_is_locked_after_saying_yes_gives_nothing() {
    let (world, bank) = world().await;
    let id = begin(&world, &bank, &[]).await;
    answered(&world, "allow").await;
    world.lock_user().await;
    poll(&world, &bank, &id).await.refused(400, "invalid_grant");
    ask(&world, &bank, &[])
        .await
        .refused(400, "unknown_user_id");
}

#[tokio::test]
async fn requests_are_refused_in_the_standards_words() {
    let (world, bank) = world().await;
    for (pairs, status, code) in [
        (vec![("scope", "read")], 400, "invalid_scope"),
        (vec![("scope", "openid admin")], 400, "invalid_scope"),
        (vec![("login_hint", "")], 400, "invalid_request"),
        (vec![("id_token_hint", "x")], 400, "invalid_request"),
        (
            vec![("login_hint", ""), ("login_hint_token", "x")],
            400,
            "invalid_request",
        ),
        (vec![("login_hint", "nobody")], 400, "unknown_user_id"),
        (vec![("requested_expiry", "0")], 400, "invalid_request"),
        (vec![("requested_expiry", "-1")], 400, "invalid_request"),
        (vec![("requested_expiry", "soon")], 400, "invalid_request"),
        (
            vec![("binding_message", "a\nb")],
            400,
            "invalid_binding_message",
        ),
        (
            vec![("binding_message", "a\u{202e}b")],
            400,
            "invalid_binding_message",
        ),
        (
            vec![("resource", "https://elsewhere.example/")],
            400,
            "invalid_target",
        ),
    ] {
        ask(&world, &bank, &pairs).await.refused(status, code);
    }
    let long = "x".repeat(101);
    let answer = ask(&world, &bank, &[("binding_message", &long)]).await;
    answer.refused(400, "invalid_binding_message");
    let wrong = Registered {
        secret: "wrong".to_owned(),
        ..bank.clone()
    };
    ask(&world, &wrong, &[])
        .await
        .refused(401, "invalid_client");
    let other = Registration::new(&["client_credentials"], ClientDetails::default());
    let other = world.register(other).await;
    ask(&world, &other, &[])
        .await
        .refused(400, "unauthorized_client");
    let public = Registration {
        public: true,
        ..Registration::new(&[GRANT], ClientDetails::default())
    };
    let public = world.register(public).await;
    let named = [
        ("client_id", public.client_id.as_str()),
        ("scope", "openid"),
        ("login_hint", "dev"),
    ];
    let call = crate::wire::Call::post(PATH).form(&crate::pairs::Pairs::of(&named));
    world.send(call).await.refused(400, "unauthorized_client");
    world
        .client("push", |client| {
            client.grant_types = vec![GRANT.to_owned()];
            let details = std::sync::Arc::make_mut(&mut client.details);
            details.backchannel_token_delivery_mode = Some("push".to_owned());
        })
        .await;
    let push = Registered {
        client_id: "push".to_owned(),
        secret: world.set().client_secret.clone(),
    };
    ask(&world, &push, &[])
        .await
        .refused(400, "unauthorized_client");
    poll(&world, &bank, "x").await.refused(400, "invalid_grant");
}

/// Nobody is buried under requests, and those that were answered make room.
#[tokio::test]
async fn few_requests_of_a_client_wait_at_once() {
    let (world, bank) = world().await;
    for _ in 0..3 {
        begin(&world, &bank, &[]).await;
    }
    ask(&world, &bank, &[]).await.refused(403, "access_denied");
    let other = bank_of(&world).await;
    begin(&world, &other, &[]).await;
    let (mut browser, page) = person(&world).await;
    assert_eq!(page.body.matches("<form").count(), 4);
    let first = page
        .body
        .split_inclusive("</form>")
        .nth(1)
        .expect("the bank's newest");
    let page = browser
        .submit(&Form::of(first), &[("decision", "deny")])
        .await;
    assert_eq!(page.body.matches("<form").count(), 3, "{page:?}");
    begin(&world, &bank, &[]).await;
}

#[tokio::test]
async fn the_page_needs_a_login_and_its_own_forms() {
    let (world, bank) = world().await;
    let id = begin(&world, &bank, &[]).await;
    let (browser, page) = person(&world).await;
    let form = Form::of(&page.body);
    let allow = [("decision", "allow")];
    world.browser().submit(&form, &allow).await.error_page(403);
    let foreign = form.call(&allow).header("Origin", "https://evil.example");
    browser.clone().send(foreign).await.error_page(403);
    let mut other = browser.clone();
    other
        .submit(&form, &[("csrf", "x"), ("decision", "allow")])
        .await
        .error_page(403);
    other
        .submit(&form, &[("request", "x"), ("decision", "allow")])
        .await
        .error_page(400);
    other
        .submit(&form, &[("decision", "")])
        .await
        .error_page(400);
    let mut stranger = world.browser();
    let login = stranger.get("/account/requests").await;
    let mut skipped = Form::of(&login.body);
    skipped.action = "/account/requests".to_owned();
    let named = form.hidden.get("request").expect("its name").to_owned();
    let answer = stranger
        .submit(&skipped, &[("request", &named), ("decision", "allow")])
        .await;
    assert_eq!(Form::of(&answer.body).action, "/account/requests/login");
    let pending = poll(&world, &bank, &id).await;
    pending.refused(400, "authorization_pending");
}
