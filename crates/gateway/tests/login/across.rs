//! Sessions, and pages of other origins that may call the service with a token.

use axum::Router;
use gatepass_gateway::login::LoginSettings;
use gatepass_gateway::{Config, CorsEntry, Gate};
use http::{HeaderMap, Method};
use tokio::net::TcpListener;
use url::Url;

use crate::browser::{Answer, Browser};
use crate::provider::{Provider, Registered};
use crate::service::Place;

const ELSEWHERE: &str = "https://app.example";
const TRUSTED: &str = "https://www.example";
const EVIL: &str = "https://evil.example";

/// A service behind a gate that people log in at and that pages of these origins may call, and the browser of a person who
/// has logged in.
async fn entered(origins: &[&str]) -> (Browser, Url) {
    let upstream = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = upstream.local_addr().expect("an address");
    let place = Place::new().await;
    let provider = Provider::start().await;
    let login = LoginSettings {
        trusted_origins: vec![TRUSTED.to_owned()],
        ..provider.settings(&place, Registered::default()).await
    };
    let origins = origins.iter().map(|own| own.parse().expect("an origin"));
    let cors = CorsEntry {
        origins: origins.collect(),
        ..CorsEntry::default()
    };
    let url = place.origin.clone();
    let config = Config {
        upstream: format!("http://{address}").parse().ok(),
        public_url: Some(url.clone()),
        login: Some(login),
        cors,
        ..Config::default()
    };
    let gate = Gate::new(&config).await.expect("a gate");
    serve(upstream, Router::new().fallback(who));
    serve(place.into_listener(), gate.router());
    let mut browser = provider.browser();
    assert_eq!(browser.visit(&url).await.body, "known");
    (browser, url)
}

/// Whether the service is told who asks.
async fn who(headers: HeaderMap) -> &'static str {
    match headers.contains_key("x-gatepass-subject") {
        true => "known",
        false => "unknown",
    }
}

fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await });
}

/// What a script of this origin gets that sends the browser's cookies along.
async fn fetch(browser: &mut Browser, method: Method, url: &Url, origin: &str) -> Answer {
    assert!(browser.cookies(url).contains("gatepass-login"), "a session");
    let headers = [("origin", origin), ("sec-fetch-mode", "cors")];
    let answer = browser.send(method, url, &headers, None).await;
    let told = answer.headers.keys().map(http::HeaderName::as_str);
    let told: Vec<&str> = told
        .filter(|own| own.starts_with("access-control-"))
        .collect();
    assert!(told.is_empty(), "{answer:?}");
    answer
}

#[tokio::test]
async fn a_session_is_for_nobody_who_may_call_with_a_token() {
    for (origins, callers) in [
        (&[ELSEWHERE, "http://localhost:5173"][..], &[ELSEWHERE][..]),
        (&["*"], &[ELSEWHERE, EVIL, "null"]),
    ] {
        let (mut browser, url) = entered(origins).await;
        for caller in callers {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
                let answer = fetch(&mut browser, method, &url, caller).await;
                assert_eq!(answer.status, 401, "{caller}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_session_is_for_the_services_own_pages_and_for_those_that_the_login_trusts() {
    for origins in [&[][..], &[ELSEWHERE], &[ELSEWHERE, TRUSTED], &["*"]] {
        let (mut browser, url) = entered(origins).await;
        let own = url.origin().ascii_serialization();
        for caller in [own.as_str(), TRUSTED] {
            for method in [Method::GET, Method::POST] {
                let answer = fetch(&mut browser, method, &url, caller).await;
                assert_eq!(answer.body, "known", "{caller}: {answer:?}");
            }
        }
        assert_eq!(browser.open(&url).await.body, "known");
    }
}

/// A WebSocket is opened without asking: by whose page is looked at as ever.
#[tokio::test]
async fn a_websocket_with_a_session_is_for_the_same_pages_as_ever() {
    for origins in [&[][..], &[ELSEWHERE], &["*"]] {
        let (mut browser, url) = entered(origins).await;
        let own = url.origin().ascii_serialization();
        for (caller, status) in [
            (own.as_str(), 200),
            (TRUSTED, 200),
            (ELSEWHERE, 403),
            (EVIL, 403),
        ] {
            let headers = [("origin", caller), ("upgrade", "websocket")];
            let answer = browser.send(Method::GET, &url, &headers, None).await;
            assert_eq!(answer.status, status, "{caller}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn who_may_not_call_at_all_is_turned_away_as_ever() {
    for origins in [&[][..], &[ELSEWHERE]] {
        let (mut browser, url) = entered(origins).await;
        let answer = fetch(&mut browser, Method::POST, &url, EVIL).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        assert!(answer.body.contains("Not from there"), "{answer:?}");
    }
}
