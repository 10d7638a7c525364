//! Device authorization (RFC 8628): the endpoint, the page, and the polling.

use std::time::Duration;

use gatepass_proto::decide::details::ClientDetails;

use crate::browser::{Browser, Form};
use crate::pairs::Pairs;
use crate::registered::Registration;
use crate::wire::{Answer, Call};
use crate::world::{Tokens, World};

pub(crate) const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What the endpoint tells the device.
struct Device {
    device_code: String,
    user_code: String,
}

async fn begin(world: &World) -> Device {
    let answer = ask(world, &[("scope", "read write")]).await;
    answer.good();
    Device {
        device_code: answer.text("device_code"),
        user_code: answer.text("user_code"),
    }
}

/// A request of the public client.
async fn ask(world: &World, pairs: &[(&str, &str)]) -> Answer {
    let pairs = Pairs::of(pairs).and("client_id", &world.set().public_client_id);
    world
        .send(Call::post("/oauth/device_authorization").form(&pairs))
        .await
}

async fn poll(world: &World, device_code: &str) -> Answer {
    let pairs = Pairs::of(&[("grant_type", GRANT), ("device_code", device_code)])
        .and("client_id", &world.set().public_client_id);
    world.send(Call::post("/oauth/token").form(&pairs)).await
}

/// Types a code into the page; where that leads.
async fn typed(browser: &mut Browser, code: &str) -> Answer {
    let page = browser.get("/device").await;
    assert_eq!(page.status, 200, "{page:?}");
    let form = Form::of(&page.body);
    browser.submit(&form, &[("user_code", code)]).await
}

/// Types a code and logs in: the consent page.
async fn consent_page(world: &World, browser: &mut Browser, code: &str) -> Answer {
    let answer = typed(browser, code).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let set = world.set();
    let login = answer.header("location").expect("a Location").to_owned();
    browser.log_in(&login, &set.user, &set.password).await
}

async fn answered(world: &World, code: &str, decision: &str) {
    let mut browser = world.browser();
    let page = consent_page(world, &mut browser, code).await;
    let form = Form::of(&page.body);
    let done = browser.submit(&form, &[("decision", decision)]).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert!(!done.body.contains("<form"));
}

#[tokio::test]
async fn from_the_code_to_the_tokens() {
    let world = World::dev().await;
    let answer = ask(&world, &[("scope", "read write")]).await;
    let said = answer.good().json();
    let code = answer.text("user_code");
    let page = format!("{}/device", world.issuer);
    assert_eq!(said["verification_uri"], page.as_str());
    let complete = format!("{page}?user_code={code}");
    assert_eq!(said["verification_uri_complete"], complete.as_str());
    assert_eq!(said["expires_in"], 600);
    assert_eq!(said["interval"], 5);
    let device_code = answer.text("device_code");
    assert!(device_code.starts_with("gp_dc_"));

    let pending = poll(&world, &device_code).await;
    pending.refused(400, "authorization_pending");
    poll(&world, &device_code).await.refused(400, "slow_down");

    let mut browser = world.browser();
    let sloppy = code.to_lowercase().replace('-', " ");
    let consent = consent_page(&world, &mut browser, &sloppy).await;
    assert_eq!(consent.status, 200, "{consent:?}");
    for shown in [
        "Development client (public)",
        &code,
        "Did somebody send you this",
        "<code>write</code>",
    ] {
        assert!(consent.body.contains(shown), "{shown}: {consent:?}");
    }
    let form = Form::of(&consent.body);
    let done = browser.submit(&form, &[("decision", "allow")]).await;
    assert_eq!(done.status, 200, "{done:?}");
    let tokens = Tokens::of(&poll(&world, &device_code).await);
    world.lives(&tokens.access).await;

    poll(&world, &device_code)
        .await
        .refused(400, "invalid_grant");
    world.lives(&tokens.access).await;
    // The form again, and the code again: both are over.
    let again = browser.submit(&form, &[("decision", "allow")]).await;
    assert_eq!(again.status, 403, "{again:?}");
    assert_eq!(typed(&mut browser, &code).await.status, 403);
}

/// RFC 8628 §5.4: whoever follows a link that somebody sent sees the code first, logged in or not.
#[tokio::test]
async fn a_link_with_the_code_is_confirmed_too() {
    let world = World::dev().await;
    let device = begin(&world).await;
    let link = format!("/device?user_code={}", device.user_code);
    for mut browser in [world.browser(), world.logged_in().await] {
        let page = browser.get(&link).await;
        assert_eq!(Form::of(&page.body).action, "/device");
        assert!(page.body.contains(&device.user_code));
        assert!(page.body.contains("If you have no such device"));
    }
    // The mark of one browser is worth nothing in another.
    let mut own = world.logged_in().await;
    let next = typed(&mut own, &device.user_code).await;
    let marked = next.header("location").expect("a Location").to_owned();
    let consent = own.get(&marked).await;
    assert!(
        Form::of(&consent.body)
            .action
            .starts_with("/device/decision?")
    );
    for mut other in [world.browser(), world.logged_in().await] {
        let page = other.get(&marked).await;
        assert_eq!(Form::of(&page.body).action, "/device");
        let mut form = Form::of(&page.body);
        form.action = Form::of(&consent.body).action;
        let answer = other.submit(&form, &[("decision", "allow")]).await;
        answer.error_page(403);
    }
    let pending = poll(&world, &device.device_code).await;
    pending.refused(400, "authorization_pending");
}

#[tokio::test]
async fn forms_from_elsewhere_are_refused() {
    let world = World::dev().await;
    let device = begin(&world).await;
    let mut browser = world.browser();
    let page = consent_page(&world, &mut browser, &device.user_code).await;
    let form = Form::of(&page.body);
    let allow = [("decision", "allow")];
    let foreign = form.call(&allow).header("Origin", "https://evil.example");
    browser.clone().send(foreign).await.error_page(403);
    world.browser().submit(&form, &allow).await.error_page(403);
    for wrong in [("csrf", "x"), ("decision", "maybe")] {
        let status = if wrong.0 == "csrf" { 403 } else { 400 };
        let pairs = [("decision", "allow"), wrong];
        let answer = browser.submit(&form, &pairs).await;
        answer.error_page(status);
    }
    for path in ["/device", "/device/login", "/device/decision"] {
        let call = Call::post(path).form(&Pairs::of(&[("user_code", &device.user_code)]));
        browser.clone().send(call).await.error_page(403);
    }
    let mut stranger = world.browser();
    let next = typed(&mut stranger, &device.user_code).await;
    let login = stranger
        .get(next.header("location").expect("a Location"))
        .await;
    let mut skipped = Form::of(&login.body);
    skipped.action = skipped.action.replace("/device/login", "/device/decision");
    stranger.submit(&skipped, &allow).await.error_page(403);
    let pending = poll(&world, &device.device_code).await;
    pending.refused(400, "authorization_pending");
}

#[tokio::test]
async fn a_no_is_told_to_the_device() {
    let world = World::dev().await;
    let device = begin(&world).await;
    answered(&world, &device.user_code, "deny").await;
    for _ in 0..2 {
        let answer = poll(&world, &device.device_code).await;
        answer.refused(400, "access_denied");
    }
}

#[tokio::test]
async fn a_code_expires() {
    let soon = Duration::from_secs(1);
    let world = World::dev_with(|config| config.lifetimes.elsewhere = soon).await;
    let device = begin(&world).await;
    tokio::time::sleep(soon).await;
    let answer = poll(&world, &device.device_code).await;
    answer.refused(400, "expired_token");
    let page = typed(&mut world.browser(), &device.user_code).await;
    assert_eq!(page.status, 403, "{page:?}");
}

#[tokio::test]
async fn a_code_is_bound_to_its_client() {
    let world = World::dev().await;
    let device = begin(&world).await;
    answered(&world, &device.user_code, "allow").await;
    let pairs = [("grant_type", GRANT), ("device_code", &device.device_code)];
    world.token(&pairs).await.refused(400, "invalid_grant");
    Tokens::of(&poll(&world, &device.device_code).await);
}

#[tokio::test]
async fn whoever_is_locked_after_saying_yes_gives_nothing() {
    let world = World::dev().await;
    let device = begin(&world).await;
    answered(&world, &device.user_code, "allow").await;
    world.lock_user().await;
    let answer = poll(&world, &device.device_code).await;
    answer.refused(400, "invalid_grant");
}

#[tokio::test]
async fn guesses_are_counted() {
    let world = World::dev().await;
    let device = begin(&world).await;
    let mut browser = world.browser();
    for wrong in [
        "BBBB-BBBB",
        "",
        "x",
        "BBBB-BBBC",
        "é",
        "BBBBBBBD",
        "1",
        "2",
        "3",
        "4",
    ] {
        let page = typed(&mut browser, wrong).await;
        assert_eq!(page.status, 403, "{wrong} {page:?}");
        assert!(page.body.contains("role=\"alert\""));
    }
    let page = typed(&mut browser, &device.user_code).await;
    assert_eq!(page.status, 429, "{page:?}");
    assert!(page.header("retry-after").is_some());
    // Another browser of that address may still.
    let other = typed(&mut world.browser(), &device.user_code).await;
    assert_eq!(other.status, 303, "{other:?}");
}

#[tokio::test]
async fn right_codes_are_not_counted() {
    let world = World::dev().await;
    let device = begin(&world).await;
    let mut browser = world.browser();
    for _ in 0..15 {
        assert_eq!(typed(&mut browser, &device.user_code).await.status, 303);
    }
}

#[tokio::test]
async fn requests_are_refused_in_the_standards_words() {
    let world = World::dev().await;
    let path = "/oauth/device_authorization";
    let nobody = world.send(Call::post(path).form(&Pairs::default())).await;
    nobody.refused(401, "invalid_client");
    let set = world.set();
    let wrong = Call::post(path).basic(&set.client_id, "wrong");
    let wrong = wrong.form(&Pairs::of(&[("scope", "read")]));
    world.send(wrong).await.refused(401, "invalid_client");
    for (pairs, code) in [
        ([("scope", "read admin")], "invalid_scope"),
        ([("scope", "\"")], "invalid_scope"),
        (
            [("resource", "https://elsewhere.example/")],
            "invalid_target",
        ),
    ] {
        ask(&world, &pairs).await.refused(400, code);
    }
    let json = Call::post(path).json(&format!("{{\"client_id\":{:?}}}", set.public_client_id));
    world.send(json).await.refused(400, "invalid_request");
    let other = Registration::new(&["client_credentials"], ClientDetails::default());
    let other = world.register(other).await;
    let answer = world.send(other.call(path, &[])).await;
    answer.refused(400, "unauthorized_client");
    for (pairs, code) in [
        (vec![("grant_type", GRANT)], "invalid_request"),
        (
            vec![("grant_type", GRANT), ("device_code", "x")],
            "invalid_grant",
        ),
    ] {
        world.token(&pairs).await.refused(400, code);
    }
}

/// The person logs out of the browser in which they let the device in, and the device stays in.
#[tokio::test]
async fn a_logout_in_the_browser_is_not_the_devices() {
    let world = World::dev().await;
    let device = begin(&world).await;
    let mut browser = world.browser();
    let page = consent_page(&world, &mut browser, &device.user_code).await;
    let form = Form::of(&page.body);
    browser.submit(&form, &[("decision", "allow")]).await;
    let tokens = Tokens::of(&poll(&world, &device.device_code).await);
    let page = browser.get("/oauth/logout").await;
    let answer = browser.submit(&Form::of(&page.body), &[]).await;
    assert!(answer.body.contains("Logged out"), "{answer:?}");
    world.lives(&tokens.access).await;
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
        ("client_id", &world.set().public_client_id),
    ];
    let call = Call::post("/oauth/token").form(&Pairs::of(&pairs));
    Tokens::of(&world.send(call).await);
}
