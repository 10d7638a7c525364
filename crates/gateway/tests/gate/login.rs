//! Who is sent to log in, through the gate and by way of other proxies.

use crate::world::{API, World};

const LOGIN: &str = "[login]\nissuer = \"@ISSUER@\"\nclient_id = \"app\"\nallow = \"everyone\"\n";
const PAGE: [&str; 2] = ["Accept: text/html", "Sec-Fetch-Mode: navigate"];

async fn world() -> World {
    World::with_tables(LOGIN).await
}

/// The same for proxies that ask.
async fn asked() -> World {
    let world = world().await;
    let settings = "public_url = \"https://api.example.com\"\nforward_auth = [\"nginx\", \"traefik\", \"caddy\", \"envoy\"]\n\
                    proxies = { trusted = [\"127.0.0.1\"] }\n[[issuer]]\nissuer = \"@ISSUER@\"\n";
    let reloaded = world.reload(&format!("{settings}{LOGIN}")).await;
    reloaded.expect("reloaded");
    world
}

#[tokio::test]
async fn whoever_asks_for_a_page_is_sent_to_log_in() {
    let world = world().await;
    let said = world.send("GET /things/1", &PAGE).await;
    assert!(matches!(said.status, 302 | 303), "{said:?}");
    let place = said.header("location").expect("a place");
    let provider = format!("{}/authorize?", world.issuer.url);
    assert!(place.starts_with(&provider), "{place}");
    assert!(said.all("set-cookie").next().is_some(), "{said:?}");
}

#[tokio::test]
async fn programs_are_told_instead() {
    let world = world().await;
    let page = PAGE[0];
    for headers in [
        vec!["Accept: application/json"],
        vec![],
        vec![page, "Sec-Fetch-Mode: cors"],
        vec![page, "Authorization: Bearer nonsense"],
        vec![
            page,
            "Cookie: __Host-gatepass=nonsense",
            "Sec-Fetch-Mode: no-cors",
        ],
    ] {
        let said = world.send("GET /things/1", &headers).await;
        assert_eq!(said.status, 401, "{headers:?}: {said:?}");
    }
    assert_eq!(world.send("POST /things/1", &PAGE).await.status, 401);
    // Rules hold all the same.
    assert_eq!(world.send("GET /public/x", &PAGE).await.status, 200);
    assert_eq!(world.send("GET /never", &PAGE).await.status, 403);
}

/// The API sees no cookie of the login, genuine or not.
#[tokio::test]
async fn the_logins_cookies_stay_here() {
    let world = world().await;
    let cookies = "Cookie: theme=dark; __Host-gatepass=secret; gatepass=secret; lang=en";
    let said = world.send("GET /public/x", &[cookies]).await;
    let seen = said.json();
    let left = seen["headers"]["cookie"].as_str().unwrap_or_default();
    assert!(
        left.contains("theme=dark") && left.contains("lang=en"),
        "{said:?}"
    );
    assert!(!said.body.contains("secret"), "{said:?}");
}

#[tokio::test]
async fn proxies_are_told_where_people_log_in() {
    let world = asked().await;
    let mut headers = vec!["X-Original-Method: GET", "X-Original-URI: /a?b=c"];
    headers.extend(PAGE);
    let said = world.send("GET /.gatepass/auth/nginx", &headers).await;
    assert_eq!(said.status, 401, "{said:?}");
    let place = format!("{API}/.gatepass/login?return_to=%2Fa%3Fb%3Dc");
    assert_eq!(said.header("x-gatepass-login"), Some(place.as_str()));

    let mut headers = vec!["X-Forwarded-Method: GET", "X-Forwarded-Uri: /a?b=c"];
    headers.extend(PAGE);
    let provider = format!("{}/authorize?", world.issuer.url);
    for said in [
        world.send("GET /.gatepass/auth/traefik", &headers).await,
        world.send("GET /.gatepass/auth/caddy", &headers).await,
        world.send("GET /.gatepass/auth/envoy/a?b=c", &PAGE).await,
    ] {
        assert!(matches!(said.status, 302 | 303), "{said:?}");
        let place = said.header("location").expect("a place");
        assert!(place.starts_with(&provider), "{place}");
    }
    let said = world.send("GET /.gatepass/auth/envoy/a", &[]).await;
    assert_eq!(said.status, 401, "{said:?}");
}

#[tokio::test]
async fn proxies_are_told_which_cookies_go_on() {
    let world = asked().await;
    let bearer = world.bearer("");
    let cookies = "Cookie: theme=dark; __Host-gatepass=secret";
    let said = world
        .send("GET /.gatepass/auth/envoy/a", &[&bearer, cookies])
        .await;
    assert_eq!(said.status, 200, "{said:?}");
    assert_eq!(said.header("cookie"), Some("theme=dark"));
    let asking = [
        bearer.as_str(),
        "X-Forwarded-Method: GET",
        "X-Forwarded-Uri: /a",
    ];
    for (cookies, left) in [
        (vec![cookies, "Cookie: lang=en"], "theme=dark; lang=en"),
        (vec!["Cookie: __Host-gatepass=secret"], ""),
    ] {
        let all = [&asking[..], &cookies].concat();
        let said = world.send("GET /.gatepass/auth/caddy", &all).await;
        assert_eq!(said.header("cookie"), Some(left), "{said:?}");
    }
}
