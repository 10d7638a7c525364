//! Pages of other origins: here what their browsers ask before they send a request.

mod answers;
mod left_alone;
mod settings;

use std::net::SocketAddr;

use axum::Router;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, VARY};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::net::TcpListener;

use crate::wire::Said;
use crate::world::World;

const HERE: &str = "https://app.example";
const ORIGIN: &str = "Origin: https://app.example";
const CORS: &str = "[cors]\norigins = [\"https://app.example\", \"http://localhost:5173\"]\n\
                    expose_headers = [\"X-Total-Count\", \"Location\"]\nmax_age = \"5m\"\n";
const UPSTREAM: &str = "upstream = \"@UPSTREAM@\"\npublic_url = \"https://api.example.com\"\n";
const RULES: &str =
    "[[issuer]]\nissuer = \"@ISSUER@\"\n[[rule]]\npath = \"/public/**\"\naccess = \"open\"\n";
/// All that a browser looks for in an answer.
const NAMES: [&str; 7] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-allow-private-network",
];
/// What no page of `app.example` sends.
const STRANGERS: [&[&str]; 10] = [
    &["Origin: https://evil.example"],
    &["Origin: http://app.example"],
    &["Origin: https://app.example:8443"],
    &["Origin: https://app.example/"],
    &["Origin: https://APP.example"],
    &["Origin: https://app.example.evil.example"],
    &["Origin: https://app.example https://evil.example"],
    &["Origin: null"],
    &["Origin:"],
    &[ORIGIN, ORIGIN],
];

/// Nothing is told to pages.
fn is_silent(said: &Said) {
    for name in NAMES {
        assert_eq!(said.header(name), None, "{said:?}");
    }
}

/// Pages of this origin are told what they need to read the answer, once, and that their cookies are for nothing.
fn is_for(said: &Said, origin: &str) {
    let reader = said.header("access-control-allow-origin");
    assert_eq!(reader, Some(origin), "{said:?}");
    let readable = said.header("access-control-expose-headers");
    let list = "dpop-nonce, location, mcp-session-id, retry-after, www-authenticate, x-total-count";
    assert_eq!(readable, Some(list), "{said:?}");
    assert_eq!(said.header("access-control-allow-credentials"), None);
    let vary: Vec<&str> = said.all("vary").collect();
    assert!(vary.contains(&"origin"), "{said:?}");
}

async fn preflight(world: &World, path: &str, headers: &[&str]) -> Said {
    let method = "Access-Control-Request-Method: PUT";
    let wish = "Access-Control-Request-Headers: authorization,Content-Type, x-custom";
    let all = [&[method, wish], headers].concat();
    world.send(&format!("OPTIONS {path}"), &all).await
}

/// An API that lets every page in with its cookies, and says so twice.
async fn careless_api() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = listener.local_addr().expect("an address");
    let answer = async || {
        let mut headers = HeaderMap::new();
        for name in NAMES {
            let value = HeaderValue::from_static("true");
            headers.insert(HeaderName::from_static(name), value);
        }
        for origin in ["https://app.example", "https://evil.example"] {
            let origin = HeaderValue::from_static(origin);
            headers.append(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
        headers.insert(VARY, HeaderValue::from_static("Accept-Encoding, Cookie"));
        (headers, "from the API")
    };
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

#[tokio::test]
async fn a_preflight_asks_no_rule_and_does_not_reach_the_api() {
    let world = World::with_tables(CORS).await;
    for path in ["/never", "/admin/x", "/things/1", "/public", "/else?y=z"] {
        let said = preflight(&world, path, &[ORIGIN]).await;
        assert_eq!((said.status, said.body.as_str()), (204, ""), "{said:?}");
        for (name, value) in [
            ("access-control-allow-origin", HERE),
            ("access-control-allow-methods", "PUT"),
            (
                "access-control-allow-headers",
                "authorization, content-type, x-custom",
            ),
            ("access-control-max-age", "300"),
            (
                "vary",
                "origin, access-control-request-method, access-control-request-headers",
            ),
        ] {
            assert_eq!(said.header(name), Some(value), "{name} at {path}");
        }
        for name in [
            "access-control-allow-credentials",
            "access-control-expose-headers",
        ] {
            assert_eq!(said.header(name), None, "{said:?}");
        }
    }
    let bare = [
        "Origin: http://localhost:5173",
        "Access-Control-Request-Method: DELETE",
    ];
    let said = world.send("OPTIONS /admin", &bare).await;
    assert_eq!(said.status, 204, "{said:?}");
    let methods = said.header("access-control-allow-methods");
    assert_eq!(methods, Some("DELETE"));
    assert_eq!(said.header("access-control-allow-headers"), None);
}

/// Only the browser's question is answered for the API; other uses of OPTIONS are its own.
#[tokio::test]
async fn not_every_options_is_a_preflight() {
    let world = World::with_tables(CORS).await;
    let said = world.send("OPTIONS /public", &[ORIGIN]).await;
    assert_eq!(
        (said.status, &said.json()["method"]),
        (200, &"OPTIONS".into())
    );
    is_for(&said, HERE);
    let said = world.send("OPTIONS /else", &[ORIGIN]).await;
    assert_eq!(said.status, 401, "{said:?}");
    let asks = "Access-Control-Request-Method: GET";
    assert_eq!(world.send("OPTIONS /else", &[asks]).await.status, 401);
    assert_eq!(world.send("GET /else", &[ORIGIN, asks]).await.status, 401);
}

#[tokio::test]
async fn a_private_network_is_opened_to_nobody() {
    let world = World::with_tables("[cors]\norigins = [\"*\"]\n").await;
    let asks = "Access-Control-Request-Private-Network: true";
    let said = preflight(&world, "/else", &[ORIGIN, asks]).await;
    assert_eq!(said.status, 204, "{said:?}");
    let opened = said.header("access-control-allow-private-network");
    assert_eq!(opened, None);
}

#[tokio::test]
async fn what_is_no_question_is_refused() {
    let world = World::with_tables(CORS).await;
    let many: Vec<String> = (0..65).map(|each| format!("x-{each}")).collect();
    let many = format!("Access-Control-Request-Headers: {}", many.join(","));
    let half = format!("Access-Control-Request-Headers: x-{}", "y".repeat(2100));
    let long = format!("Access-Control-Request-Method: {}", "G".repeat(33));
    let method = "Access-Control-Request-Method: PUT";
    for (headers, what) in [
        (vec![method, method], "Access-Control-Request-Method"),
        (
            vec!["Access-Control-Request-Method: PUT, GET"],
            "Access-Control-Request-Method",
        ),
        (
            vec!["Access-Control-Request-Method:"],
            "Access-Control-Request-Method",
        ),
        (vec![&long], "Access-Control-Request-Method"),
        (
            vec![method, "Access-Control-Request-Headers: x y"],
            "Access-Control-Request-Headers",
        ),
        (
            vec![method, "Access-Control-Request-Headers: a,\"b\""],
            "Access-Control-Request-Headers",
        ),
        (
            vec![method, "Access-Control-Request-Headers: a:b"],
            "Access-Control-Request-Headers",
        ),
        (vec![method, &many], "Access-Control-Request-Headers"),
        (vec![method, &half, &half], "Access-Control-Request-Headers"),
    ] {
        let headers = [&[ORIGIN], headers.as_slice()].concat();
        let said = world.send("OPTIONS /things/1", &headers).await;
        assert_eq!(
            (said.status, said.error()),
            (400, "invalid_request".to_owned())
        );
        assert!(said.body.contains(what), "{said:?}");
        is_for(&said, HERE);
    }
    let huge = format!("Access-Control-Request-Headers: {}", "x".repeat(40_000));
    let said = preflight(&world, "/things/1", &[ORIGIN, &huge]).await;
    assert_eq!(said.status, 431, "{}", said.status);
}
