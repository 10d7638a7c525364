//! The way in.

use std::time::Duration;

use gatepass_gateway::login::{BrowserLogin, LoginSettings, StepUp, Visit};
use gatepass_http::{Egress, HttpTransport, SystemClock};
use http::header::SET_COOKIE;
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;
use std::sync::Arc;

use crate::browser::{Browser, asked};
use crate::provider::{Provider, Registered};
use crate::service::{Place, in_file};

#[tokio::test]
async fn a_deep_link_is_reached_after_the_login() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let mut browser = provider.browser();
    browser
        .jar(&service.origin)
        .insert("theme".to_owned(), "dark".to_owned());

    let away = browser.open(&service.at("/deep/link?x=1&y=%2F")).await;
    assert_eq!(away.status, StatusCode::SEE_OTHER);
    assert!(away.location().as_str().starts_with(&provider.issuer));
    for name in ["state", "nonce", "code_challenge"] {
        assert!(
            away.asks(name).is_some_and(|value| value.len() >= 20),
            "{name}"
        );
    }
    assert_eq!(away.asks("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(away.asks("prompt"), None);
    assert_eq!(away.header("cache-control"), "no-store");

    let arrived = browser.visit(&away.location()).await;
    assert_eq!(arrived.url, service.at("/deep/link?x=1&y=%2F"));
    let said = arrived.json();
    assert_eq!(said["target"], "/deep/link?x=1&y=%2F");
    assert_eq!(said["issuer"], json!(provider.issuer));
    assert_eq!(said["claims"]["email"], "dev@example.com");
    assert_eq!(said["cookies"], json!(["theme=dark"]));

    let jar = browser.jar(&service.origin).clone();
    let names: Vec<&str> = jar.keys().map(String::as_str).collect();
    assert_eq!(names, ["gatepass-login", "theme"]);
    assert!(jar["gatepass-login"].len() < 2000);
    assert!(!jar["gatepass-login"].contains("dev@example.com"));
    let again = browser.open(&service.at("/other")).await.json();
    assert_eq!(again["subject"], said["subject"]);
}

#[tokio::test]
async fn several_tabs_log_in_at_once() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let mut browser = provider.browser();
    let first = browser.open(&service.at("/first")).await;
    let second = browser.open(&service.at("/second")).await;
    let arrived = browser.visit(&second.location()).await;
    assert_eq!(arrived.json()["target"], "/second");
    let arrived = browser.visit(&first.location()).await;
    assert_eq!(arrived.json()["target"], "/first");
}

#[tokio::test]
async fn of_many_logins_under_way_the_last_four_are_remembered() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let mut browser = provider.browser();
    let mut tabs = Vec::new();
    for index in 0..6 {
        tabs.push(browser.open(&service.at(&format!("/{index}"))).await);
        // The oldest goes first, which the clock must be able to tell.
        service.clock.pass(Duration::from_secs(1));
        assert!(browser.jar(&service.origin).len() <= 4);
    }
    assert!(browser.cookies(&service.origin).len() < 8000);
    for (index, tab) in tabs.iter().enumerate() {
        let arrived = browser.visit(&tab.location()).await;
        if index < 2 {
            assert_eq!(arrived.status, StatusCode::BAD_REQUEST, "{index}");
            assert!(arrived.body.contains("This login is over"), "{arrived:?}");
        } else {
            assert_eq!(arrived.json()["target"], format!("/{index}"));
        }
    }
}

#[tokio::test]
async fn only_who_asks_for_a_page_is_sent_away() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let mut browser = provider.browser();
    for headers in [
        &[("accept", "*/*")][..],
        &[("accept", "application/json"), ("sec-fetch-mode", "cors")],
        &[("accept", "text/html"), ("sec-fetch-mode", "no-cors")],
    ] {
        let answer = browser
            .send(Method::GET, &service.at("/"), headers, None)
            .await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{headers:?}");
        assert!(answer.cookies().is_empty());
    }
    let (page, headers) = (service.at("/"), [("accept", "text/html")]);
    let posted = browser.send(Method::POST, &page, &headers, None);
    assert_eq!(posted.await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_login_link_comes_back_to_where_it_says() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let mut browser = provider.browser();
    let link = service.at("/.gatepass/login?return_to=%2Fpage%3Fa%3Db");
    assert_eq!(browser.visit(&link).await.json()["target"], "/page?a=b");
    // Who is logged in already is not sent away.
    let again = browser.open(&link).await;
    assert_eq!(again.location(), service.at("/page?a=b"));
    let anew = browser
        .open(&service.at("/.gatepass/login?prompt=login"))
        .await;
    assert_eq!(anew.asks("prompt").as_deref(), Some("login"));
    let strong = service.at("/.gatepass/login?acr_values=gold+silver&max_age=60");
    let away = browser.open(&strong).await;
    assert_eq!(away.asks("acr_values").as_deref(), Some("gold silver"));
    assert_eq!(away.asks("max_age").as_deref(), Some("60"));
}

#[tokio::test]
async fn over_tls_the_cookies_are_bound_to_the_host() {
    let provider = Provider::start().await;
    let place = Place::new().await;
    let settings = provider.settings(&place, Registered::default()).await;
    let transport = HttpTransport::new(Egress::default()).expect("the usual rules");
    let public: url::Url = "https://app.example/base?x".parse().expect("a URL");
    let login = BrowserLogin::new(
        settings,
        &public,
        Arc::new(transport),
        Arc::new(SystemClock),
    );
    let login = login.await.expect("a login");
    let headers = HeaderMap::new();
    let visit = Visit {
        method: &Method::GET,
        target: "/x",
        headers: &headers,
    };
    let away = login.begin(&visit, &StepUp::default()).await;
    let cookie = away.headers()[SET_COOKIE].to_str().expect("text");
    assert!(cookie.starts_with("__Host-gatepass-away-"), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600"),
        "{cookie}"
    );
    let to: url::Url = away.headers()["location"]
        .to_str()
        .expect("text")
        .parse()
        .expect("a URL");
    let back = asked(&to, "redirect_uri");
    assert_eq!(
        back.as_deref(),
        Some("https://app.example/.gatepass/callback")
    );
}

#[tokio::test]
async fn with_a_key_on_disk_sessions_outlive_a_restart() {
    let provider = Provider::start().await;
    let place = Place::new().await;
    let settings = provider.settings(&place, Registered::default()).await;
    let key_file = provider.folder.path().join("login.key");
    let service = place.serve(in_file(settings, key_file)).await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    let half_way = browser
        .open(&service.at("/.gatepass/login?prompt=login&return_to=/later"))
        .await;
    service.restart().await;
    browser.open(&service.origin).await.json();
    assert_eq!(
        browser.visit(&half_way.location()).await.json()["target"],
        "/later"
    );
}

#[tokio::test]
async fn without_one_they_end() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    service.restart().await;
    assert_eq!(
        browser.open(&service.origin).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn new_settings_keep_sessions_and_another_client_does_not() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let mut browser = provider.browser();
    browser.visit(&service.origin).await.json();
    let wider = LoginSettings {
        opens: "read write".parse().expect("a scope"),
        ..service.settings()
    };
    service.reload(wider).await;
    assert_eq!(
        browser.open(&service.origin).await.json()["scope"],
        "read write"
    );
    let another = LoginSettings {
        client_id: gatepass_proto::ClientId::new("another"),
        ..service.settings()
    };
    service.reload(another).await;
    assert_eq!(
        browser.open(&service.origin).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn a_provider_that_is_away_is_no_way_in() {
    let place = Place::new().await;
    // Nobody listens there.
    let gone = Place::new().await.origin;
    let id = gatepass_proto::ClientId::new("guard");
    let everyone = gatepass_gateway::login::Allow::Everyone;
    let service = place
        .serve(LoginSettings::new(gone.as_str(), id, everyone))
        .await;
    let answer = Browser::new().open(&service.origin).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "30");
    assert!(answer.body.contains("Try again"), "{answer:?}");
    assert!(answer.cookies().is_empty());
}

#[tokio::test]
async fn a_wrong_secret_is_for_the_log_and_no_way_in() {
    let provider = Provider::start().await;
    let service = provider.service(Registered::default()).await;
    let wrong = LoginSettings {
        client_secret: crate::service::given("gp_cs_wrong"),
        ..service.settings()
    };
    service.reload(wrong).await;
    let answer = provider.browser().visit(&service.origin).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    assert!(answer.body.contains("invalid_client"), "{answer:?}");
    assert!(!answer.body.contains("gp_cs_wrong"), "{answer:?}");
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_at_once() {
    let good = LoginSettings::new(
        "https://as.example",
        gatepass_proto::ClientId::new("guard"),
        gatepass_gateway::login::Allow::Everyone,
    );
    let minute = Duration::from_secs(60);
    for (settings, word) in [
        (
            LoginSettings {
                issuer: "http://as.example".into(),
                ..good.clone()
            },
            "issuer",
        ),
        (
            LoginSettings {
                issuer: "as.example".into(),
                ..good.clone()
            },
            "issuer",
        ),
        (
            LoginSettings {
                recheck_after: minute / 2,
                ..good.clone()
            },
            "recheck_after",
        ),
        (
            LoginSettings {
                session_lifetime: minute / 2,
                ..good.clone()
            },
            "session_lifetime",
        ),
        (
            LoginSettings {
                session_lifetime: minute * 60 * 24 * 91,
                ..good.clone()
            },
            "session_lifetime",
        ),
        (
            LoginSettings {
                trusted_origins: vec!["https://a.example/".into()],
                ..good.clone()
            },
            "trusted_origins",
        ),
        (
            LoginSettings {
                post_logout_redirect_uri: Some("/bye".into()),
                ..good.clone()
            },
            "post_logout",
        ),
        (
            LoginSettings {
                params: [("nonce".into(), "1".into())].into(),
                ..good.clone()
            },
            "nonce",
        ),
        (
            LoginSettings {
                key_file: Some("/nowhere/at/all".into()),
                ..good.clone()
            },
            "/nowhere/at/all",
        ),
    ] {
        let origin = "https://app.example".parse().expect("a URL");
        let transport = HttpTransport::new(Egress::default()).expect("the usual rules");
        let made = BrowserLogin::new(
            settings,
            &origin,
            Arc::new(transport),
            Arc::new(SystemClock),
        )
        .await;
        let refused = made.expect_err(word).to_string();
        assert!(refused.contains(word), "{refused}");
    }
}
