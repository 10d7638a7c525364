//! The way out.

use std::time::Duration;

use gatepass_gateway::login::LoginSettings;
use gatepass_proto::Params;
use http::{Method, StatusCode};
use tokio::time::{Instant, sleep};

use crate::browser::{Browser, asked};
use crate::provider::{Provider, Registered};
use crate::service::{Place, Service, in_file};
use crate::tokens::tell;

/// How long anything is waited for; far longer than it takes.
const PATIENCE: Duration = Duration::from_secs(60);
const SESSION: &str = "gatepass-login";

async fn status(service: &Service, browser: &mut Browser) -> StatusCode {
    let json = [("accept", "application/json")];
    browser
        .send(Method::GET, &service.origin, &json, None)
        .await
        .status
}

/// What comes by the back channel first.
async fn heard(service: &Service) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(body) = service.heard().first() {
            return body.clone();
        }
        assert!(Instant::now() < until, "nothing came");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The person logs out at the provider.
async fn log_out_there(provider: &Provider, browser: &mut Browser) {
    let page = browser.open(&provider.at("/oauth/logout")).await;
    let done = browser.submit(&page).await;
    assert!(done.body.contains("Logged out"), "{done:?}");
}

#[tokio::test]
async fn a_logout_here_is_asked_for_and_goes_on_to_the_provider() {
    let provider = Provider::start().await;
    let place = Place::new().await;
    let onward = place.at("/.gatepass/logged_out");
    let settings = provider
        .settings(
            &place,
            Registered {
                onward: true,
                ..Registered::default()
            },
        )
        .await;
    let settings = LoginSettings {
        post_logout_redirect_uri: Some(onward.clone()),
        ..settings
    };
    let service = place.serve(settings).await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    let mut thief = browser.clone();

    let page = browser.open(&service.at("/.gatepass/logout")).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body
            .contains(&format!("<bdi>{}</bdi>", provider.set.user))
            || page.body.contains("dev@example.com"),
        "{page:?}"
    );
    assert!(
        page.header("content-security-policy")
            .contains("form-action 'self' http:"),
        "{page:?}"
    );
    // Asked is not answered.
    assert_eq!(status(&service, &mut browser).await, StatusCode::OK);

    let left = browser.submit(&page).await;
    let to = left.location();
    assert!(
        to.as_str()
            .starts_with(&format!("{}/oauth/logout?", provider.issuer)),
        "{to}"
    );
    assert_eq!(
        asked(&to, "client_id").as_deref(),
        Some(service.settings().client_id.as_str())
    );
    assert_eq!(asked(&to, "post_logout_redirect_uri"), Some(onward.clone()));
    assert!(asked(&to, "logout_hint").is_some());
    assert_eq!(asked(&to, "id_token_hint"), None);
    assert!(!browser.jar(&service.origin).contains_key(SESSION));
    assert_eq!(status(&service, &mut thief).await, StatusCode::UNAUTHORIZED);

    let end = browser.visit(&to).await;
    assert_eq!(end.url.as_str(), onward);
    assert!(end.body.contains("Logged out"), "{end:?}");
    let page = browser.open(&service.origin).await;
    assert!(
        browser
            .follow(&page)
            .await
            .body
            .contains("name=\"password\"")
    );
}

#[tokio::test]
async fn a_logout_here_alone_stays_here_and_outlives_a_restart() {
    let provider = Provider::start().await;
    let place = Place::new().await;
    let settings = provider.settings(&place, Registered::default()).await;
    let settings = LoginSettings {
        logout_at_provider: false,
        ..settings
    };
    let service = place
        .serve(in_file(settings, provider.folder.path().join("login.key")))
        .await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    let mut thief = browser.clone();
    let link = service.at("/.gatepass/logout");
    let left = browser.post(&link, &service.origin, &Params::new()).await;
    assert_eq!(left.location(), service.at("/.gatepass/logged_out"));
    assert!(browser.follow(&left).await.body.contains("Logged out"));
    for _ in 0..2 {
        assert_eq!(status(&service, &mut thief).await, StatusCode::UNAUTHORIZED);
        service.restart().await;
    }
    // Nobody is left to log out.
    let page = browser.open(&link).await;
    assert!(page.body.contains("Nobody is logged in"), "{page:?}");
}

#[tokio::test]
async fn nobody_else_logs_a_person_out() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    let link = service.at("/.gatepass/logout");
    for headers in [
        &[][..],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
    ] {
        let answer = browser.send(Method::POST, &link, headers, None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    for method in [Method::PUT, Method::DELETE, Method::HEAD] {
        let answer = browser.send(method, &link, &[], None).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.header("allow"), "GET, POST");
    }
    assert_eq!(status(&service, &mut browser).await, StatusCode::OK);
}

#[tokio::test]
async fn a_logout_at_the_provider_ends_the_session_at_once_and_for_good() {
    let provider = Provider::start().await;
    let place = Place::new().await;
    let settings = provider
        .settings(
            &place,
            Registered {
                told: true,
                ..Registered::default()
            },
        )
        .await;
    let service = place
        .serve(in_file(settings, provider.folder.path().join("login.key")))
        .await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    // A login of the same person in another browser is another session.
    let mut elsewhere = provider.browser();
    elsewhere.visit(&service.origin).await.json();

    log_out_there(&provider, &mut browser).await;
    let body = heard(&service).await;
    // It was answered only after it counted, or the provider would send another.
    while status(&service, &mut browser).await != StatusCode::UNAUTHORIZED {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status(&service, &mut elsewhere).await, StatusCode::OK);
    service.restart().await;
    assert_eq!(
        status(&service, &mut browser).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(status(&service, &mut elsewhere).await, StatusCode::OK);

    // The very token again, from whomever.
    let token = Params::parse_form(body.as_bytes()).expect("a form");
    let token = token.get("logout_token").expect("a token").to_owned();
    let replay = tell(&service, &token).await;
    assert_eq!(replay.status, StatusCode::BAD_REQUEST);
    assert!(replay.body.contains("sent before"), "{replay:?}");

    // Who was logged out logs in again as ever.
    let away = browser.open(&service.at("/again")).await;
    assert_eq!(away.asks("prompt"), None);
    assert_eq!(
        browser.visit(&away.location()).await.json()["target"],
        "/again"
    );
}
