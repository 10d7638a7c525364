//! Who may read which answer.

use tokio::net::TcpListener;

use super::{CORS, HERE, NAMES, ORIGIN, RULES, STRANGERS, UPSTREAM};
use super::{careless_api, is_for, is_silent, preflight};
use crate::users::{PASSWORD, basic, table};
use crate::world::World;

#[tokio::test]
async fn strangers_go_the_usual_way_and_read_nothing() {
    let world = World::with_tables(CORS).await;
    let bearer = world.bearer("read");
    for stranger in STRANGERS {
        let said = preflight(&world, "/things/1", stranger).await;
        assert_eq!(said.status, 401, "{stranger:?}: {said:?}");
        is_silent(&said);
        let said = preflight(&world, "/public", stranger).await;
        assert_eq!(said.json()["method"], "OPTIONS", "{stranger:?}");
        is_silent(&said);
        let said = world
            .send("GET /things/1", &[stranger, &[&bearer]].concat())
            .await;
        assert_eq!(said.status, 200, "{stranger:?}: {said:?}");
        is_silent(&said);
        assert_eq!(said.header("vary"), Some("origin"));
    }
}

#[tokio::test]
async fn every_answer_can_be_read_refusals_too() {
    let world = World::with_tables(&format!(
        "{CORS}[limits]\nmax_header_bytes = 4000\nmax_request_body = 3\n"
    ))
    .await;
    let (read, none) = (world.bearer("read"), world.bearer(""));
    let forged = format!("Authorization: Bearer {}", world.issuer.forged("x", ""));
    let long = format!("X-Long: {}", "x".repeat(5000));
    for (line, headers, status) in [
        ("GET /things/1", vec![read.as_str()], 200),
        ("GET /public", vec![], 200),
        ("GET /things/1", vec![], 401),
        ("GET /things/1", vec![&forged], 401),
        ("GET /things/1", vec![&none], 403),
        ("GET /never", vec![&read], 403),
        ("GET /things/1", vec![&read, &read], 400),
        ("GET /things/%2e%2e/never", vec![], 400),
        ("GET /public", vec![&long], 431),
        ("TRACE /public", vec![], 405),
        ("POST /public", vec!["Content-Length: 4"], 413),
        ("GET /public", vec!["Expect: wonders"], 417),
    ] {
        let headers = [&[ORIGIN], headers.as_slice()].concat();
        let said = world.send(line, &headers).await;
        assert_eq!(said.status, status, "{line}: {said:?}");
        is_for(&said, HERE);
    }
    let challenge = world.send("GET /things/1", &[ORIGIN]).await;
    let metadata = challenge
        .all("www-authenticate")
        .any(|own| own.contains("resource_metadata"));
    assert!(metadata, "{challenge:?}");
}

#[tokio::test]
async fn that_the_api_is_down_can_be_read() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let address = nobody.local_addr().expect("an address");
    drop(nobody);
    let world = World::before_api(address).await;
    let reloaded = world.reload(&format!("{UPSTREAM}{RULES}{CORS}")).await;
    reloaded.expect("reloaded");
    let said = world.send("GET /public", &[ORIGIN]).await;
    assert_eq!(said.status, 502, "{said:?}");
    is_for(&said, HERE);
}

#[tokio::test]
async fn the_apis_own_word_counts_only_where_the_guard_has_none() {
    let world = World::before_api(careless_api().await).await;
    let said = world.send("GET /public", &[ORIGIN]).await;
    assert_eq!(
        said.all("access-control-allow-origin").count(),
        3,
        "{said:?}"
    );
    let credentials = said.header("access-control-allow-credentials");
    assert_eq!(credentials, Some("true"));
    assert_eq!(said.header("vary"), Some("Accept-Encoding, Cookie"));
    let said = preflight(&world, "/public", &[ORIGIN]).await;
    assert_eq!(said.body, "from the API", "a rule lets it pass");
    assert_eq!(preflight(&world, "/else", &[ORIGIN]).await.status, 401);

    let reloaded = world.reload(&format!("{UPSTREAM}{RULES}{CORS}")).await;
    reloaded.expect("reloaded");
    let bearer = world.bearer("");
    for line in ["GET /public", "GET /x"] {
        let said = world.send(line, &[ORIGIN, &bearer]).await;
        assert_eq!(said.body, "from the API");
        is_for(&said, HERE);
        let vary: Vec<&str> = said.all("vary").collect();
        assert_eq!(vary, ["Accept-Encoding, Cookie", "origin"]);
        for name in &NAMES[2..4] {
            assert_eq!(said.header(name), None, "{said:?}");
        }
        for stranger in [&[][..], STRANGERS[0], STRANGERS[7]] {
            let said = world.send(line, &[stranger, &[&bearer]].concat()).await;
            assert_eq!(said.body, "from the API");
            is_silent(&said);
        }
    }
    assert_eq!(preflight(&world, "/else", &[ORIGIN]).await.status, 204);

    let reloaded = world.reload(&format!("{UPSTREAM}{RULES}")).await;
    reloaded.expect("reloaded");
    let said = world.send("GET /public", &[ORIGIN]).await;
    assert_eq!(said.all("access-control-allow-origin").count(), 3);
}

#[tokio::test]
async fn everybody_is_everybody() {
    let world = World::before_api(careless_api().await).await;
    let all = "[cors]\norigins = [\"*\"]\nexpose_headers = [\"x-total-count\"]\nmax_age = \"0s\"\n";
    let reloaded = world.reload(&format!("{UPSTREAM}{RULES}{all}")).await;
    reloaded.expect("reloaded");
    for origin in [ORIGIN, "Origin: https://evil.example", "Origin: null"] {
        is_for(&world.send("GET /public", &[origin]).await, "*");
        is_for(&world.send("GET /x", &[origin]).await, "*");
        let said = preflight(&world, "/x", &[origin]).await;
        assert_eq!(said.status, 204, "{said:?}");
        assert_eq!(said.header("access-control-allow-origin"), Some("*"));
        assert_eq!(said.header("access-control-max-age"), Some("0"));
        let credentials = said.header("access-control-allow-credentials");
        assert_eq!(credentials, None);
    }
    is_silent(&world.send("GET /public", &[]).await);
    is_silent(&world.send("GET /public", &[ORIGIN, ORIGIN]).await);
}

/// What comes with cookies may be about whoever they are of. Named as readable it could be read out of the browser's cache.
#[tokio::test]
async fn an_answer_to_cookies_has_no_reader() {
    let world = World::before_api(careless_api().await).await;
    let (cookie, password) = ("Cookie: session=1", "Authorization: Basic YW5uOmh1bnRlcjI=");
    let all = "[cors]\norigins = [\"*\"]\nexpose_headers = [\"x-total-count\"]\n";
    for (settings, reader, password_has_one) in [(CORS, HERE, true), (all, "*", false)] {
        let reloaded = world.reload(&format!("{UPSTREAM}{RULES}{settings}")).await;
        reloaded.expect("reloaded");
        is_for(&world.send("GET /public", &[ORIGIN]).await, reader);
        for line in ["GET /public", "GET /x", "POST /public", "TRACE /"] {
            is_silent(&world.send(line, &[ORIGIN, cookie]).await);
        }
        // A page that is named may have asked for it; any other may use one that the browser remembers.
        let said = world.send("GET /public", &[ORIGIN, password]).await;
        match password_has_one {
            true => is_for(&said, reader),
            false => is_silent(&said),
        }
    }
}

/// A browser remembers passwords and adds them by itself, so that any page could use them.
#[tokio::test]
async fn a_password_is_for_pages_that_are_named() {
    let user = table("nightly");
    let password = basic("nightly", PASSWORD);
    let world = World::usual().await;
    let all = "[cors]\norigins = [\"*\"]\n";
    for (settings, status) in [(CORS, 200), (all, 401)] {
        let reloaded = world
            .reload(&format!("{UPSTREAM}{RULES}{user}{settings}"))
            .await;
        reloaded.expect("reloaded");
        for line in ["GET /x", "POST /x"] {
            let said = world.send(line, &[ORIGIN, &password]).await;
            assert_eq!(said.status, status, "{settings}: {said:?}");
            let own = "Origin: https://api.example.com";
            let said = world.send(line, &[own, &password]).await;
            assert_eq!(said.status, 200, "{settings}: {said:?}");
        }
        let said = world.send("GET /x", &[&password]).await;
        assert_eq!(said.status, 200, "programs name no origin: {said:?}");
    }
}
