//! Login and consent forms: only our own pages may send them, and only by the browser they were given to.

use crate::browser::Form;
use crate::wire::Answer;
use crate::world::{World, authorize};

const OOB: &str = "urn:ietf:wg:oauth:2.0:oob";

/// Asserts that a page cannot be framed, cached or made to run anything.
fn is_safe(page: &Answer) {
    page.is_private();
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(!page.body.contains("<script"), "{page:?}");
}

#[tokio::test]
async fn login_takes_our_own_form_only() {
    let world = World::dev().await;
    let set = world.set();
    let typed = [("username", set.user.as_str()), ("password", &set.password)];
    let mut browser = world.browser();
    let page = browser.get(&authorize(&world.request())).await;
    is_safe(&page);
    let form = Form::of(&page.body);
    let foreign = [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    for (name, value) in foreign {
        let call = form.call(&typed).header(name, value);
        browser.clone().send(call).await.error_page(403);
    }
    world.browser().submit(&form, &typed).await.error_page(403);
    let mut other = world.browser();
    other.get(&authorize(&world.request())).await;
    other.submit(&form, &typed).await.error_page(403);
    for csrf in ["", "x", &form.hidden.get("csrf").expect("csrf")[1..]] {
        let typed = [&typed[..], &[("csrf", csrf)]].concat();
        browser.submit(&form, &typed).await.error_page(403);
    }
    let call = form.call(&typed);
    let ours = call
        .header("Origin", world.issuer.as_str())
        .header("Sec-Fetch-Site", "same-origin");
    assert_eq!(browser.send(ours).await.status, 303);
}

#[tokio::test]
async fn consent_takes_our_own_form_only() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let page = browser.get(&authorize(&world.request())).await;
    is_safe(&page);
    let form = Form::of(&page.body);
    let allow = [("decision", "allow")];
    for (name, value) in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
    ] {
        let call = form.call(&allow).header(name, value);
        browser.clone().send(call).await.error_page(403);
    }
    world.browser().submit(&form, &allow).await.error_page(403);
    let other = world.logged_in().await;
    other.clone().submit(&form, &allow).await.error_page(403);
    let typed = [("decision", "allow"), ("csrf", "x")];
    browser.submit(&form, &typed).await.error_page(403);
    for decision in ["", "yes", "ALLOW"] {
        let answer = browser.submit(&form, &[("decision", decision)]).await;
        answer.error_page(400);
    }
    browser.submit(&form, &[]).await.error_page(400);
    let answer = browser.submit(&form, &allow).await;
    assert!(answer.location().get("code").is_some());
}

#[tokio::test]
async fn forms_are_forms() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let form = Form::of(&browser.get(&authorize(&world.request())).await.body);
    let text = form.hidden.clone().and("decision", "allow").form();
    for (content_type, body, status) in [
        ("text/plain", text.clone(), 400),
        ("application/json", "{}".to_owned(), 400),
        (
            "application/x-www-form-urlencoded",
            format!("{text}&decision=deny"),
            400,
        ),
        (
            "application/x-www-form-urlencoded",
            format!("{text}&x=%zz"),
            400,
        ),
        (
            "application/x-www-form-urlencoded",
            format!("{text}&x={}", "a".repeat(70_000)),
            413,
        ),
    ] {
        let call = crate::wire::Call::post(form.action.as_str()).body(content_type, body);
        browser.send(call).await.error_page(status);
    }
}

/// The consent page's form without a session leads to the login page, and to no code.
#[tokio::test]
async fn consent_needs_a_session() {
    let world = World::dev().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize(&world.request())).await;
    let mut form = Form::of(&page.body);
    form.action = form.action.replace("/oauth/login", "/oauth/consent");
    let answer = browser.submit(&form, &[("decision", "allow")]).await;
    assert_eq!(answer.status, 403, "{answer:?}");
    assert_eq!(answer.header("location"), None);
    assert!(Form::of(&answer.body).action.starts_with("/oauth/login?"));
}

#[tokio::test]
async fn a_no_is_told_to_the_client() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let answer = browser.decide(&authorize(&world.request()), "deny").await;
    answer.is_private();
    let back = answer.location();
    assert_eq!(back.get("error"), Some("access_denied"));
    assert_eq!(back.get("state"), Some("s1"));
    assert_eq!(back.get("iss"), Some(world.issuer.as_str()));
    assert_eq!(back.get("code"), None);
}

#[tokio::test]
async fn out_of_band_the_code_is_shown_and_goes_nowhere() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let request = world.request().with("redirect_uri", OOB);
    let page = browser.decide(&authorize(&request), "allow").await;
    assert_eq!(page.status, 200, "{page:?}");
    is_safe(&page);
    assert!(!page.body.contains("<form"));
    assert_eq!(page.header("location"), None);
    let (_, after) = page.body.split_once("<code id=\"code\"").expect("the code");
    let code = after.split(['>', '<']).nth(1).expect("the code's text");
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", OOB),
    ];
    world.token(&pairs).await.good();
    let no = browser.decide(&authorize(&request), "deny").await;
    no.error_page(403);
    let wrong = request.with("response_type", "token");
    browser.get(&authorize(&wrong)).await.error_page(400);
}

#[tokio::test]
async fn what_was_typed_is_shown_as_text() {
    let world = World::dev().await;
    let mut browser = world.browser();
    let page = browser.get(&authorize(&world.request())).await;
    let nasty = "\"><script>alert(1)</script>";
    let typed = [("username", nasty), ("password", "wrong")];
    let answer = browser.submit(&Form::of(&page.body), &typed).await;
    assert_eq!(answer.status, 403);
    assert!(!answer.body.contains("<script"), "{answer:?}");
    let state = world.request().with("state", nasty);
    let page = browser.get(&authorize(&state)).await;
    assert!(!page.body.contains("<script"), "{page:?}");
}
