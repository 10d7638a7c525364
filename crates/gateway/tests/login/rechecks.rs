//! Sessions are looked at again at the provider, and end.

use std::time::Duration;

use gatepass_gateway::login::LoginSettings;
use http::{Method, StatusCode};
use serde_json::json;

use crate::provider::{Provider, Registered};
use crate::scripted::Scripted;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_page_in_the_second_half_looks_again_without_a_word() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let mut browser = provider.browser();
    let said = browser.visit(&service.origin).await.json();

    service.clock.pass(MINUTE * 7);
    browser.open(&service.origin).await.json();
    service.clock.pass(MINUTE);
    let away = browser.open(&service.at("/due?x")).await;
    assert_eq!(away.asks("prompt").as_deref(), Some("none"));
    // What is no page is not held up by it.
    let json = [("accept", "application/json")];
    let answer = browser
        .send(Method::GET, &service.at("/data"), &json, None)
        .await;
    assert_eq!(answer.json()["subject"], said["subject"]);
    let back = browser.follow(&away).await;
    assert!(
        back.location().as_str().contains("/.gatepass/callback"),
        "{back:?}"
    );
    let arrived = browser.visit(&back.location()).await;
    assert_eq!(arrived.json()["target"], "/due?x");
    service.clock.pass(MINUTE * 7);
    browser.open(&service.origin).await.json();
}

#[tokio::test]
async fn after_all_of_it_only_a_look_helps() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    service.clock.pass(MINUTE * 15);
    let json = [("accept", "application/json")];
    let data = browser
        .send(Method::GET, &service.at("/data"), &json, None)
        .await;
    assert_eq!(data.status, StatusCode::UNAUTHORIZED);
    let away = browser.open(&service.origin).await;
    assert_eq!(away.asks("prompt").as_deref(), Some("none"));
    browser.visit(&away.location()).await.json();
}

#[tokio::test]
async fn a_logout_at_the_provider_is_seen_by_then() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    let before = browser.jar(&service.origin).clone();
    provider
        .admin
        .end_sessions_of(&provider.set.user)
        .await
        .expect("ended");
    browser.open(&service.origin).await.json();

    service.clock.pass(MINUTE * 8);
    let silent = browser.open(&service.at("/page")).await;
    let refused = browser.follow(&silent).await;
    assert_eq!(refused.asks("error").as_deref(), Some("login_required"));
    let openly = browser.follow(&refused).await;
    assert_eq!(openly.asks("prompt"), None);
    assert!(!browser.jar(&service.origin).contains_key("gatepass-login"));
    // A copy of the cookie is worth no more.
    let mut thief = provider.browser();
    *thief.jar(&service.origin) = before;
    let json = [("accept", "application/json")];
    let data = thief
        .send(Method::GET, &service.at("/data"), &json, None)
        .await;
    assert_eq!(data.status, StatusCode::UNAUTHORIZED);

    let page = browser.follow(&openly).await;
    assert!(page.body.contains("name=\"password\""), "{page:?}");
    let done = browser.submit(&page).await;
    assert_eq!(
        browser.visit(&done.location()).await.json()["target"],
        "/page"
    );
}

#[tokio::test]
async fn nothing_lasts_longer_than_its_lifetime() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let settings = LoginSettings {
        session_lifetime: MINUTE * 20,
        ..service.settings()
    };
    service.reload(settings).await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    service.clock.pass(MINUTE * 10);
    browser.visit(&service.origin).await.json();
    // Renewed in between, and over nevertheless.
    service.clock.pass(MINUTE * 10);
    let json = [("accept", "application/json")];
    let data = browser
        .send(Method::GET, &service.at("/data"), &json, None)
        .await;
    assert_eq!(data.status, StatusCode::UNAUTHORIZED);
    let away = browser.open(&service.origin).await;
    assert_eq!(away.asks("prompt"), None);
}

#[tokio::test]
async fn without_rechecks_a_session_lasts_its_lifetime() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let settings = LoginSettings {
        recheck_after: Duration::ZERO,
        ..service.settings()
    };
    service.reload(settings).await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    service.clock.pass(MINUTE * 719);
    browser.open(&service.origin).await.json();
    service.clock.pass(MINUTE);
    assert_eq!(
        browser.open(&service.origin).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn somebody_else_at_the_provider_is_somebody_else_here() {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    let mut browser = crate::browser::Browser::new();
    provider.log_in(&service, &mut browser).await;
    assert_eq!(browser.open(&service.origin).await.json()["subject"], "ann");

    service.clock.pass(MINUTE * 8);
    let away = browser.open(&service.origin).await;
    assert_eq!(away.asks("prompt").as_deref(), Some("none"));
    let mut claims = provider.claims(&away);
    claims["sub"] = json!("ben");
    provider.userinfo(StatusCode::OK, json!({ "sub": "ben" }));
    let back = provider
        .come_back(&service, &mut browser, &away, &claims)
        .await;
    assert_eq!(back.location(), service.origin);
    assert_eq!(browser.open(&service.origin).await.json()["subject"], "ben");
}

#[tokio::test]
async fn trouble_at_the_provider_is_no_logout_and_no_circle() {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    let mut browser = crate::browser::Browser::new();
    provider.log_in(&service, &mut browser).await;
    service.clock.pass(MINUTE * 8);
    let away = browser.open(&service.origin).await;
    let state = away.asks("state").expect("a state");
    let query = format!("/.gatepass/callback?error=server_error&state={state}");
    let answer = browser.open(&service.at(&query)).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    let json = [("accept", "application/json")];
    let data = browser
        .send(Method::GET, &service.at("/data"), &json, None)
        .await;
    assert_eq!(data.status, StatusCode::OK);
}

#[tokio::test]
async fn what_a_page_needs_besides_is_asked_for_and_checked() {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    let mut browser = crate::browser::Browser::new();
    provider.log_in(&service, &mut browser).await;
    for (acr, age, status) in [
        ("gold", 0, StatusCode::SEE_OTHER),
        ("silver", 0, StatusCode::FORBIDDEN),
        ("gold", 3600, StatusCode::FORBIDDEN),
    ] {
        let away = browser.open(&service.at(crate::service::STRONG)).await;
        assert_eq!(away.asks("acr_values").as_deref(), Some("gold"));
        assert_eq!(away.asks("max_age").as_deref(), Some("60"));
        let mut claims = provider.claims(&away);
        claims["acr"] = json!(acr);
        claims["auth_time"] = json!(claims["iat"].as_u64().expect("a time") - age);
        let back = provider
            .come_back(&service, &mut browser, &away, &claims)
            .await;
        assert_eq!(back.status, status, "{acr} {age}: {back:?}");
    }
    assert_eq!(browser.open(&service.origin).await.json()["acr"], "gold");
}
