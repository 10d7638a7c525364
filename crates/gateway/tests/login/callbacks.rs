//! Answers of the provider that are not to be believed, and callbacks that nobody waits for.

use std::time::Duration;

use gatepass_proto::Params;
use http::StatusCode;
use serde_json::json;

use crate::browser::Browser;
use crate::provider::{Provider, Registered};
use crate::scripted::Scripted;

const SESSION: &str = "gatepass-login";

#[tokio::test]
async fn a_callback_counts_in_the_browser_that_left_and_once() {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    let (mut victim, mut attacker) = (Browser::new(), Browser::new());
    // The attacker's login is not for the victim (login CSRF).
    let away = attacker.open(&service.origin).await;
    let claims = provider.claims(&away);
    let back = provider
        .come_back(&service, &mut victim, &away, &claims)
        .await;
    assert_eq!(back.status, StatusCode::BAD_REQUEST);
    assert!(victim.jar(&service.origin).is_empty());
    // Nor does anything come of what nobody began.
    for query in [
        "",
        "?code=c",
        "?code=c&state=",
        "?code=c&state=x",
        "?state=x&error=y",
        "?state=a&state=b&code=c",
        "?%",
    ] {
        let answer = victim
            .open(&service.at(&format!("/.gatepass/callback{query}")))
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.cookies().is_empty());
    }
    let back = provider
        .come_back(&service, &mut attacker, &away, &claims)
        .await;
    assert_eq!(back.status, StatusCode::SEE_OTHER);
    let again = provider
        .come_back(&service, &mut attacker, &away, &claims)
        .await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.body.contains("This login is over"), "{again:?}");
}

#[tokio::test]
async fn a_login_that_takes_too_long_is_over() {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    let mut browser = Browser::new();
    let away = browser.open(&service.origin).await;
    service.clock.pass(Duration::from_secs(600));
    let back = provider
        .come_back(&service, &mut browser, &away, &provider.claims(&away))
        .await;
    assert_eq!(back.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_answer_from_another_provider_is_not_taken() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    for iss in [Some("https://evil.example"), Some(""), None] {
        let mut browser = provider.browser();
        let away = browser.open(&service.origin).await;
        let login = browser.follow(&away).await;
        let mut answer = browser.submit(&login).await;
        while !answer.status.is_redirection() || !answer.location().path().ends_with("/callback") {
            answer = match answer.status.is_redirection() {
                true => browser.follow(&answer).await,
                false => browser.submit(&answer).await,
            };
        }
        let mut url = answer.location();
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let mut pairs = url.query_pairs_mut();
        pairs
            .clear()
            .extend_pairs(query.iter().filter(|(name, _)| name != "iss"));
        pairs.extend_pairs(iss.map(|iss| ("iss", iss)));
        drop(pairs);
        let back = browser.open(&url).await;
        assert_eq!(back.status, StatusCode::BAD_REQUEST, "{back:?}");
        assert!(!browser.jar(&service.origin).contains_key(SESSION));
    }
}

#[tokio::test]
async fn an_id_token_that_is_not_for_this_login_is_not_taken() {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    for (name, value) in [
        ("nonce", json!("another")),
        ("nonce", json!(null)),
        ("iss", json!("https://evil.example")),
        ("aud", json!("another")),
        ("aud", json!([crate::scripted::CLIENT_ID, "another"])),
        ("exp", json!(1)),
        ("sub", json!("")),
    ] {
        let mut browser = Browser::new();
        let away = browser.open(&service.origin).await;
        let mut claims = provider.claims(&away);
        claims[name] = value;
        let back = provider
            .come_back(&service, &mut browser, &away, &claims)
            .await;
        assert_eq!(back.status, StatusCode::BAD_GATEWAY, "{name}: {back:?}");
        assert!(browser.jar(&service.origin).is_empty());
    }
    let forger = provider.forging();
    let mut browser = Browser::new();
    let away = browser.open(&service.origin).await;
    let back = forger
        .come_back(&service, &mut browser, &away, &forger.claims(&away))
        .await;
    assert_eq!(back.status, StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn another_persons_user_info_is_not_taken() {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    let mut browser = Browser::new();
    provider.userinfo(
        StatusCode::OK,
        json!({ "sub": "ben", "groups": ["admins"] }),
    );
    let away = browser.open(&service.origin).await;
    let back = provider
        .come_back(&service, &mut browser, &away, &provider.claims(&away))
        .await;
    assert_eq!(back.status, StatusCode::BAD_GATEWAY);
    provider.userinfo(StatusCode::INTERNAL_SERVER_ERROR, json!({}));
    let away = browser.open(&service.origin).await;
    let back = provider
        .come_back(&service, &mut browser, &away, &provider.claims(&away))
        .await;
    assert_eq!(back.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!browser.jar(&service.origin).contains_key(SESSION));
}

#[tokio::test]
async fn more_claims_than_a_cookie_holds_are_no_login() {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    let mut browser = Browser::new();
    let groups: Vec<String> = (0..200).map(|index| format!("group {index}")).collect();
    provider.userinfo(StatusCode::OK, json!({ "sub": "ann", "groups": groups }));
    let away = browser.open(&service.origin).await;
    let back = provider
        .come_back(&service, &mut browser, &away, &provider.claims(&away))
        .await;
    assert_eq!(back.status, StatusCode::BAD_GATEWAY);
    assert!(!browser.jar(&service.origin).contains_key(SESSION));
}

#[tokio::test]
async fn what_a_provider_says_stays_text() {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    let mut browser = Browser::new();
    let away = browser.open(&service.origin).await;
    let state = away.asks("state").expect("a state");
    let mut params = Params::new();
    params.push("error", "access_denied");
    params.push("error_description", "<script>alert(1)</script>\r\nx: y");
    params.push("state", state.as_str());
    let url = service.at(&params.append_to("/.gatepass/callback"));
    let answer = browser.open(&url).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(!answer.body.contains("<script"), "{answer:?}");
    assert!(!answer.body.contains(&state), "{answer:?}");
    assert!(answer.headers.get("x").is_none());
}

#[tokio::test]
async fn a_provider_that_names_an_ended_session_anew_is_no_circle() {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    let mut browser = Browser::new();
    provider.log_in(&service, &mut browser).await;
    let token = crate::tokens::logout_token(&provider, &json!({ "sid": "s1" }));
    assert_eq!(
        crate::tokens::tell(&service, &token).await.status,
        StatusCode::OK
    );
    let away = browser.open(&service.origin).await;
    assert_eq!(away.asks("prompt"), None);
    let back = provider
        .come_back(&service, &mut browser, &away, &provider.claims(&away))
        .await;
    assert_eq!(back.status, StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn metadata_that_leads_astray_is_no_way_in() {
    for members in [
        json!({ "issuer": "https://evil.example" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "authorization_endpoint": "http://evil.example/authorize" }),
        json!({ "authorization_endpoint": null }),
        json!({ "token_endpoint": null }),
        json!({ "jwks_uri": null }),
    ] {
        let provider = Scripted::start().await;
        provider.metadata(members.clone());
        let service = provider.service().await;
        let answer = Browser::new().open(&service.origin).await;
        let refused = [StatusCode::BAD_GATEWAY, StatusCode::BAD_REQUEST];
        assert!(refused.contains(&answer.status), "{members}: {answer:?}");
        assert!(answer.cookies().is_empty());
    }
}
