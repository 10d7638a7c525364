//! `gatepass guard new-key`, and a guard that goes by what it prints.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use gatepass_proto::Digest;
use gatepass_proto::base::opaque::{API_KEY, decode};
use rustix::process::Signal;

use crate::echo;
use crate::home::{Home, text};
use crate::server::Server;
use crate::wire::get;

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(60);

fn hex(key: &str) -> String {
    let digest = Digest::of(key);
    let digits = digest.as_bytes().iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

/// The table in what was said to the person.
fn table(said: &str) -> &str {
    let at = said.find("[[api_key]]").expect("a table");
    &said[at..]
}

#[test]
fn what_is_printed_is_all_that_a_guard_needs() {
    let (home, api) = (Home::new(), echo::start());
    let told = home.run("guard new-key nightly --scope read").done();
    let (key, pasted) = (told.line(), table(&told.stderr));
    assert!(!told.stderr.contains(API_KEY), "{told:#?}");
    let file = home.path().join("guard.toml");
    let settings = format!("listen = \"127.0.0.1:0\"\nupstream = \"{api}\"\n");
    let rules = "[[rule]]\npath = \"/admin/**\"\nscope = \"admin\"\n";
    fs::write(&file, format!("{settings}{pasted}{rules}")).expect("written");
    let words = format!("guard --config {} --output json", file.display());
    let checks = home.json(&format!("{words} --check"));
    assert_eq!(checks[0]["result"], "ok", "{checks}");
    let guard = Server::with(&mut home.command(&words));
    let origin = format!("http://{}", guard.get("listen"));

    let refusal = get(&origin, "/", &[]).with(401);
    let challenge = refusal.all("www-authenticate");
    assert_eq!(challenge, [r#"Bearer realm="gatepass""#]);
    let key = format!("X-API-Key: {key}");
    let answer = get(&origin, "/", &[&key]).with(200);
    let seen = answer.body.to_ascii_lowercase();
    assert!(seen.contains("x-gatepass-subject: nightly"), "{answer:#?}");
    assert!(!answer.body.contains(API_KEY), "{answer:#?}");
    get(&origin, "/admin", &[&key]).with(403);

    // The table goes, and nobody says anything.
    let other = home.run("guard new-key other").done();
    let draft = home.path().join("draft");
    fs::write(&draft, format!("{settings}{}", table(&other.stderr))).expect("written");
    fs::rename(&draft, &file).expect("renamed");
    let begin = Instant::now();
    while get(&origin, "/", &[&key]).status != 401 {
        assert!(begin.elapsed() < PATIENCE, "the file is looked at");
        thread::sleep(Duration::from_millis(100));
    }
    get(&origin, "/", &[&format!("X-API-Key: {}", other.line())]).with(200);
    guard.end(Signal::TERM).done();
}

#[test]
fn programs_get_both_halves_in_one_object() {
    let home = Home::new();
    let words = "guard new-key ci --subject robots --scope read --output json";
    let (made, again) = (home.json(words), home.json(words));
    let key = text(&made, "api_key");
    assert!(decode(API_KEY, key).is_some_and(|bytes| bytes.len() == 32));
    assert_ne!(key, text(&again, "api_key"));
    let entry = serde_json::json!({
        "name": "ci", "subject": "robots", "scope": "read", "sha256": hex(key),
    });
    assert_eq!(made["entry"], entry);
}

/// The keys of the file and those of the server that comes along.
#[test]
fn with_dev_both_kinds_of_keys_pass() {
    let (home, api) = (Home::new(), echo::start());
    let told = home.run("guard new-key own --scope read").done();
    let file = home.path().join("guard.toml");
    fs::write(&file, table(&told.stderr)).expect("written");
    let words = format!(
        "guard --dev --listen 127.0.0.1:0 --upstream {api} --config {} --database {} --output json",
        file.display(),
        home.path().join("try.db").display()
    );
    let server = Server::with(&mut home.command(&words));
    for key in [told.line(), server.get("api_key")] {
        get(server.issuer(), "/", &[&format!("X-API-Key: {key}")]).with(200);
    }
    server.end(Signal::TERM).done();
}

/// What would steer the file, or a terminal, is refused or quoted.
#[test]
fn names_cannot_break_out_of_the_table() {
    let home = Home::new();
    let named = |name: &str| {
        let mut command = home.command("guard new-key");
        crate::home::Told::of(command.arg(name))
    };
    for name in ["", " ", "a\nscope = \"admin\"", "\x1b[2J", &"a".repeat(300)] {
        named(name).code(2).complaining("api_key.name");
    }
    let name = "it's \"ours\" \\ #1";
    let told = named(name).done();
    let read: toml::Table = toml::from_str(table(&told.stderr)).expect("TOML");
    assert_eq!(read["api_key"][0]["name"].as_str(), Some(name));
    assert_eq!(
        read["api_key"][0]["sha256"].as_str(),
        Some(&*hex(told.line()))
    );
    for (words, complaint) in [
        ("guard new-key", "NAME"),
        ("guard new-key a --scope \"", "--scope"),
        ("guard --listen 127.0.0.1:0 new-key a", "new-key"),
    ] {
        home.run(words).code(2).complaining(complaint);
    }
}

#[test]
fn a_key_that_has_ended_is_found_when_the_file_is_looked_over() {
    let home = Home::new();
    let told = home.run("guard new-key old").done();
    let pasted = table(&told.stderr).trim_end();
    let file = home.path().join("guard.toml");
    let upstream = "upstream = \"http://127.0.0.1:1\"\n";
    let ended = format!("{upstream}{pasted}\nexpires_at = 2020-01-01T00:00:00Z\n");
    fs::write(&file, &ended).expect("written");
    let words = format!("guard --check --config {}", file.display());
    let told = home.run(&words).done();
    assert!(
        told.stdout.contains("it ended at 2020-01-01T00:00:00Z"),
        "{told:#?}"
    );
    let twice = format!("{ended}{pasted}\n");
    fs::write(&file, twice).expect("written");
    let told = home.run(&words).code(1);
    assert!(told.stdout.contains("two of them are called"), "{told:#?}");
}
