//! Logout that a client asks for (OpenID Connect RP-Initiated Logout 1.0).

use serde_json::json;

use crate::browser::{Browser, Form};
use crate::pairs::Pairs;
use crate::wire::{Answer, Call};
use crate::world::{World, authorize};

const LOGOUT: &str = "/oauth/logout";
const HOME: &str = "https://app.example/cb";
const BYE: &str = "https://app.example/bye?x=1";

/// A client that registered itself, with a browser that is logged in and the ID token of that login.
struct Party {
    client_id: String,
    browser: Browser,
    id_token: String,
}

async fn party(world: &World) -> Party {
    let metadata = json!({
        "redirect_uris": [HOME], "scope": "openid read", "post_logout_redirect_uris": [BYE],
    });
    let call = Call::post("/oauth/register").json(&metadata.to_string());
    let made = world.send(call).await;
    assert_eq!(made.status, 201, "{made:?}");
    let kept = made.json().get("post_logout_redirect_uris").cloned();
    assert_eq!(kept, Some(json!([BYE])));
    let (client_id, secret) = (made.text("client_id"), made.text("client_secret"));
    let mut browser = world.logged_in().await;
    let request = Pairs::of(&[
        ("response_type", "code"),
        ("client_id", &client_id),
        ("redirect_uri", HOME),
        ("scope", "openid"),
    ]);
    let back = browser
        .decide(&authorize(&request), "allow")
        .await
        .location();
    let form = Pairs::of(&[
        ("grant_type", "authorization_code"),
        ("code", back.get("code").expect("a code")),
        ("redirect_uri", HOME),
    ]);
    let call = Call::post("/oauth/token")
        .basic(&client_id, &secret)
        .form(&form);
    let id_token = world.send(call).await.good().text("id_token");
    Party {
        client_id,
        browser,
        id_token,
    }
}

fn logout(pairs: &[(&str, &str)]) -> String {
    format!("{LOGOUT}?{}", Pairs::of(pairs).form())
}

async fn is_logged_in(browser: &Browser) -> bool {
    browser
        .clone()
        .get("/account")
        .await
        .body
        .contains("Your account")
}

fn goes(answer: &Answer, to: &str) {
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(answer.header("location"), Some(to));
    let cookie = answer.header("set-cookie").expect("the cookie is cleared");
    assert!(cookie.contains("Max-Age=0"), "{cookie}");
}

#[tokio::test]
async fn an_id_token_of_this_login_ends_it() {
    let world = World::dev().await;
    let Party {
        mut browser,
        id_token,
        ..
    } = party(&world).await;
    let other = world.logged_in().await;
    let before = browser.clone();
    let target = logout(&[
        ("id_token_hint", &id_token),
        ("post_logout_redirect_uri", BYE),
        ("state", "s&t"),
    ]);
    goes(&browser.get(&target).await, &format!("{BYE}&state=s%26t"));
    assert!(
        !is_logged_in(&before).await,
        "the session is gone, not only the cookie"
    );
    assert!(is_logged_in(&other).await);
    // Once more, with nobody there.
    goes(&browser.get(&target).await, &format!("{BYE}&state=s%26t"));
    let answer = browser.get(LOGOUT).await;
    assert!(
        answer.status == 200 && answer.body.contains("Logged out"),
        "{answer:?}"
    );
}

/// Anybody can send a browser here; without a token of this very login the person is asked.
#[tokio::test]
async fn otherwise_the_person_is_asked() {
    let world = World::dev().await;
    let Party {
        client_id,
        id_token,
        ..
    } = party(&world).await;
    let own = [
        ("id_token_hint", id_token.as_str()),
        ("post_logout_redirect_uri", BYE),
    ];
    let named = [
        ("client_id", client_id.as_str()),
        ("post_logout_redirect_uri", BYE),
    ];
    for (pairs, to) in [(&own[..], Some(BYE)), (&named, Some(BYE)), (&[], None)] {
        // Another login of the same person.
        let mut browser = world.logged_in().await;
        let page = browser.get(&logout(pairs)).await;
        assert_eq!(page.status, 200, "{page:?}");
        page.is_private();
        assert!(is_logged_in(&browser).await);
        let form = Form::of(&page.body);
        for (name, value) in [
            ("Origin", "https://evil.example"),
            ("Sec-Fetch-Site", "cross-site"),
        ] {
            let call = form.call(&[]).header(name, value);
            browser.clone().send(call).await.error_page(403);
        }
        browser
            .clone()
            .submit(&form, &[("csrf", "x")])
            .await
            .error_page(403);
        assert!(is_logged_in(&browser).await);
        let before = browser.clone();
        let answer = browser.submit(&form, &[]).await;
        match to {
            Some(to) => goes(&answer, to),
            None => assert!(answer.status == 200 && answer.body.contains("Logged out")),
        }
        assert!(!is_logged_in(&before).await);
    }
}

/// The browser goes nowhere that is not registered, exactly, and nothing ends by a request that is wrong.
#[tokio::test]
async fn what_is_not_registered_is_no_place_to_go() {
    let world = World::dev().await;
    let Party {
        client_id,
        browser,
        id_token,
    } = party(&world).await;
    let set = world.set();
    let hint = ("id_token_hint", id_token.as_str());
    let to = |uri| ("post_logout_redirect_uri", uri);
    let tampered = format!("{}A", &id_token[..id_token.len() - 4]);
    let access = world.tokens().await.access;
    for pairs in [
        vec![hint, to("https://app.example/bye")],
        vec![hint, to("https://app.example/bye?x=1&y=2")],
        vec![hint, to("https://APP.example/bye?x=1")],
        vec![hint, to(HOME)],
        vec![hint, to("javascript:alert(1)")],
        vec![hint, to("//evil.example")],
        vec![to(BYE)],
        vec![("client_id", &set.client_id), to(BYE)],
        vec![("client_id", &set.client_id), hint, to(BYE)],
        vec![("client_id", &set.client_id), hint],
        vec![("client_id", "nobody")],
        vec![("id_token_hint", &tampered), to(BYE)],
        vec![("id_token_hint", "x"), ("client_id", &client_id), to(BYE)],
        vec![("id_token_hint", &access)],
        vec![hint, hint],
    ] {
        let answer = browser.clone().get(&logout(&pairs)).await;
        answer.error_page(400);
    }
    assert!(is_logged_in(&browser).await);
}

/// Another site's post carries no cookie, so the browser comes again by itself.
#[tokio::test]
async fn a_post_comes_again_as_a_get() {
    let world = World::dev().await;
    let Party { id_token, .. } = party(&world).await;
    let form = Pairs::of(&[
        ("id_token_hint", &id_token),
        ("post_logout_redirect_uri", BYE),
        ("something_else", "x"),
    ]);
    let answer = world.send(Call::post(LOGOUT).form(&form)).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let location = answer.header("location").expect("a Location");
    assert_eq!(
        location,
        logout(&[
            ("id_token_hint", &id_token),
            ("post_logout_redirect_uri", BYE)
        ])
    );
    world
        .send(Call::post(LOGOUT).json("{}"))
        .await
        .error_page(400);
    let document = world
        .send(Call::get("/.well-known/openid-configuration"))
        .await;
    let endpoint = format!("{}{LOGOUT}", world.issuer);
    assert_eq!(document.json()["end_session_endpoint"], endpoint);
}
