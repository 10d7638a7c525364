//! Cookies, links and requests from somebody who means no good.

use gatepass_proto::Params;
use http::{Method, StatusCode};

use crate::browser::Browser;
use crate::scripted::Scripted;
use crate::service::Service;

const SESSION: &str = "gatepass-login";

async fn status(service: &Service, browser: &mut Browser) -> StatusCode {
    let json = [("accept", "application/json")];
    browser
        .send(Method::GET, &service.origin, &json, None)
        .await
        .status
}

/// A service, and a browser with a session there.
async fn logged_in() -> (Scripted, Service, Browser) {
    let provider = Scripted::start().await;
    let service = provider.service().await;
    let mut browser = Browser::new();
    provider.log_in(&service, &mut browser).await;
    assert_eq!(status(&service, &mut browser).await, StatusCode::OK);
    (provider, service, browser)
}

#[tokio::test]
async fn a_cookie_that_was_meddled_with_is_none() {
    let (provider, service, mut browser) = logged_in().await;
    let good = browser.jar(&service.origin)[SESSION].clone();
    let mut bad = vec![
        String::new(),
        "A".repeat(good.len()),
        "A".repeat(5000),
        format!("{good}A"),
        format!("{good}="),
        good[1..].to_owned(),
        good[..good.len() - 1].to_owned(),
        format!("{good}; {SESSION}={good}"),
    ];
    for at in (0..good.len() - 1).step_by(37) {
        let mut changed = good.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        bad.push(String::from_utf8(changed).expect("ASCII"));
    }
    for value in bad {
        browser
            .jar(&service.origin)
            .insert(SESSION.to_owned(), value.clone());
        let found = status(&service, &mut browser).await;
        assert_eq!(found, StatusCode::UNAUTHORIZED, "{value}");
    }
    browser
        .jar(&service.origin)
        .insert(SESSION.to_owned(), good.clone());
    assert_eq!(status(&service, &mut browser).await, StatusCode::OK);

    // One service's session is nothing to another, though the provider and its client are the same.
    let other = provider.service().await;
    browser.jar(&other.origin).insert(SESSION.to_owned(), good);
    assert_eq!(status(&other, &mut browser).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn one_kind_of_cookie_is_no_other() {
    let (provider, service, mut browser) = logged_in().await;
    let away = browser
        .open(&service.at("/.gatepass/login?prompt=login"))
        .await;
    let jar = browser.jar(&service.origin);
    let name = jar
        .keys()
        .find(|name| name.starts_with("gatepass-away-"))
        .expect("one")
        .clone();
    let (session, login) = (jar[SESSION].clone(), jar[&name].clone());
    jar.insert(SESSION.to_owned(), login);
    jar.insert(name, session);
    assert_eq!(
        status(&service, &mut browser).await,
        StatusCode::UNAUTHORIZED
    );
    let back = provider
        .come_back(&service, &mut browser, &away, &provider.claims(&away))
        .await;
    assert_eq!(back.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn nobody_is_sent_to_another_site() {
    let (provider, service, mut browser) = logged_in().await;
    for evil in [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "/%0d%0aLocation:%20https://evil.example",
        "/\r\nSet-Cookie: a=b",
        "/\t/evil.example",
        "//evil.example/%2f..",
        "/.//evil.example",
        "@evil.example",
        "",
        "/.gatepass/logout",
    ] {
        let mut params = Params::new();
        params.push("return_to", evil);
        let link = service.at(&params.append_to("/.gatepass/login"));
        let answer = browser.open(&link).await;
        let to = answer.location();
        assert_eq!(to.origin(), service.origin.origin(), "{evil:?}");
        assert!(
            answer
                .header("location")
                .starts_with(service.origin.as_str()),
            "{evil:?}"
        );
        assert!(!to.path().starts_with("/.gatepass"), "{evil:?}");
        assert!(answer.headers.get("set-cookie").is_none(), "{evil:?}");
        // After a login it is no other.
        let mut newcomer = Browser::new();
        let away = newcomer.open(&link).await;
        let back = provider
            .come_back(&service, &mut newcomer, &away, &provider.claims(&away))
            .await;
        assert_eq!(back.location(), to, "{evil:?}");
    }
    // The request's own target.
    let mut newcomer = Browser::new();
    let target: url::Url = format!(
        "{}//evil.example/x",
        service.origin.as_str().trim_end_matches('/')
    )
    .parse()
    .expect("a URL");
    let away = newcomer.open(&target).await;
    let back = provider
        .come_back(&service, &mut newcomer, &away, &provider.claims(&away))
        .await;
    assert_eq!(back.location(), service.origin);
}

#[tokio::test]
async fn another_sites_page_changes_nothing() {
    let (_, service, mut browser) = logged_in().await;
    let own = service.origin.origin().ascii_serialization();
    for (headers, passes) in [
        (&[("origin", own.as_str())][..], true),
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "null")], false),
        (&[("sec-fetch-site", "same-site")], false),
        (
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://evil.example"),
            ],
            false,
        ),
        (&[], false),
    ] {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = browser.send(method, &service.origin, headers, None).await;
            let expected = if passes {
                StatusCode::OK
            } else {
                StatusCode::FORBIDDEN
            };
            assert_eq!(answer.status, expected, "{headers:?}");
        }
    }
    // A WebSocket is opened with a GET.
    let socket = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("origin", "https://evil.example"),
    ];
    let answer = browser
        .send(Method::GET, &service.origin, &socket, None)
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let reading = [
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
    ];
    let answer = browser
        .send(Method::GET, &service.origin, &reading, None)
        .await;
    assert_eq!(answer.status, StatusCode::OK);
}
