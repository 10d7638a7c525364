//! What operators ask of a running `gatepass guard`.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;

use crate::echo;
use crate::home::Home;
use crate::server::Server;
use crate::wire::get;

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A guard of these settings in a file, that operators can ask.
fn guard(home: &Home, file: &Path, settings: &str) -> Server {
    fs::write(file, settings).expect("written");
    let words = format!("guard --config {} --output json", file.display());
    Server::with(&mut home.command(&words))
}

/// Asks for the metrics until a series has this value.
fn counted(operators: &str, series: &str, value: &str) -> String {
    let (line, begin) = (format!("{series} {value}"), Instant::now());
    loop {
        let said = get(operators, "/metrics", &[]).with(200).body;
        if said.lines().any(|own| own == line) {
            return said;
        }
        assert!(begin.elapsed() < PATIENCE, "{line} in {said}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn operators_ask_at_an_address_of_their_own() {
    let (home, api) = (Home::new(), echo::start());
    let issuer = Server::dev(&home);
    let settings = |issuer: &str, rest: &str| {
        format!(
            "listen = \"127.0.0.1:0\"\noperations_listen = \"127.0.0.1:0\"\nupstream = \"{api}\"\n\
             [[issuer]]\nissuer = \"{issuer}\"\n{rest}"
        )
    };
    let file = home.path().join("guard.toml");
    let own = settings(issuer.issuer(), "");
    let guard = guard(&home, &file, &own);
    let (origin, operators) = (guard.get("listen"), guard.get("operations"));
    assert_ne!(origin, operators);
    assert_eq!(get(operators, "/health", &[]).with(200).body, "ok\n");
    assert_eq!(get(operators, "/ready", &[]).with(200).body, "ready\n");
    get(origin, "/metrics", &[]).with(401);
    let address = operators.trim_start_matches("http://");
    let told = home
        .run(&format!("admin health --address {address}"))
        .done();
    assert_eq!(told.line(), "ready");
    let refused = r#"gatepass_guard_requests_total{outcome="refused",error="unauthorized"}"#;
    let said = counted(operators, refused, "1");
    for line in [
        "# HELP gatepass_guard_requests_total Requests by what became of them",
        "# TYPE gatepass_guard_upstream_answer_seconds histogram",
        "gatepass_guard_settings_loaded_timestamp_seconds ",
    ] {
        assert!(said.lines().any(|own| own.starts_with(line)), "{said}");
    }

    // Each reading of the file counts, and what was counted stays.
    let reloads = |outcome| format!("gatepass_guard_reloads_total{{outcome=\"{outcome}\"}}");
    fs::write(&file, "nothing = 1").expect("written");
    guard.signal(Signal::HUP);
    counted(operators, &reloads("refused"), "1");
    let open = "[[rule]]\npath = \"/open\"\naccess = \"open\"\n";
    fs::write(&file, settings(issuer.issuer(), open)).expect("written");
    guard.signal(Signal::HUP);
    counted(operators, &reloads("taken"), "1");
    get(origin, "/open", &[]).with(200);
    let passed = r#"gatepass_guard_requests_total{outcome="passed",status="2xx"}"#;
    let said = counted(operators, passed, "1");
    assert!(said.contains(&format!("{refused} 1\n")), "{said}");
    guard.end(Signal::TERM).done();
}

#[test]
fn a_guard_whose_issuer_nobody_has_seen_is_not_ready() {
    let (home, api) = (Home::new(), echo::start());
    let file = home.path().join("guard.toml");
    let settings = format!(
        "listen = \"127.0.0.1:0\"\noperations_listen = \"127.0.0.1:0\"\nupstream = \"{api}\"\n\
         [[issuer]]\nissuer = \"http://127.0.0.1:1\"\n"
    );
    let guard = guard(&home, &file, &settings);
    let operators = guard.get("operations");
    let said = get(operators, "/ready", &[]).with(503).body;
    assert_eq!(said, "no issuer's keys are known or can be fetched\n");
    let address = operators.trim_start_matches("http://");
    home.run(&format!("admin health --address {address}"))
        .code(3)
        .complaining("no issuer's keys");
    get(operators, "/health", &[]).with(200);
    guard.end(Signal::TERM).done();
}

#[test]
fn a_guard_for_development_is_counted_too() {
    let (home, api) = (Home::new(), echo::start());
    let words = format!(
        "guard --dev --upstream {api} --listen 127.0.0.1:0 --operations-listen 127.0.0.1:0 --output json"
    );
    let guard = Server::with(&mut home.command(&words));
    let operators = guard.get("operations");
    get(operators, "/ready", &[]).with(200);
    get(guard.get("resource"), "/", &[]).with(401);
    let refused = r#"gatepass_guard_requests_total{outcome="refused",error="unauthorized"}"#;
    counted(operators, refused, "1");
    guard.end(Signal::TERM).done();
}

#[test]
fn the_end_of_its_certificate_is_told() {
    let home = Home::new();
    let words = "serve --dev --listen 127.0.0.1:0 --tls dev --output json";
    Server::with(&mut home.command(words))
        .end(Signal::TERM)
        .done();
    let words = format!(
        "guard --upstream http://127.0.0.1:1 --listen 127.0.0.1:0 --issuer https://login.example \
         --operations-listen 127.0.0.1:0 --output json --tls-cert {0}/dev-server.pem --tls-key {0}/dev-server.key",
        home.state().display()
    );
    let guard = Server::with(&mut home.command(&words));
    let operators = guard.get("operations");
    let (begin, name) = (Instant::now(), "gatepass_certificate_expires_seconds ");
    let expires: u64 = loop {
        let said = get(operators, "/metrics", &[]).with(200).body;
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        if let Some(expires) = line {
            break expires.parse().expect("seconds");
        }
        assert!(begin.elapsed() < PATIENCE, "{said}");
        thread::sleep(Duration::from_millis(50));
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let days = (Duration::from_secs(expires) - now.expect("after 1970")).as_secs() / 86_400;
    assert_eq!(days, 89, "a development certificate is good for 90 days");
    guard.end(Signal::TERM).done();
}

#[test]
fn an_address_that_operators_cannot_have_is_said() {
    let home = Home::new();
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = held.local_addr().expect("an address");
    let words = "guard --upstream http://127.0.0.1:1 --issuer http://127.0.0.1:2 --listen";
    home.run(&format!("{words} 127.0.0.1:0 --operations-listen {taken}"))
        .code(1)
        .complaining(&format!("operations_listen: {taken}"));
    let checked = |address: &str| {
        let words = format!("{words} 127.0.0.1:0 --operations-listen {address} --check");
        home.run(&words).code(1).stdout
    };
    let said = checked("127.0.0.1:9465");
    assert!(said.contains("this machine alone"), "{said}");
    let said = checked("0.0.0.0:9465");
    assert!(said.contains("keep it from the internet"), "{said}");
}
