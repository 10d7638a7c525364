//! Who may enter.

use gatepass_gateway::login::LoginSettings;
use http::StatusCode;
use serde_json::json;

use crate::provider::{Provider, Registered};
use crate::service::{Place, Service, allow};

async fn service(provider: &Provider, who: serde_json::Value) -> Service {
    let place = Place::new().await;
    let settings = provider.settings(&place, Registered::default()).await;
    let settings = LoginSettings {
        allow: allow(who),
        ..settings
    };
    place.serve(settings).await
}

#[tokio::test]
async fn who_fits_enters() {
    let provider = Provider::start().await;
    let service = service(&provider, json!({ "email_domains": ["example.com"] })).await;
    provider.browser().visit(&service.origin).await.json();
}

#[tokio::test]
async fn who_does_not_is_told_so_and_may_be_somebody_else() {
    let provider = Provider::start().await;
    let service = service(&provider, json!({ "emails": ["ann@example.com"] })).await;
    let mut browser = provider.browser();
    let answer = browser.visit(&service.origin).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.body.contains("may not enter"), "{answer:?}");
    assert!(
        answer
            .body
            .contains("href=\"/.gatepass/login?prompt=login\""),
        "{answer:?}"
    );
    assert!(
        answer
            .header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    assert!(
        browser.jar(&service.origin).is_empty(),
        "{:?}",
        browser.jar(&service.origin)
    );
}

#[tokio::test]
async fn an_address_that_is_not_verified_opens_nothing() {
    let provider = Provider::start().await;
    provider.says(&[("email_verified", "false")]).await;
    let service = service(&provider, json!({ "email_domains": ["example.com"] })).await;
    let answer = provider.browser().visit(&service.origin).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_may_not_enter_any_more_is_out_at_once() {
    let provider = Provider::start().await;
    let service = service(&provider, json!("everyone")).await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    let stricter = LoginSettings {
        allow: allow(json!({ "emails": ["ann@example.com"] })),
        ..service.settings()
    };
    service.reload(stricter).await;
    assert_eq!(
        browser.open(&service.origin).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        browser.visit(&service.origin).await.status,
        StatusCode::FORBIDDEN
    );
}
