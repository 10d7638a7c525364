//! Logout tokens, good and bad.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::Params;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::browser::{Answer, Browser};
use crate::scripted::{CLIENT_ID, Scripted, key};
use crate::service::Service;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const FORM: &str = "application/x-www-form-urlencoded";

/// A logout token like any other, with these claims besides or instead.
pub(crate) fn claims(provider: &Scripted, more: &Value) -> Value {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (now, jti) = (
        SystemClock.now().as_secs(),
        NEXT.fetch_add(1, Ordering::SeqCst),
    );
    let mut claims = json!({
        "iss": provider.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 120, "jti": jti.to_string(),
        "events": { EVENT: {} },
    });
    for (name, value) in more.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    claims
}

pub(crate) fn logout_token(provider: &Scripted, more: &Value) -> String {
    let claims = claims(provider, more);
    provider.key.sign("logout+jwt", &claims).expect("signed")
}

/// Sends a logout token as a provider does: without a browser.
pub(crate) async fn tell(service: &Service, token: &str) -> Answer {
    let mut form = Params::new();
    form.push("logout_token", token);
    post(service, FORM, form.to_form()).await
}

async fn post(service: &Service, kind: &str, body: String) -> Answer {
    let url = service.at("/.gatepass/backchannel_logout");
    let headers = [("content-type", kind)];
    Browser::new()
        .send(Method::POST, &url, &headers, Some(body))
        .await
}

async fn logged_in() -> (Scripted, Service, Browser) {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    let mut browser = Browser::new();
    provider.log_in(&service, &mut browser).await;
    (provider, service, browser)
}

async fn is_in(service: &Service, browser: &mut Browser) -> bool {
    let json = [("accept", "application/json")];
    let answer = browser
        .send(Method::GET, &service.origin, &json, None)
        .await;
    answer.status == StatusCode::OK
}

#[tokio::test]
async fn a_good_one_ends_what_it_names() {
    for (more, stays) in [
        (json!({ "sid": "s1" }), false),
        (json!({ "sub": "ann", "sid": "s1" }), false),
        (json!({ "sub": "ann" }), false),
        (json!({ "sub": "ann", "sid": "s2" }), true),
        (json!({ "sub": "ben" }), true),
    ] {
        let (provider, service, mut browser) = logged_in().await;
        assert!(is_in(&service, &mut browser).await);
        let answer = tell(&service, &logout_token(&provider, &more)).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(is_in(&service, &mut browser).await, stays, "{more}");
    }
}

#[tokio::test]
async fn after_a_logout_of_the_whole_person_they_log_in_again() {
    let (provider, service, mut browser) = logged_in().await;
    tell(&service, &logout_token(&provider, &json!({ "sub": "ann" }))).await;
    assert!(!is_in(&service, &mut browser).await);
    service.clock.pass(Duration::from_secs(1));
    provider.log_in(&service, &mut browser).await;
    assert!(is_in(&service, &mut browser).await);
}

#[tokio::test]
async fn a_bad_one_ends_nothing() {
    let (provider, service, mut browser) = logged_in().await;
    let sid = json!({ "sid": "s1" });
    let with = |name: &str, value: Value| {
        let mut more = sid.clone();
        more[name] = value;
        logout_token(&provider, &more)
    };
    let now = SystemClock.now().as_secs();
    let forged = key().with_kid(provider.key.kid());
    let good = claims(&provider, &sid);
    for token in [
        with("iss", json!("https://evil.example")),
        with("aud", json!("another")),
        with("exp", json!(now - 400)),
        with("iat", json!(now + 400)),
        with("exp", json!(now + 100_000)),
        with("nonce", json!("n")),
        with("events", json!({})),
        with("jti", json!("")),
        logout_token(&provider, &json!({})),
        provider.key.sign("at+jwt", &good).expect("signed"),
        key().sign("logout+jwt", &good).expect("signed"),
        forged.sign("logout+jwt", &good).expect("signed"),
        "x".to_owned(),
        String::new(),
        "a.b.c".to_owned(),
    ] {
        let answer = tell(&service, &token).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{token}");
        assert!(answer.body.contains("invalid_request"), "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    assert!(is_in(&service, &mut browser).await);
}

#[tokio::test]
async fn one_counts_once() {
    let (provider, service, mut browser) = logged_in().await;
    let token = logout_token(&provider, &json!({ "sub": "ann" }));
    assert_eq!(tell(&service, &token).await.status, StatusCode::OK);
    service.clock.pass(Duration::from_secs(1));
    provider.log_in(&service, &mut browser).await;
    assert_eq!(tell(&service, &token).await.status, StatusCode::BAD_REQUEST);
    assert!(is_in(&service, &mut browser).await);
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let (provider, service, mut browser) = logged_in().await;
    let token = logout_token(&provider, &json!({ "sid": "s1" }));
    let form = format!("logout_token={token}");
    for (kind, body) in [
        (
            "application/json",
            json!({ "logout_token": token }).to_string(),
        ),
        ("text/plain", form.clone()),
        (FORM, String::new()),
        (FORM, "other=1".to_owned()),
        (FORM, format!("{form}&{form}")),
        (FORM, format!("logout_token={}", "x".repeat(100_000))),
    ] {
        let answer = post(&service, kind, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{kind}");
    }
    let url = service.at(&format!("/.gatepass/backchannel_logout?{form}"));
    let answer = Browser::new().open(&url).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(is_in(&service, &mut browser).await);
}

#[tokio::test]
async fn without_the_providers_keys_it_is_to_come_again() {
    let (provider, service, _) = logged_in().await;
    let gone = crate::service::Place::new().await.at("/jwks");
    provider.metadata(json!({ "jwks_uri": gone }));
    // What is remembered of the provider is too old by then.
    service.clock.pass(Duration::from_secs(3600));
    let answer = tell(&service, &logout_token(&provider, &json!({ "sid": "s1" }))).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
}
