//! What operators are told: whether anybody could be let in, and what was counted.

use std::net::SocketAddr;

use gatepass_gateway::{Config, Gate};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::api;
use crate::wire::send;
use crate::world::World;

/// Has operators answered.
const OPERATED: &str = "operations_listen = \"127.0.0.1:0\"";

/// Where operators ask about this gate.
fn operate(gate: &Gate) -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    listener.set_nonblocking(true).expect("set");
    let address = listener.local_addr().expect("an address");
    let gate = gate.clone();
    tokio::spawn(async move { gate.operate(listener).await });
    address
}

/// What was counted.
struct Counted(String);

impl Counted {
    async fn at(operators: SocketAddr) -> Self {
        let said = send(operators, "GET /metrics", &[]).await;
        assert_eq!(said.status, 200);
        let kind = said.header("content-type").expect("a type");
        assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
        Self(said.body)
    }

    /// The value of a series.
    fn of(&self, series: &str) -> Option<f64> {
        let lines = self.0.lines();
        let mut values = lines.filter_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        values.next()?.parse().ok()
    }

    fn is(&self, series: &str, value: f64) {
        assert_eq!(self.of(series), Some(value), "{series} in {}", self.0);
    }

    fn requests(&self, labels: &str, count: u32) {
        let series = format!("gatepass_guard_requests_total{{{labels}}}");
        self.is(&series, count.into());
    }
}

/// Asks again until it is so.
async fn until(operators: SocketAddr, series: &str, value: f64) {
    api::soon(async {
        while Counted::at(operators).await.of(series) != Some(value) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn requests_are_counted_by_what_became_of_them() {
    let world = World::with(OPERATED).await;
    let operators = operate(&world.gate);
    assert_eq!(world.ask("GET /things/hunter2", "read").await.status, 200);
    assert_eq!(world.send("GET /public/x", &[]).await.status, 200);
    assert_eq!(world.send("GET /things/1", &[]).await.status, 401);
    assert_eq!(world.ask("GET /admin/x", "read").await.status, 403);
    assert_eq!(world.send("GET /never", &[]).await.status, 403);
    let forged = "Authorization: Bearer hunter2";
    assert_eq!(world.send("GET /things/1", &[forged]).await.status, 401);
    assert_eq!(world.send("TRACE /", &[]).await.status, 405);
    assert_eq!(world.send("GET /.gatepass/health", &[]).await.status, 200);
    let metadata = "GET /.well-known/oauth-protected-resource";
    assert_eq!(world.send(metadata, &[]).await.status, 200);
    assert_eq!(world.send("GET /.gatepass/none", &[]).await.status, 404);
    let odd = world.ask("BREW /things/1", "read write").await;
    assert_eq!(odd.status, 200);

    let counted = Counted::at(operators).await;
    counted.requests(r#"outcome="passed",status="2xx""#, 3);
    counted.requests(r#"outcome="refused",error="unauthorized""#, 1);
    counted.requests(r#"outcome="refused",error="insufficient_scope""#, 1);
    counted.requests(r#"outcome="refused",error="access_denied""#, 1);
    counted.requests(r#"outcome="refused",error="invalid_token""#, 1);
    counted.requests(r#"outcome="refused",error="invalid_request""#, 1);
    counted.requests(r#"outcome="refused",error="not_found""#, 1);
    counted.requests(r#"outcome="own""#, 2);
    counted.requests(r#"outcome="passed",status="5xx""#, 0);
    counted.is("gatepass_guard_upstream_answer_seconds_count", 3.0);
    counted.is("gatepass_guard_answers_open", 0.0);
    let version = env!("CARGO_PKG_VERSION");
    let build = format!("gatepass_guard_build_info{{version=\"{version}\"}}");
    counted.is(&build, 1.0);
    // Nothing that anybody has sent is a label.
    for word in ["hunter2", "ann", "tool", "things", "BREW"] {
        assert!(!counted.0.contains(word), "{word} in {}", counted.0);
    }
}

#[tokio::test]
async fn what_other_proxies_ask_is_counted_like_requests() {
    let world = World::with(OPERATED).await;
    let operators = operate(&world.gate);
    let settings = format!(
        "public_url = \"https://api.example.com\"\nforward_auth = [\"nginx\", \"traefik\"]\n{OPERATED}\n\
         proxies = {{ trusted = [\"127.0.0.1\"] }}\n[[issuer]]\nissuer = \"@ISSUER@\"\n\
         [login]\nissuer = \"@ISSUER@\"\nclient_id = \"app\"\nallow = \"everyone\"\n"
    );
    world.reload(&settings).await.expect("reloaded");
    let bearer = world.bearer("read");
    let ask = async |proxy: &str, headers: &[&str]| {
        let asked = [
            "X-Original-Method: GET",
            "X-Original-URI: /x",
            "X-Forwarded-Method: GET",
            "X-Forwarded-URI: /x",
        ];
        let line = format!("GET /.gatepass/auth/{proxy}");
        world.send(&line, &[&asked, headers].concat()).await.status
    };
    let page = ["Accept: text/html", "Sec-Fetch-Mode: navigate"];
    assert_eq!(ask("nginx", &[&bearer]).await, 200);
    assert_eq!(ask("nginx", &["Authorization: Bearer x"]).await, 401);
    assert_eq!(ask("nginx", &page).await, 401);
    assert_eq!(ask("traefik", &page).await, 303);
    assert_eq!(world.send("GET /x", &page).await.status, 303);
    let counted = Counted::at(operators).await;
    counted.requests(r#"outcome="passed",status="2xx""#, 1);
    counted.requests(r#"outcome="refused",error="invalid_token""#, 1);
    counted.requests(r#"outcome="login""#, 3);
}

#[tokio::test]
async fn an_api_that_is_down_and_a_client_that_goes_are_counted() {
    let world = World::before_api_with(OPERATED, api::silent().await).await;
    let operators = operate(&world.gate);
    let mut stream = TcpStream::connect(world.address).await.expect("connected");
    let asked = "GET /public/x HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(asked.as_bytes()).await.expect("sent");
    // It is there when the next one, on a connection of its own, is refused.
    let series = r#"gatepass_guard_requests_total{outcome="abandoned"}"#;
    Counted::at(operators).await.is(series, 0.0);
    drop(stream);
    until(operators, series, 1.0).await;

    let nowhere = api::nowhere().await;
    let world = World::before_api_with(OPERATED, nowhere).await;
    let operators = operate(&world.gate);
    assert_eq!(world.send("GET /public/x", &[]).await.status, 502);
    let counted = Counted::at(operators).await;
    counted.requests(r#"outcome="failed",error="bad_gateway""#, 1);
    counted.is("gatepass_guard_upstream_answer_seconds_count", 0.0);
}

#[tokio::test]
async fn what_is_open_is_known() {
    let (events, say) = api::events().await;
    let world = World::before_api_with(OPERATED, events).await;
    let operators = operate(&world.gate);
    let mut stream = TcpStream::connect(world.address).await.expect("connected");
    let asked = "GET /public/x HTTP/1.1\r\nHost: a\r\n\r\n";
    stream.write_all(asked.as_bytes()).await.expect("sent");
    say.send("one").await.expect("said");
    let mut heard = [0; 12];
    api::soon(stream.read_exact(&mut heard))
        .await
        .expect("heard");
    Counted::at(operators)
        .await
        .is("gatepass_guard_answers_open", 1.0);
    drop(stream);
    until(operators, "gatepass_guard_answers_open", 0.0).await;
}

#[tokio::test]
async fn what_happens_at_an_issuer_is_counted_through_a_reload() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "s3cr3t").expect("written");
    let settings = |rule: &str| {
        format!(
            "upstream = \"@UPSTREAM@\"\npublic_url = \"https://api.example.com\"\n{OPERATED}\n\
             [[issuer]]\nissuer = \"@ISSUER@\"\n[issuer.introspection]\nclient_id = \"guard\"\n\
             client_secret = {{ file = \"{}\" }}\n{rule}",
            secret.display()
        )
    };
    let mut world = World::with(OPERATED).await;
    let operators = operate(&world.gate);
    world.reload(&settings("")).await.expect("reloaded");
    let claims = json!({ "active": true, "sub": "ann", "scope": "read", "aud": crate::world::API });
    let opaque = world.issuer.opaque.clone();
    opaque
        .lock()
        .expect("whole")
        .insert("one".to_owned(), claims);
    for _ in 0..3 {
        let said = world.send("GET /x", &["Authorization: Bearer one"]).await;
        assert_eq!(said.status, 200, "{said:?}");
    }
    let introspections =
        |outcome: &str| format!("gatepass_guard_introspections_total{{outcome=\"{outcome}\"}}");
    let counted = Counted::at(operators).await;
    counted.is(&introspections("asked"), 1.0);
    counted.is(&introspections("remembered"), 2.0);
    counted.is(&introspections("failed"), 0.0);
    counted.is("gatepass_guard_issuer_fetch_failures_total", 0.0);

    let rule = "[[rule]]\npath = \"/open\"\naccess = \"open\"\n";
    world.reload(&settings(rule)).await.expect("reloaded");
    world.issuer.stop().await;
    let said = world.send("GET /x", &["Authorization: Bearer two"]).await;
    assert_eq!(said.status, 503, "{said:?}");
    let counted = Counted::at(operators).await;
    counted.is(&introspections("asked"), 1.0);
    counted.is(&introspections("failed"), 1.0);
    counted.requests(r#"outcome="failed",error="temporarily_unavailable""#, 1);

    assert!(world.reload("nothing = 1").await.is_err());
    let counted = Counted::at(operators).await;
    counted.requests(r#"outcome="passed",status="2xx""#, 3);
}

#[tokio::test]
async fn it_is_ready_unless_nobody_could_be_let_in() {
    // Keys that are known serve on.
    let mut world = World::with(OPERATED).await;
    let operators = operate(&world.gate);
    let said = send(operators, "GET /ready", &[]).await;
    assert_eq!((said.status, said.body.as_str()), (200, "ready\n"));
    world.issuer.stop().await;
    assert_eq!(send(operators, "GET /ready", &[]).await.status, 200);
    assert_eq!(world.ask("GET /things/1", "read").await.status, 200);

    // Nobody knows any.
    let mut world = World::with(OPERATED).await;
    world.issuer.stop().await;
    let operators = operate(&world.gate);
    let said = send(operators, "GET /ready", &[]).await;
    assert_eq!(said.status, 503);
    assert_eq!(said.body, "no issuer's keys are known or can be fetched\n");
    assert_eq!(send(operators, "GET /health", &[]).await.body, "ok\n");
    let counted = Counted::at(operators).await;
    counted.is("gatepass_guard_issuer_fetch_failures_total", 1.0);

    // But an API key opens the door.
    let key = "upstream = \"@UPSTREAM@\"\npublic_url = \"https://api.example.com\"\n\
               operations_listen = \"127.0.0.1:0\"\n[[issuer]]\nissuer = \"@ISSUER@\"\n\
               [[api_key]]\nname = \"k\"\nsubject = \"k\"\n\
               sha256 = \"5f0c6a1e9b7d4238c0e1f5a49d3b8276e4c7a0915d2f8b63170e9ca4b85d26f3\"\n";
    world.reload(key).await.expect("reloaded");
    assert_eq!(send(operators, "GET /ready", &[]).await.status, 200);
}

#[tokio::test]
async fn operators_have_a_place_of_their_own_or_none() {
    let world = World::usual().await;
    for path in ["/metrics", "/ready", "/health"] {
        let said = world.send(&format!("GET {path}"), &[]).await;
        assert_eq!(said.status, 401, "{path} is the API's");
    }
    // Nothing is counted, so there is nothing to serve.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
    api::soon(world.gate.operate(listener)).await;

    let config = Config {
        upstream: Some("http://127.0.0.1:1".parse().expect("a URL")),
        operations_listen: Some(Config::default().listen),
        ..Config::default()
    };
    let error = Gate::new(&config).await.expect_err("one port for two");
    assert!(
        error.to_string().starts_with("operations_listen: "),
        "{error}"
    );
}
