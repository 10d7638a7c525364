//! What stays as it is without the settings.

use super::{CORS, HERE, NAMES, ORIGIN, RULES, STRANGERS, UPSTREAM};
use super::{careless_api, is_for, is_silent, preflight};
use crate::world::World;

/// People log in at the issuer.
const LOGIN: &str = "[login]\nissuer = \"@ISSUER@\"\nclient_id = \"app\"\nallow = \"everyone\"\n";

#[tokio::test]
async fn the_metadata_is_open_to_all_pages() {
    let world = World::with_tables(CORS).await;
    let place = "/.well-known/oauth-protected-resource";
    for origin in [ORIGIN, "Origin: https://evil.example", "Origin: null"] {
        let said = world.send(&format!("GET {place}"), &[origin]).await;
        assert_eq!(said.status, 200, "{said:?}");
        assert_eq!(said.header("access-control-allow-origin"), Some("*"));
        let said = preflight(&world, place, &[origin]).await;
        assert_eq!(said.status, 204, "{said:?}");
        assert_eq!(said.header("access-control-allow-origin"), Some("*"));
        assert_eq!(
            said.header("access-control-allow-methods"),
            Some("GET, HEAD")
        );
    }
}

/// Forward-auth asks about preflights as about everything, and the answer is for the proxy.
#[tokio::test]
async fn the_gates_own_places_are_as_they_were() {
    let asked = "forward_auth = [\"nginx\", \"traefik\", \"envoy\"]\nproxies = { trusted = [\"127.0.0.1\"] }\n";
    let without = format!("{asked}{UPSTREAM}{RULES}{LOGIN}");
    let world = World::usual().await;
    let bearer = world.bearer("");
    for (settings, what) in [(&without, "without"), (&format!("{without}{CORS}"), "with")] {
        world.reload(settings).await.expect("reloaded");
        let nginx = ["X-Original-Method: OPTIONS", "X-Original-URI: /x"];
        let traefik = ["X-Forwarded-Method: GET", "X-Forwarded-Uri: /x"];
        for (line, headers, status) in [
            ("OPTIONS /.gatepass/auth/envoy/x", vec![], 401),
            (
                "OPTIONS /.gatepass/auth/envoy/x",
                vec![bearer.as_str()],
                200,
            ),
            ("OPTIONS /.gatepass/auth/envoy/public/x", vec![], 200),
            ("GET /.gatepass/auth/nginx", nginx.to_vec(), 401),
            ("GET /.gatepass/auth/traefik", traefik.to_vec(), 401),
            ("OPTIONS /.gatepass/health", vec![], 405),
            ("GET /.gatepass/health", vec![], 200),
            ("GET /.gatepass/jwks.json", vec![], 200),
            ("GET /.gatepass/none", vec![], 404),
            ("OPTIONS /.gatepass/callback", vec![], 405),
            ("GET /.gatepass/logged_out", vec![], 200),
            ("GET /.gatepass/login", vec![], 303),
        ] {
            let asks = [ORIGIN, "Access-Control-Request-Method: GET"];
            let said = world
                .send(line, &[&asks, headers.as_slice()].concat())
                .await;
            assert_eq!(said.status, status, "{what}: {line}: {said:?}");
            is_silent(&said);
            assert!(said.all("vary").all(|own| own != "origin"), "{said:?}");
        }
    }
}

/// A browser opens WebSockets without asking, so there is nothing to tell it.
#[tokio::test]
async fn websockets_are_as_they_were() {
    let world = World::before_api(careless_api().await).await;
    let upgrade = ["Upgrade: websocket", "Sec-WebSocket-Version: 13"];
    let headers = [&[ORIGIN], &upgrade[..]].concat();
    let before = world.send("GET /public", &headers).await;
    let reloaded = world.reload(&format!("{UPSTREAM}{RULES}{CORS}")).await;
    reloaded.expect("reloaded");
    let after = world.send("GET /public", &headers).await;
    for name in NAMES.iter().chain(&["vary"]) {
        let (before, after) = (before.all(name), after.all(name));
        assert!(before.eq(after), "{name}");
    }
}

/// A navigation to log in is no answer for a script.
#[tokio::test]
async fn the_way_to_log_in_is_for_navigation() {
    let world = World::with_tables(&format!("{CORS}{LOGIN}")).await;
    let page = ["Accept: text/html", "Sec-Fetch-Mode: navigate"];
    for origin in [&[][..], &[ORIGIN], STRANGERS[0]] {
        let said = world.send("GET /things/1", &[&page, origin].concat()).await;
        assert!(matches!(said.status, 302 | 303), "{said:?}");
        is_silent(&said);
    }
    let script = ["Accept: text/html", "Sec-Fetch-Mode: cors", ORIGIN];
    let said = world.send("GET /things/1", &script).await;
    assert_eq!(said.status, 401, "{said:?}");
    is_for(&said, HERE);
}
