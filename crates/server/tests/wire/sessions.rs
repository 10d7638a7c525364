//! Sessions: a new one at every login, nothing planted, nothing left over.

use std::time::Duration;

use crate::browser::Form;
use crate::wire::Call;
use crate::world::{World, authorize};

fn shows_consent(body: &str) -> bool {
    Form::of(body).action.starts_with("/oauth/consent?")
}

#[tokio::test]
async fn the_cookie_changes_at_login_and_the_old_one_is_no_session() {
    let world = World::dev().await;
    let set = world.set();
    let target = authorize(&world.request());
    for planted in [None, Some("planted"), Some("gp_ss_planted")] {
        let mut browser = world.browser();
        if let Some(value) = planted {
            browser
                .cookies
                .insert("gatepass".to_owned(), value.to_owned());
        }
        browser.get(&target).await;
        let before = browser.cookies.clone();
        assert_eq!(before.len(), 1);
        let page = browser.log_in(&target, &set.user, &set.password).await;
        assert!(shows_consent(&page.body));
        assert_ne!(browser.cookies, before);
        let mut fixed = world.browser();
        fixed.cookies = before;
        assert!(!shows_consent(&fixed.get(&target).await.body));
    }
}

/// Whoever logs in again, as themselves or as somebody else, leaves no second way in behind.
#[tokio::test]
async fn logging_in_again_ends_the_session_before() {
    let world = World::dev().await;
    let set = world.set();
    let target = authorize(&world.request());
    let mut browser = world.logged_in().await;
    let first = browser.clone();
    let page = browser.get(&target).await;
    let mut form = Form::of(&page.body);
    form.action = form.action.replace("/oauth/consent", "/oauth/login");
    let typed = [("username", set.user.as_str()), ("password", &set.password)];
    assert_eq!(browser.submit(&form, &typed).await.status, 303);
    assert_ne!(browser.cookies, first.cookies);
    assert!(shows_consent(&browser.get(&target).await.body));
    assert!(!shows_consent(&first.clone().get(&target).await.body));
}

#[tokio::test]
async fn a_wrong_password_makes_no_session() {
    let world = World::dev().await;
    let target = authorize(&world.request());
    let mut browser = world.browser();
    let page = browser.get(&target).await;
    let form = Form::of(&page.body);
    for typed in [
        [("username", "dev"), ("password", "wrong")],
        [("username", "nobody"), ("password", "wrong")],
        [("username", "dev"), ("password", "")],
        [("username", ""), ("password", "wrong")],
    ] {
        let answer = browser.submit(&form, &typed).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(!shows_consent(&answer.body));
        assert!(!shows_consent(&browser.get(&target).await.body));
    }
}

#[tokio::test]
async fn a_session_ends() {
    let world = World::dev_with(|config| config.lifetimes.session = Duration::from_secs(2)).await;
    let target = authorize(&world.request());
    let mut browser = world.logged_in().await;
    let page = browser.get(&target).await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    let answer = browser
        .submit(&Form::of(&page.body), &[("decision", "allow")])
        .await;
    assert_eq!(answer.status, 403);
    assert!(!shows_consent(&answer.body));
}

#[tokio::test]
async fn cookies_have_their_attributes() {
    let world = World::dev().await;
    let answer = world.send(Call::get(authorize(&world.request()))).await;
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("gatepass=gp_ss_"), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    let tls = World::dev_with(|config| config.issuer = Some("https://as.example".to_owned())).await;
    let answer = tls.send(Call::get(authorize(&tls.request()))).await;
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-gatepass="), "{cookie}");
    assert!(cookie.ends_with("; Secure"), "{cookie}");
}
