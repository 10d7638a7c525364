//! Clients are told when a login ends (OpenID Connect Back-Channel Logout 1.0), and what ends with it.

use gatepass_proto::jose::VerifiedJws;
use gatepass_proto::{Digest, Secret};
use gatepass_server::EndGrants;
use serde_json::{Value, json};

use crate::account;
use crate::browser::{Browser, Form};
use crate::forge::now;
use crate::id_tokens::part;
use crate::pairs::Pairs;
use crate::receiver::{Receiver, until};
use crate::wire::Call;
use crate::world::{Tokens, World, authorize};

const NEW: &str = "correct horse battery staple";

/// A client that wants to be told, and the server that hears it.
async fn told(world: &World, id: &str) -> Receiver {
    let receiver = Receiver::new().await;
    let uri = Some(receiver.uri());
    world
        .detailed(id, |details| details.backchannel_logout_uri = uri)
        .await;
    receiver
}

/// The ID token that this client gets for the login of this browser.
async fn id_token(world: &World, browser: &mut Browser, client_id: &str) -> String {
    let request = world.openid().with("client_id", client_id);
    let code = code(browser, &request).await;
    world
        .redeem_as(client_id, &code)
        .await
        .good()
        .text("id_token")
}

async fn code(browser: &mut Browser, request: &Pairs) -> String {
    let page = browser.get(&authorize(request)).await;
    // Who has said yes once is not asked again.
    let answer = match page.status {
        303 => page,
        _ => {
            let allow = [("decision", "allow")];
            browser.submit(&Form::of(&page.body), &allow).await
        }
    };
    let back = answer.location();
    back.get("code").expect("a code").to_owned()
}

async fn log_out(browser: &mut Browser, id_token: &str) {
    let query = Pairs::of(&[("id_token_hint", id_token)]);
    let answer = browser
        .get(&format!("/oauth/logout?{}", query.form()))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("Logged out"), "{answer:?}");
}

/// The logout token of what a client has heard, after every check of §2.6.
async fn checked(world: &World, receiver: &Receiver, at: usize, client_id: &str) -> Value {
    let heard = receiver.hears(at + 1).await;
    let request = heard.get(at).expect("heard");
    assert!(request.head.starts_with("POST /told HTTP/1.1"));
    let kind = request.header("content-type");
    assert_eq!(kind, Some("application/x-www-form-urlencoded"));
    let form = request.form();
    assert_eq!(form.iter().count(), 1, "{form:?}");
    let token = form.get("logout_token").expect("a logout token");
    let jws = VerifiedJws::check(token, &world.keys().await).expect("its signature is good");
    assert_eq!(part(token, 0).get("typ"), Some(&json!("logout+jwt")));
    let claims: Value = serde_json::from_slice(&jws.payload).expect("JSON");
    let event = "http://schemas.openid.net/event/backchannel-logout";
    for (name, value) in [
        ("iss", Some(json!(world.issuer))),
        ("aud", Some(json!(client_id))),
        ("events", Some(json!({ event: {} }))),
        ("nonce", None),
    ] {
        assert_eq!(claims.get(name), value.as_ref(), "{name}");
    }
    let jti = claims.get("jti").and_then(Value::as_str);
    assert!(jti.is_some_and(|jti| jti.len() >= 22));
    let time = |name| claims.get(name).and_then(Value::as_u64).expect("a time");
    let (iat, exp) = (time("iat"), time("exp"));
    assert!(iat <= now() && now() < exp && exp - iat <= 120);
    claims
}

#[tokio::test]
async fn every_client_of_the_login_is_told_and_no_other() {
    let world = World::dev().await;
    let (one, two, other) = (
        told(&world, "one").await,
        told(&world, "two").await,
        told(&world, "other").await,
    );
    let mut browser = world.logged_in().await;
    let first = id_token(&world, &mut browser, "one").await;
    // A second grant of the same client in the same login is no second reason.
    id_token(&world, &mut browser, "one").await;
    let second = id_token(&world, &mut browser, "two").await;
    let mut elsewhere = world.logged_in().await;
    let third = id_token(&world, &mut elsewhere, "other").await;
    log_out(&mut browser, &first).await;
    let claims = checked(&world, &one, 0, "one").await;
    assert_eq!(claims["sid"], part(&first, 1)["sid"]);
    assert_eq!(claims["sub"], part(&first, 1)["sub"]);
    let claims = checked(&world, &two, 0, "two").await;
    assert_eq!(claims["sid"], part(&second, 1)["sid"]);
    // The other login goes on, and its client hears of its own end alone.
    log_out(&mut elsewhere, &third).await;
    let claims = checked(&world, &other, 0, "other").await;
    assert_eq!(claims["sid"], part(&third, 1)["sid"]);
    assert_ne!(part(&third, 1)["sid"], part(&first, 1)["sid"]);
    until(|| async { world.waiting().await.is_empty() }).await;
    let counts = [&one, &two, &other].map(|receiver| receiver.heard().len());
    assert_eq!(counts, [1, 1, 1]);
}

#[tokio::test]
async fn it_is_signed_as_the_clients_id_tokens_are() {
    let world = World::dev().await;
    for (id, alg) in [("rs", "RS256"), ("es", "ES256")] {
        let receiver = Receiver::new().await;
        let uri = Some(receiver.uri());
        world
            .detailed(id, |details| {
                details.backchannel_logout_uri = uri;
                details.id_token_signed_response_alg = Some(alg.to_owned());
            })
            .await;
        let mut browser = world.logged_in().await;
        let token = id_token(&world, &mut browser, id).await;
        log_out(&mut browser, &token).await;
        checked(&world, &receiver, 0, id).await;
        let heard = receiver.heard();
        let form = heard.first().expect("heard").form();
        let logout_token = form.get("logout_token").expect("a token");
        assert_eq!(part(logout_token, 0)["alg"], alg);
        assert_eq!(part(logout_token, 0)["alg"], part(&token, 0)["alg"]);
    }
}

/// A client of another sector knows the person by another name in its logout tokens too.
#[tokio::test]
async fn the_subject_is_the_clients_own() {
    let world = World::dev().await;
    let receiver = Receiver::new().await;
    let uri = Some(receiver.uri());
    world
        .detailed("pairwise", |details| {
            details.backchannel_logout_uri = uri;
            details.pairwise = true;
        })
        .await;
    let mut browser = world.logged_in().await;
    let token = id_token(&world, &mut browser, "pairwise").await;
    log_out(&mut browser, &token).await;
    let claims = checked(&world, &receiver, 0, "pairwise").await;
    assert_eq!(claims["sub"], part(&token, 1)["sub"]);
    assert!(!claims["sub"].as_str().expect("a sub").starts_with("us_"));
}

/// Each way to end a login tells the clients.
#[tokio::test]
async fn every_end_of_a_login_is_told() {
    let world = World::dev().await;
    let receiver = told(&world, "rp").await;
    let admin = world.admin().await;
    let user = world.set().user.clone();
    let mut told = 0;
    for how in ["account", "others", "form", "session", "lock", "password"] {
        let mut browser = world.logged_in().await;
        let token = id_token(&world, &mut browser, "rp").await;
        match how {
            "account" | "others" => end_on_the_page(&world, &browser, how).await,
            "form" => {
                let page = browser.get("/oauth/logout").await;
                let answer = browser.submit(&Form::of(&page.body), &[]).await;
                assert!(answer.body.contains("Logged out"), "{answer:?}");
            }
            "session" => {
                let cookie = browser.cookies.values().next().expect("a session");
                let ended = admin.end_session(Digest::of(cookie)).await;
                ended.expect("ended");
            }
            "lock" => {
                admin.lock_user(&user).await.expect("locked");
                admin.unlock_user(&user).await.expect("unlocked");
            }
            _ => {
                let set = admin.set_password(&user, &Secret::new(NEW)).await;
                set.expect("changed");
            }
        }
        let sid = part(&token, 1)["sid"].clone();
        let claims = loop {
            let claims = checked(&world, &receiver, told, "rp").await;
            told += 1;
            if claims["sid"] == sid {
                break claims;
            }
        };
        assert_eq!(claims["sub"], part(&token, 1)["sub"], "{how}");
    }
}

/// By another browser of the same person.
async fn end_on_the_page(world: &World, browser: &Browser, how: &str) {
    let (mut here, set) = (world.browser(), world.set());
    let page = here.log_in("/account", &set.user, &set.password).await;
    let form = account::form(&page, "/account/logins");
    let cookie = browser.cookies.values().next().expect("a session");
    let named = match how {
        "others" => how.to_owned(),
        _ => Digest::of(cookie).to_base64url(),
    };
    let answer = here.submit(&form, &[("session", &named)]).await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

#[tokio::test]
async fn a_person_who_changes_the_password_ends_all_logins() {
    let world = World::dev().await;
    let receiver = told(&world, "rp").await;
    let mut browser = world.logged_in().await;
    let token = id_token(&world, &mut browser, "rp").await;
    let page = browser.get("/account").await;
    let form = account::form(&page, "/account/password");
    let old = world.set().password.clone();
    let typed = [("old", old.as_str()), ("new", NEW), ("again", NEW)];
    assert_eq!(browser.submit(&form, &typed).await.status, 303);
    let claims = checked(&world, &receiver, 0, "rp").await;
    assert_eq!(claims["sid"], part(&token, 1)["sid"]);
}

/// The login goes on, and clients go on knowing it; whoever logs in after somebody else ends that one's.
#[tokio::test]
async fn logging_in_again_is_no_logout_but_for_another_person() {
    let world = World::dev().await;
    let receiver = told(&world, "rp").await;
    let admin = world.admin().await;
    let password = Secret::new(NEW);
    admin.add_user("eve", &password).await.expect("added");
    let mut browser = world.logged_in().await;
    let first = id_token(&world, &mut browser, "rp").await;
    let again = authorize(&world.openid().with("prompt", "login"));
    let set = world.set();
    browser.log_in(&again, &set.user, &set.password).await;
    let second = id_token(&world, &mut browser, "rp").await;
    assert_eq!(part(&second, 1)["sid"], part(&first, 1)["sid"]);
    assert!(world.waiting().await.is_empty() && receiver.heard().is_empty());
    browser.log_in(&again, "eve", NEW).await;
    let claims = checked(&world, &receiver, 0, "rp").await;
    assert_eq!(claims["sid"], part(&first, 1)["sid"]);
    let third = id_token(&world, &mut browser, "rp").await;
    assert_ne!(part(&third, 1)["sid"], part(&first, 1)["sid"]);
}

/// Which grants end with the login is configured; a code from before gives nothing in any case.
#[tokio::test]
async fn grants_end_as_configured() {
    for (end, online, offline) in [
        (EndGrants::None, true, true),
        (EndGrants::Online, false, true),
        (EndGrants::All, false, false),
    ] {
        let world = World::dev_with(|config| config.tokens.end_grants_at_logout = end).await;
        let mut browser = world.logged_in().await;
        let plain = code(&mut browser, &world.request()).await;
        let plain = Tokens::of(&world.redeem(&plain).await);
        let request = world.openid().with("scope", "openid offline_access");
        let request = request.with("prompt", "consent");
        let answer = world.redeem(&code(&mut browser, &request).await).await;
        let lasting = Tokens::of(&answer);
        let unspent = code(&mut browser, &world.request()).await;
        log_out(&mut browser, &answer.text("id_token")).await;
        for (tokens, lives) in [(&plain, online), (&lasting, offline)] {
            assert_eq!(world.is_active(&tokens.access).await, lives, "{end:?}");
            let status = world.refresh(&tokens.refresh).await.status;
            assert_eq!(status, if lives { 200 } else { 400 }, "{end:?}");
        }
        let late = world.redeem(&unspent).await;
        late.refused(400, "invalid_grant");
    }
}

/// A logout token is no ID token, though the same key has signed it for the same client.
#[tokio::test]
async fn a_logout_token_is_taken_for_nothing_else() {
    let world = World::dev().await;
    let receiver = told(&world, "rp").await;
    let mut browser = world.logged_in().await;
    let token = id_token(&world, &mut browser, "rp").await;
    log_out(&mut browser, &token).await;
    checked(&world, &receiver, 0, "rp").await;
    let form = receiver.heard().first().expect("heard").form();
    let logout_token = form.get("logout_token").expect("a token");
    let query = Pairs::of(&[("id_token_hint", logout_token)]);
    let target = format!("/oauth/logout?{}", query.form());
    browser.get(&target).await.error_page(400);
    world.is_dead(logout_token).await;
}

#[tokio::test]
async fn it_is_published_and_can_be_registered() {
    let world = World::dev().await;
    let document = Call::get("/.well-known/openid-configuration");
    let document = world.send(document).await.json();
    assert_eq!(document["backchannel_logout_supported"], true);
    assert_eq!(document["backchannel_logout_session_supported"], true);
    let with = |uri: &str| {
        json!({
            "redirect_uris": ["https://app.example/cb"], "backchannel_logout_uri": uri,
            "backchannel_logout_session_required": true,
        })
    };
    let register = |metadata: Value| Call::post("/oauth/register").json(&metadata.to_string());
    let uri = "https://app.example/told?x=1";
    let made = world.send(register(with(uri))).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["backchannel_logout_uri"], uri);
    assert_eq!(made.json()["backchannel_logout_session_required"], true);
    for bad in [
        "https://app.example/told#x",
        "http://app.example/told",
        "https://user@app.example/told",
        "javascript:alert(1)",
        "told",
        "",
    ] {
        let answer = world.send(register(with(bad))).await;
        answer.refused(400, "invalid_client_metadata");
    }
}
