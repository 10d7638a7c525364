//! A person's own page: password, logins, applications, and that its forms are nobody else's.

use gatepass_proto::Secret;

use crate::browser::{Browser, Form};
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{Tokens, World, authorize};

const ACCOUNT: &str = "/account";
const NEW: &str = "correct horse battery staple";

/// A form of the account page, which has several.
pub(crate) fn form(page: &Answer, action: &str) -> Form {
    assert_eq!(page.status, 200, "{page:?}");
    let marked = format!("action=\"{action}\"");
    assert!(page.body.contains(&marked), "no {action} in {page:?}");
    let (_, after) = page
        .body
        .split_once("name=\"csrf\" value=\"")
        .expect("a token");
    let csrf = after.split('"').next().expect("its end");
    Form {
        action: action.to_owned(),
        hidden: Pairs::of(&[("csrf", csrf)]),
    }
}

/// The values of the buttons of this name.
fn buttons(page: &Answer, name: &str) -> Vec<String> {
    let mark = format!("name=\"{name}\" value=\"");
    let parts = page.body.split(&mark).skip(1);
    parts
        .filter_map(|part| part.split('"').next())
        .map(str::to_owned)
        .collect()
}

async fn at_home(world: &World) -> Browser {
    let (mut browser, set) = (world.browser(), world.set());
    let page = browser.log_in(ACCOUNT, &set.user, &set.password).await;
    assert!(page.body.contains("Your account"), "{page:?}");
    browser
}

async fn change(browser: &mut Browser, old: &str, new: &str, again: &str) -> Answer {
    let page = browser.get(ACCOUNT).await;
    let typed = [("old", old), ("new", new), ("again", again)];
    browser
        .submit(&form(&page, "/account/password"), &typed)
        .await
}

/// Asserts that the browser is shown the login page.
async fn is_stranger(browser: &mut Browser) {
    let page = browser.get(ACCOUNT).await;
    assert_eq!(Form::of(&page.body).action, "/account/login", "{page:?}");
}

#[tokio::test]
async fn it_takes_a_login() {
    let world = World::dev().await;
    is_stranger(&mut world.browser()).await;
    let mut browser = world.browser();
    let page = browser.get(ACCOUNT).await;
    let wrong = [("username", "dev"), ("password", "wrong")];
    let answer = browser.submit(&Form::of(&page.body), &wrong).await;
    assert_eq!(answer.status, 403);
    assert!(!answer.body.contains("Your account"));
    let page = at_home(&world).await.get(ACCOUNT).await;
    page.is_private();
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert!(page.body.contains("<bdi>dev</bdi>") && !page.body.contains("<script"));
    let noted = at_home(&world).await.get("/account?done=password").await;
    assert!(noted.body.contains("Your password is changed"));
    let odd = at_home(&world).await.get("/account?done=%3Cb%3E&x").await;
    assert!(odd.status == 200 && !odd.body.contains("<b>"));
}

#[tokio::test]
async fn its_forms_are_for_this_browser_alone() {
    let world = World::dev().await;
    let mut browser = at_home(&world).await;
    let page = browser.get(ACCOUNT).await;
    let set = world.set();
    let typed = [("old", set.password.as_str()), ("new", NEW), ("again", NEW)];
    for action in [
        "/account/password",
        "/account/logins",
        "/account/applications",
    ] {
        let own = match action {
            "/account/applications" => Form {
                action: action.to_owned(),
                ..form(&page, "/account/password")
            },
            _ => form(&page, action),
        };
        for (name, value) in [
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
            ("Sec-Fetch-Site", "cross-site"),
        ] {
            let call = own.call(&typed).header(name, value);
            browser.clone().send(call).await.error_page(403);
        }
        let forged = [&typed[..], &[("csrf", "x")]].concat();
        browser.clone().submit(&own, &forged).await.error_page(403);
        let bare = Call::post(action).form(&Pairs::of(&typed));
        browser.clone().send(bare).await.error_page(403);
        let mut other = at_home(&world).await;
        other.submit(&own, &typed).await.error_page(403);
        world.browser().submit(&own, &typed).await.error_page(403);
    }
    // Nothing has changed.
    at_home(&world).await;
}

#[tokio::test]
async fn a_new_password_takes_the_old_one_and_the_rules() {
    let world = World::dev().await;
    let password = world.set().password.clone();
    let mut browser = at_home(&world).await;
    for (old, new, again, status) in [
        ("wrong", NEW, NEW, 403),
        ("", NEW, NEW, 403),
        (password.as_str(), NEW, "another one altogether", 422),
        (&password, "short", "short", 422),
        (&password, "password1", "password1", 422),
        (&password, "", "", 422),
        (&password, &"x".repeat(1025), &"x".repeat(1025), 422),
        (&password, &password, &password, 422),
    ] {
        let answer = change(&mut browser, old, new, again).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.body.contains("role=\"alert\""));
        for secret in [NEW, "password1", &password] {
            assert!(!answer.body.contains(secret), "what was typed is not shown");
        }
    }
    at_home(&world).await;
}

/// Guesses at the old password are counted with those at the login page.
#[tokio::test]
async fn guesses_are_throttled() {
    let world = World::dev().await;
    let mut browser = at_home(&world).await;
    for _ in 0..10 {
        let answer = change(&mut browser, "wrong", NEW, NEW).await;
        assert_eq!(answer.status, 403);
    }
    let password = world.set().password.clone();
    let answer = change(&mut browser, &password, NEW, NEW).await;
    assert_eq!(answer.status, 429);
    assert!(answer.header("retry-after").is_some());
}

/// What was begun with the old password is over at once: logins, codes, refresh tokens, access tokens.
#[tokio::test]
async fn a_changed_password_ends_what_was_before() {
    let world = World::dev().await;
    let set = world.set();
    let mut elsewhere = at_home(&world).await;
    let mut browser = at_home(&world).await;
    let tokens = world.tokens().await;
    let code = world.code(&world.request()).await;
    let page = elsewhere.get(&authorize(&world.request())).await;
    let consent = Form::of(&page.body);
    world.lives(&tokens.access).await;

    let before = browser.clone();
    let answer = change(&mut browser, &set.password, NEW, NEW).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(answer.header("location"), Some("/account?done=password"));
    assert_ne!(browser.cookies, before.cookies);
    assert!(browser.get(ACCOUNT).await.body.contains("Your account"));
    is_stranger(&mut before.clone()).await;
    is_stranger(&mut elsewhere.clone()).await;
    let late = elsewhere.submit(&consent, &[("decision", "allow")]).await;
    assert_eq!(late.status, 403);
    world.redeem(&code).await.refused(400, "invalid_grant");
    world
        .refresh(&tokens.refresh)
        .await
        .refused(400, "invalid_grant");
    world.is_dead(&tokens.access).await;
    assert!(!world.is_active(&tokens.refresh).await);

    let mut fresh = world.browser();
    let page = fresh.get(ACCOUNT).await;
    let old = [("username", set.user.as_str()), ("password", &set.password)];
    assert_eq!(fresh.submit(&Form::of(&page.body), &old).await.status, 403);
    fresh.log_in(ACCOUNT, &set.user, NEW).await;
    // What begins with the new one lives.
    let back = fresh.decide(&authorize(&world.request()), "allow").await;
    let code = back.location().get("code").expect("a code").to_owned();
    let tokens = Tokens::of(&world.redeem(&code).await);
    world.lives(&tokens.access).await;
}

#[tokio::test]
async fn logins_are_listed_and_end() {
    let world = World::dev().await;
    let mut here = at_home(&world).await;
    let mut there = at_home(&world).await;
    let mut third = at_home(&world).await;
    let page = here.get(ACCOUNT).await;
    let own = form(&page, "/account/logins");
    let named = buttons(&page, "session");
    // This one, to log out; two others; and all others.
    assert_eq!(named.len(), 4, "{page:?}");
    for name in ["", "x", "gp_ss_x"] {
        here.submit(&own, &[("session", name)])
            .await
            .error_page(400);
    }
    let one = named.get(1).expect("another");
    let answer = here.submit(&own, &[("session", one)]).await;
    assert_eq!(answer.header("location"), Some("/account?done=login"));
    assert_eq!(buttons(&here.get(ACCOUNT).await, "session").len(), 2);
    // Once more is well enough.
    assert_eq!(here.submit(&own, &[("session", one)]).await.status, 303);
    assert_eq!(
        here.submit(&own, &[("session", "others")]).await.status,
        303
    );
    is_stranger(&mut there).await;
    is_stranger(&mut third).await;
    let before = here.clone();
    let answer = here
        .submit(&own, &[("session", named.first().expect("this"))])
        .await;
    assert_eq!(answer.header("location"), Some("/account"));
    is_stranger(&mut before.clone()).await;
}

/// A login of somebody else is not to be ended here, though one knows its name.
#[tokio::test]
async fn anothers_login_does_not_end() {
    let world = World::dev().await;
    let admin = world.admin().await;
    admin
        .add_user("other", &Secret::new(NEW))
        .await
        .expect("added");
    let mut victim = at_home(&world).await;
    let page = victim.get(ACCOUNT).await;
    let session = buttons(&page, "session").first().expect("this").clone();
    let mut other = world.browser();
    let page = other.log_in(ACCOUNT, "other", NEW).await;
    let own = form(&page, "/account/logins");
    assert_eq!(
        other.submit(&own, &[("session", &session)]).await.status,
        303
    );
    assert!(victim.get(ACCOUNT).await.body.contains("Your account"));
    let withdraw = Form {
        action: "/account/applications".to_owned(),
        ..own
    };
    let tokens = world.tokens().await;
    let client = world.set().client_id.as_str();
    assert_eq!(
        other.submit(&withdraw, &[("client", client)]).await.status,
        303
    );
    world.lives(&tokens.access).await;
}

#[tokio::test]
async fn an_application_loses_what_it_was_allowed() {
    let world = World::dev().await;
    let set = world.set();
    let first = world.tokens().await;
    let second = world.tokens().await;
    let form_of_public = Pairs::of(&[("client_id", &set.public_client_id)]);
    let code = world.code(&world.public_request()).await;
    let redeem = form_of_public
        .with_all(&crate::world::redemption(&code))
        .and("code_verifier", crate::world::VERIFIER);
    let bystander = Tokens::of(&world.send(Call::post("/oauth/token").form(&redeem)).await);

    let mut browser = at_home(&world).await;
    let page = browser.get(ACCOUNT).await;
    let mut clients = buttons(&page, "client");
    clients.sort();
    assert_eq!(clients, [set.client_id.as_str(), &set.public_client_id]);
    assert!(page.body.contains("Development client") && page.body.contains("See your data"));
    let own = form(&page, "/account/applications");
    let answer = browser.submit(&own, &[("client", &set.client_id)]).await;
    assert_eq!(answer.header("location"), Some("/account?done=application"));
    for tokens in [first, second] {
        world.is_dead(&tokens.access).await;
        world
            .refresh(&tokens.refresh)
            .await
            .refused(400, "invalid_grant");
    }
    world.lives(&bystander.access).await;
    assert_eq!(
        buttons(&browser.get(ACCOUNT).await, "client"),
        [set.public_client_id.as_str()]
    );
    assert_eq!(
        browser.submit(&own, &[("client", "nobody")]).await.status,
        303
    );
}

/// An operator's lock is felt at once, and what was begun before goes on when it is taken away.
#[tokio::test]
async fn a_locked_account_is_out_at_once() {
    let world = World::dev().await;
    let set = world.set();
    let admin = world.admin().await;
    let mut browser = at_home(&world).await;
    let tokens = world.tokens().await;
    let code = world.code(&world.request()).await;
    admin.lock_user(&set.user).await.expect("locked");
    world.is_dead(&tokens.access).await;
    world
        .refresh(&tokens.refresh)
        .await
        .refused(400, "invalid_grant");
    world.redeem(&code).await.refused(400, "invalid_grant");
    assert!(!world.is_active(&tokens.refresh).await);
    is_stranger(&mut browser).await;
    let page = browser.get(ACCOUNT).await;
    let typed = [("username", set.user.as_str()), ("password", &set.password)];
    assert_eq!(
        browser.submit(&Form::of(&page.body), &typed).await.status,
        403
    );
    admin.unlock_user(&set.user).await.expect("unlocked");
    world.lives(&tokens.access).await;
}

/// Somebody who knows the old password is out when an operator sets another.
#[tokio::test]
async fn an_operators_password_ends_what_was_before() {
    let world = World::dev().await;
    let set = world.set();
    let mut browser = at_home(&world).await;
    let tokens = world.tokens().await;
    let admin = world.admin().await;
    let weak = admin
        .set_password(&set.user, &Secret::new("password1"))
        .await;
    assert!(weak.is_err());
    world.lives(&tokens.access).await;
    admin
        .set_password(&set.user, &Secret::new(NEW))
        .await
        .expect("set");
    world.is_dead(&tokens.access).await;
    world
        .refresh(&tokens.refresh)
        .await
        .refused(400, "invalid_grant");
    is_stranger(&mut browser).await;
    world.browser().log_in(ACCOUNT, &set.user, NEW).await;
}
