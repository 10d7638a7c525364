//! The redirect URI: exactly one that is registered, or a page of ours and no redirect (RFC 9700 §2.1, §4.11).

use crate::pairs::Pairs;
use crate::world::{World, authorize};

/// Asserts that the browser goes nowhere, however the rest of the request is.
async fn stays_here(world: &World, request: &Pairs) {
    for request in [
        request.clone(),
        request.clone().with("response_type", "token"),
        request.clone().with("scope", "admin"),
        request.clone().with("state", &"s".repeat(5000)),
    ] {
        let answer = world.browser().get(&authorize(&request)).await;
        answer.error_page(400);
    }
}

#[tokio::test]
async fn nearly_equal_is_not_equal() {
    let world = World::dev().await;
    for uri in [
        "http://localhost:8000/callback/",
        "http://localhost:8000/Callback",
        "http://LOCALHOST:8000/callback",
        "HTTP://localhost:8000/callback",
        "https://localhost:8000/callback",
        "http://localhost:8000/callback#",
        "http://localhost:8000/callback#f",
        "http://localhost:8000/callback?",
        "http://localhost:8000/callback?x=1",
        "http://localhost:8000//callback",
        "http://localhost:8000/./callback",
        "http://localhost:8000/x/../callback",
        "http://localhost:8000/x/%2e%2e/callback",
        "http://localhost:8000/%63allback",
        "http://localhost:8000/callback%00",
        "http://localhost:8000/callback;x",
        "http://localhost:8000\\callback",
        " http://localhost:8000/callback",
        "http://localhost:8000/callback ",
        "http://localhost:8000/callback\n",
        "http://user@localhost:8000/callback",
        "http://localhost:8000@evil.example/callback",
        "http://localhost.evil.example:8000/callback",
        "http://evil.example/callback",
        "http://evil.example/?http://localhost:8000/callback",
        "http://localhost:8000/callbackx",
        "http://localhost:80800/callback",
        "http://localhost:/callback",
        "http://localhost:-1/callback",
        "http://localhost:+80/callback",
        "http://localhost.:8000/callback",
        "http://127.1:8000/callback",
        "http://127.0.0.2:8000/callback",
        "http://2130706433/callback",
        "http://0x7f.1/callback",
        "http://[::1]:99999/callback",
        "http://[0:0:0:0:0:0:0:1]/callback",
        "http://[::ffff:127.0.0.1]/callback",
        "http://0.0.0.0/callback",
        "https://localhost/",
        "https://localhost:443",
        "https://127.0.0.1",
        "https://localhost.evil.example",
        "//localhost:8000/callback",
        "/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        "urn:ietf:wg:oauth:2.0:oob:auto",
        "URN:ietf:wg:oauth:2.0:oob",
        "urn:ietf:wg:oauth:2.0:oob#x",
        "x",
    ] {
        stays_here(&world, &world.request().with("redirect_uri", uri)).await;
    }
}

#[tokio::test]
async fn several_are_registered_so_one_must_be_named() {
    let world = World::dev().await;
    stays_here(&world, &world.request().without("redirect_uri")).await;
    stays_here(&world, &world.request().with("redirect_uri", "")).await;
    let twice = world
        .request()
        .and("redirect_uri", "http://localhost:8000/callback");
    stays_here(&world, &twice).await;
    let escaped = format!(
        "{}&redirect%5furi=https%3A%2F%2Fevil.example",
        authorize(&world.request())
    );
    world.browser().get(&escaped).await.error_page(400);
}

#[tokio::test]
async fn a_client_that_nobody_knows_gets_a_page() {
    let world = World::dev().await;
    for id in ["nobody", "", "DEV-CONFIDENTIAL", "dev-confidential "] {
        stays_here(&world, &world.request().with("client_id", id)).await;
    }
    stays_here(&world, &world.request().without("client_id")).await;
    let twice = world.request().and("client_id", "dev-confidential");
    stays_here(&world, &twice).await;
}

/// Login and consent judge the request again: between the steps it was in the browser's hands.
#[tokio::test]
async fn every_step_checks_it_again() {
    let world = World::dev().await;
    let mut browser = world.logged_in().await;
    let page = browser.get(&authorize(&world.request())).await;
    let form = crate::browser::Form::of(&page.body);
    let evil = world
        .request()
        .with("redirect_uri", "https://evil.example/");
    for path in ["/oauth/consent", "/oauth/login"] {
        let mut forged = form.clone();
        forged.action = format!("{path}?{}", evil.form());
        let typed = [
            ("decision", "allow"),
            ("username", "dev"),
            ("password", "x"),
        ];
        browser.submit(&forged, &typed).await.error_page(400);
    }
}

#[tokio::test]
async fn native_loopback_may_use_any_port() {
    let world = World::dev().await;
    for uri in [
        "http://127.0.0.1:4711/callback",
        "http://[::1]:4711/callback",
        "http://localhost:4711/callback",
        "http://localhost:4711",
        "http://127.0.0.1:1/",
        "https://localhost",
    ] {
        let request = world
            .request()
            .with("redirect_uri", uri)
            .with("response_type", "token");
        let answer = world.browser().get(&authorize(&request)).await;
        assert_eq!(
            answer.location().get("error"),
            Some("unsupported_response_type")
        );
        let location = answer.header("location").expect("a Location");
        assert!(location.starts_with(&format!("{uri}?error=")), "{location}");
    }
}
