//! What an authentication request says of the login (OpenID Connect Core 1.0 §3.1.2.1 to §3.1.2.6).

use serde_json::json;

use crate::browser::{Browser, Form};
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{World, authorize};

/// Asserts a refusal that went back to the client, with everything that belongs to it.
fn sent_back(world: &World, answer: &Answer, error: &str) {
    let back = answer.location();
    assert_eq!(back.get("error"), Some(error), "{answer:?}");
    assert_eq!(back.get("state"), Some("s1"));
    assert_eq!(back.get("iss"), Some(world.issuer.as_str()));
    assert_eq!(back.get("code"), None);
}

fn is_login(page: &Answer) -> &Answer {
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("type=\"password\""), "{page:?}");
    page
}

fn is_consent(page: &Answer) -> &Answer {
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("value=\"allow\""), "{page:?}");
    page
}

async fn get(browser: &mut Browser, request: &Pairs) -> Answer {
    browser.get(&authorize(request)).await
}

#[tokio::test]
async fn none_shows_no_page_to_anybody() {
    let world = World::dev().await;
    let silent = world.openid().with("prompt", "none");
    sent_back(
        &world,
        &get(&mut world.browser(), &silent).await,
        "login_required",
    );
    let mut browser = world.logged_in().await;
    sent_back(
        &world,
        &get(&mut browser, &silent).await,
        "consent_required",
    );
    // Once agreed to, a code comes at once; for more than that it does not.
    browser.decide(&authorize(&world.openid()), "allow").await;
    let answer = get(&mut browser, &silent).await;
    let code = answer.location().get("code").expect("a code").to_owned();
    let answer = world.redeem(&code).await;
    world.checked(&answer, Some("n1")).await;
    let more = silent.clone().with("scope", "openid email");
    sent_back(&world, &get(&mut browser, &more).await, "consent_required");
    browser
        .decide(&authorize(&more.clone().without("prompt")), "allow")
        .await;
    for covered in [&more, &silent] {
        assert!(
            get(&mut browser, covered)
                .await
                .location()
                .get("code")
                .is_some()
        );
    }
    // What one client was allowed is no other's, and another browser has no login.
    world.detailed("other", |_| ()).await;
    let other = silent.clone().with("client_id", "other");
    sent_back(&world, &get(&mut browser, &other).await, "consent_required");
    sent_back(
        &world,
        &get(&mut world.browser(), &silent).await,
        "login_required",
    );
}

#[tokio::test]
async fn a_denial_is_not_remembered_as_a_consent() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    browser.decide(&authorize(&world.openid()), "deny").await;
    let silent = world.openid().with("prompt", "none");
    sent_back(
        &world,
        &get(&mut browser, &silent).await,
        "consent_required",
    );
}

#[tokio::test]
async fn what_was_withdrawn_is_not_remembered() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let silent = world.openid().with("prompt", "none");
    let answer = browser.decide(&authorize(&world.openid()), "allow").await;
    let code = answer.location().get("code").expect("a code").to_owned();
    world.redeem(&code).await.good();
    let answer = get(&mut browser, &silent).await;
    assert!(answer.location().get("code").is_some());
    let admin = world.admin().await;
    let ended = admin.revoke_grants_of(&world.set().user, None).await;
    assert_eq!(ended.expect("it answers"), 1);
    let answer = get(&mut browser, &silent).await;
    sent_back(&world, &answer, "consent_required");
}

/// RFC 8252 §8.6: anybody can say that they are a public client.
#[tokio::test]
async fn a_public_client_is_never_answered_silently() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let request = world.public_request().with("scope", "openid");
    let answer = browser.decide(&authorize(&request), "allow").await;
    assert!(answer.location().get("code").is_some());
    let silent = request.with("prompt", "none");
    sent_back(
        &world,
        &get(&mut browser, &silent).await,
        "consent_required",
    );
}

#[tokio::test]
async fn prompts_that_contradict_themselves_go_back() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    for (name, value, error) in [
        ("prompt", "none login", "invalid_request"),
        ("prompt", "create", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "x", "invalid_request"),
        ("claims", "{", "invalid_request"),
        ("claims", "[]", "invalid_request"),
        ("id_token_hint", "x", "invalid_request"),
        ("nonce", &"n".repeat(2049), "invalid_request"),
        ("registration", "{}", "registration_not_supported"),
        ("response_mode", "fragment", "invalid_request"),
    ] {
        let request = world.openid().with(name, value);
        sent_back(&world, &get(&mut browser, &request).await, error);
    }
}

#[tokio::test]
async fn login_asks_for_the_password_again_and_once() {
    let world = World::dev().await;
    let set = world.set();
    for prompt in [
        ("prompt", "login"),
        ("prompt", "select_account"),
        ("max_age", "0"),
    ] {
        let mut browser = world.logged_in().await;
        let before = browser.cookies.clone();
        let request = world.openid().with(prompt.0, prompt.1);
        is_login(&get(&mut browser, &request).await);
        let page = browser
            .log_in(&authorize(&request), &set.user, &set.password)
            .await;
        is_consent(&page);
        assert_ne!(browser.cookies, before, "a new session");
        let answer = browser
            .submit(&Form::of(&page.body), &[("decision", "allow")])
            .await;
        let code = answer.location().get("code").expect("a code").to_owned();
        let mut expect = world.expect(&set.client_id);
        expect.nonce = Some("n1".to_owned());
        expect.max_age = Some(0);
        world.checked_by(&world.redeem(&code).await, &expect).await;
        // The next time it is asked for again.
        is_login(&get(&mut browser, &request).await);
        let other = request.with("state", "s2");
        is_login(&get(&mut browser, &other).await);
    }
}

/// The mark of a login is good for its request and its session alone.
#[tokio::test]
async fn a_login_cannot_be_passed_by() {
    let world = World::dev().await;
    let set = world.set();
    let request = world.openid().with("prompt", "login");
    let target = authorize(&request);
    let mut browser = world.logged_in().await;
    let page = browser.get(&target).await;
    let typed = [("username", set.user.as_str()), ("password", &set.password)];
    let answer = browser.submit(&Form::of(&page.body), &typed).await;
    let marked = answer.header("location").expect("a Location").to_owned();
    is_consent(&browser.get(&marked).await);
    // Another session, another request, another mark, and none.
    is_login(&world.logged_in().await.get(&marked).await);
    let (_, mark) = marked.rsplit_once("&logged_in=").expect("a mark");
    let other = authorize(&request.clone().with("state", "s2"));
    for forged in [
        format!("{other}&logged_in={mark}"),
        format!("{target}&logged_in=x"),
        format!("{target}&logged_in="),
        format!("{target}&logged_in"),
    ] {
        is_login(&browser.get(&forged).await);
    }
    // The consent page of a request that wanted no login cannot be bent to one that does.
    let page = browser.get(&authorize(&world.openid())).await;
    let mut form = Form::of(&page.body);
    form.action = form.action.replace("state=s1", "state=s1&prompt=login");
    let answer = browser.submit(&form, &[("decision", "allow")]).await;
    assert_eq!(answer.header("location"), None, "{answer:?}");
    assert!(answer.body.contains("type=\"password\""));
}

#[tokio::test]
async fn max_age_counts_from_the_login() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let young = world.openid().with("max_age", "3600");
    is_consent(&get(&mut browser, &young).await);
    let silent = world
        .openid()
        .with_all(&[("prompt", "none"), ("max_age", "0")]);
    browser.decide(&authorize(&world.openid()), "allow").await;
    sent_back(&world, &get(&mut browser, &silent).await, "login_required");
    let silent = silent.with("max_age", "3600");
    assert!(
        get(&mut browser, &silent)
            .await
            .location()
            .get("code")
            .is_some()
    );
    world
        .detailed("careful", |details| details.default_max_age = Some(0))
        .await;
    let careful = world.openid().with("client_id", "careful");
    is_login(&get(&mut browser, &careful).await);
    // What the request says counts more than what is registered.
    is_consent(&get(&mut browser, &careful.with("max_age", "3600")).await);
}

#[tokio::test]
async fn consent_is_asked_for_even_where_it_was_given() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    browser.decide(&authorize(&world.openid()), "allow").await;
    let request = world.openid().with("prompt", "consent");
    is_consent(&get(&mut browser, &request).await);
}

#[tokio::test]
async fn a_login_hint_is_typed_already() {
    let world = World::dev().await;
    let request = world.openid().with("login_hint", "\"><b>ann@example.com");
    let page = get(&mut world.browser(), &request).await;
    assert!(!page.body.contains("<b>"), "{page:?}");
    assert!(page.body.contains("ann@example.com\""), "{page:?}");
    is_consent(&get(&mut world.logged_in().await, &request).await);
    let long = world.openid().with("login_hint", &"x".repeat(300));
    let page = get(&mut world.browser(), &long).await;
    assert!(
        page.body
            .contains("name=\"username\" type=\"text\" value=\"\""),
        "{page:?}"
    );
}

#[tokio::test]
async fn an_id_token_hint_names_the_only_person_who_will_do() {
    let world = World::dev().await;
    let set = world.set();
    let answer = world.redeem(&world.code(&world.openid()).await).await;
    let hint = answer.text("id_token");
    let request = world.openid().with("id_token_hint", &hint);
    is_consent(&get(&mut world.logged_in().await, &request).await);

    let password = gatepass_proto::Secret::new("correct horse battery staple");
    world
        .admin()
        .await
        .add_user("ann", &password)
        .await
        .expect("added");
    let mut browser = world.browser();
    let plain = authorize(&world.openid());
    is_consent(&browser.log_in(&plain, "ann", password.expose()).await);
    browser.decide(&plain, "allow").await;
    let silent = request.clone().with("prompt", "none");
    sent_back(&world, &get(&mut browser, &silent).await, "login_required");
    // Others may log in as that person; who logs in as another is sent back.
    is_login(&get(&mut browser, &request).await);
    let page = browser
        .log_in(&authorize(&request), &set.user, &set.password)
        .await;
    is_consent(&page);
    let mut browser = world.browser();
    let answer = browser
        .log_in(&authorize(&request), "ann", password.expose())
        .await;
    sent_back(&world, &answer, "login_required");
    // Nor does the claims parameter admit another.
    let claims = json!({ "id_token": { "sub": { "value": "us_somebody" } } }).to_string();
    let named = world
        .openid()
        .with_all(&[("claims", &claims), ("prompt", "none")]);
    sent_back(&world, &get(&mut browser, &named).await, "login_required");
    // A hint for another client is none.
    world.detailed("other", |_| ()).await;
    let other = request.with("client_id", "other");
    sent_back(&world, &get(&mut browser, &other).await, "invalid_request");
    let access = world
        .openid()
        .with("id_token_hint", &answer_access(&world).await);
    sent_back(&world, &get(&mut browser, &access).await, "invalid_request");
}

async fn answer_access(world: &World) -> String {
    let answer = world.redeem(&world.code(&world.openid()).await).await;
    answer.text("access_token")
}

#[tokio::test]
async fn an_acr_that_is_essential_is_had_or_refused() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let with = |essential: bool, value: &str| {
        let acr = json!({ "essential": essential, "values": [value] });
        let claims = json!({ "id_token": { "acr": acr } }).to_string();
        world.openid().with("claims", &claims)
    };
    let answer = get(&mut browser, &with(true, "gold")).await;
    sent_back(&world, &answer, "unmet_authentication_requirements");
    is_consent(&get(&mut browser, &with(false, "gold")).await);
    is_consent(&get(&mut browser, &with(true, "urn:gatepass:acr:password")).await);
    is_consent(
        &get(
            &mut browser,
            &world.openid().with("acr_values", "gold silver"),
        )
        .await,
    );
}

#[tokio::test]
async fn what_only_touches_the_looks_is_admitted() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let request = world.openid().with_all(&[
        ("display", "touch"),
        ("ui_locales", "fr-CA fr en"),
        ("claims_locales", "de"),
        ("unheard_of", "x"),
    ]);
    is_consent(&get(&mut browser, &request).await);
}

#[tokio::test]
async fn a_request_may_be_posted() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let request = world.openid().with("state", "a b&c=d\u{e4}");
    let post = |pairs: &Pairs| Call::post("/oauth/authorize").form(pairs);
    let answer = browser.send(post(&request)).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let next = answer.header("location").expect("a Location").to_owned();
    assert!(next.starts_with("/oauth/authorize?"), "{next}");
    let page = browser.get(&next).await;
    is_consent(&page);
    let answer = browser
        .submit(&Form::of(&page.body), &[("decision", "allow")])
        .await;
    assert_eq!(answer.location().get("state"), Some("a b&c=d\u{e4}"));
    // No page of ours may be led astray by it.
    for call in [
        Call::post("/oauth/authorize"),
        Call::post("/oauth/authorize").json("{}"),
        post(&request.clone().and("state", "s2")),
        post(&request.clone().with("claims", &"x".repeat(16_384))),
    ] {
        let answer = browser.send(call).await;
        assert!((400..500).contains(&answer.status), "{answer:?}");
        assert_eq!(answer.header("location"), None);
    }
    // What is wrong with it is said as for a GET.
    let answer = browser
        .send(post(&request.with("redirect_uri", "https://evil.example")))
        .await;
    let next = answer.header("location").expect("a Location").to_owned();
    browser.get(&next).await.error_page(400);
}
