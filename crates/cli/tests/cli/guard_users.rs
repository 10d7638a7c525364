//! `gatepass guard new-user`, and a guard that goes by what it prints.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;

use crate::echo;
use crate::home::{Home, Told, text};
use crate::server::Server;
use crate::typist::Typist;
use crate::wire::get;

const PASSWORD: &str = "correct horse: bättery";

/// Runs it with the password in the environment.
fn new_user(home: &Home, more: &[&str]) -> Told {
    let mut command = home.command("guard new-user --password-env PASSWORD");
    Told::of(command.env("PASSWORD", PASSWORD).args(more))
}

/// The program in a session of its own, whose terminal is that of its streams: secrets are typed there.
fn at_home(home: &Home, words: &str) -> Command {
    let own = home.command(words);
    let settings = own
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let mut command = Command::new("setsid");
    command.env_clear().envs(settings).arg("--ctty");
    command.arg(own.get_program()).args(own.get_args());
    command
}

fn basic(name: &str, password: &str) -> String {
    format!(
        "Authorization: Basic {}",
        STANDARD.encode(format!("{name}:{password}"))
    )
}

#[test]
fn what_is_printed_is_all_that_a_guard_needs() {
    let (home, api) = (Home::new(), echo::start());
    let told = new_user(&home, &["nightly", "--scope", "read"]).done();
    assert!(told.stdout.starts_with("[[user]]\n"), "{told:#?}");
    assert!(!told.stdout.contains("horse"), "{told:#?}");
    let file = home.path().join("guard.toml");
    let settings = format!("listen = \"127.0.0.1:0\"\nupstream = \"{api}\"\n");
    let rules = "[[rule]]\npath = \"/admin/**\"\nscope = \"admin\"\n";
    fs::write(&file, format!("{settings}{}{rules}", told.stdout)).expect("written");
    let words = format!("guard --config {} --output json", file.display());
    let checks = home.json(&format!("{words} --check"));
    assert_eq!(checks[0]["result"], "ok", "{checks}");
    let guard = Server::with(&mut home.command(&words));
    let origin = guard.get("listen").to_owned();

    let refusal = get(&origin, "/", &[]).with(401);
    let challenge = refusal.all("www-authenticate");
    assert_eq!(challenge, [r#"Basic realm="gatepass", charset="UTF-8""#]);
    let credentials = basic("nightly", PASSWORD);
    let answer = get(&origin, "/", &[&credentials]).with(200);
    let seen = answer.body.to_ascii_lowercase();
    assert!(seen.contains("x-gatepass-subject: nightly"), "{answer:#?}");
    assert!(!seen.contains("authorization"), "{answer:#?}");
    get(&origin, "/admin", &[&credentials]).with(403);
    get(&origin, "/", &[&basic("nightly", "wrong")]).with(401);
    get(&origin, "/", &[&basic("nobody", PASSWORD)]).with(401);
    guard.end(Signal::TERM).done();
}

/// As somebody finds out who has a user name and a password, and nothing but the URL.
#[test]
fn our_client_gets_in_with_a_password() {
    let (home, api) = (Home::new(), echo::start());
    let told = new_user(&home, &["nightly"]).done();
    let file = home.path().join("guard.toml");
    let settings = format!("listen = \"127.0.0.1:0\"\nupstream = \"{api}\"\n");
    fs::write(&file, format!("{settings}{}", told.stdout)).expect("written");
    let words = format!("guard --config {} --output json", file.display());
    let guard = Server::with(&mut home.command(&words));
    let origin = guard.get("listen").to_owned();
    let words =
        format!("profile add guarded --api {origin} --username nightly --password-env PASSWORD");
    home.run(&words).done();
    let mut command = home.command(&format!("request {origin}/x"));
    let told = Told::of(command.env("PASSWORD", PASSWORD)).done();
    assert!(told.stdout.contains("GET /x HTTP/1.1"), "{told:#?}");
    guard.end(Signal::TERM).done();
}

#[test]
fn programs_get_the_table_as_an_object() {
    let home = Home::new();
    let words = ["ci", "--scope", "read write", "--output", "json"];
    let (made, again) = (
        new_user(&home, &words).json(),
        new_user(&home, &words).json(),
    );
    assert_eq!(
        (text(&made, "name"), text(&made, "scope")),
        ("ci", "read write")
    );
    let hash = text(&made, "password_hash");
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
    assert_ne!(hash, text(&again, "password_hash"));
}

#[test]
fn a_password_is_typed_twice_and_not_shown() {
    let home = Home::new();
    let mut command = at_home(&home, "guard new-user nightly");
    let mut typist = Typist::at(&mut command, 120, 24);
    typist
        .sees("The password: ")
        .types(&format!("{PASSWORD}\r"));
    typist
        .sees("The same again: ")
        .types(&format!("{PASSWORD}\r"));
    typist.sees("password_hash = ");
    assert_eq!(typist.ends(), Some(0));
    assert!(!typist.text().contains("horse"), "{}", typist.text());

    let mut command = at_home(&home, "guard new-user nightly");
    let mut typist = Typist::at(&mut command, 120, 24);
    typist
        .sees("The password: ")
        .types(&format!("{PASSWORD}\r"));
    typist.sees("The same again: ").types("another\r");
    typist.sees("the two differ");
    assert_eq!(typist.ends(), Some(1));
}

#[test]
fn a_password_comes_from_everywhere_but_an_argument() {
    let home = Home::new();
    let file = home.path().join("password");
    fs::write(&file, format!("{PASSWORD}\nmore\n")).expect("written");
    let words = format!("guard new-user a --password-file {}", file.display());
    assert!(home.run(&words).done().stdout.contains("$argon2id$"));
    let mut child = home.start("guard new-user a --password-stdin");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(PASSWORD.as_bytes()).expect("written");
    drop(pipe);
    Told::from(child.wait_with_output().expect("ended")).done();
    for (words, code, complaint) in [
        ("guard new-user a", 2, "--password-stdin"),
        ("guard new-user", 2, "NAME"),
        ("guard new-user a --password hunter2", 2, "--password"),
        ("guard new-user a --password-env NOWHERE", 1, "NOWHERE"),
        ("guard new-user a --scope \" --password-env P", 2, "--scope"),
    ] {
        home.run(words).code(code).complaining(complaint);
    }
}

#[test]
fn a_weak_password_and_an_odd_name_are_refused() {
    let home = Home::new();
    for (password, complaint) in [
        ("short", "too short"),
        ("Password123", "everyone tries first"),
        ("nightly2026", "easy to guess"),
    ] {
        let mut command = home.command("guard new-user nightly --password-env PASSWORD");
        let told = Told::of(command.env("PASSWORD", password));
        told.code(1).complaining(complaint);
    }
    // What would steer the file, or a terminal, or what HTTP could not carry.
    for name in [
        "",
        " ",
        "a:b",
        "a\nscope = \"admin\"",
        "\x1b[2J",
        &"a".repeat(300),
    ] {
        new_user(&home, &[name]).code(2).complaining("user.name");
    }
    let name = "it's \"ours\" \\ #1";
    let told = new_user(&home, &[name]).done();
    let read: toml::Table = toml::from_str(&told.stdout).expect("TOML");
    assert_eq!(read["user"][0]["name"].as_str(), Some(name));
}

#[test]
fn passwords_in_the_clear_are_found_when_the_file_is_looked_over() {
    let home = Home::new();
    let told = new_user(&home, &["nightly"]).done();
    let file = home.path().join("guard.toml");
    let words = format!("guard --check --config {}", file.display());
    for (settings, found) in [
        ("listen = \"127.0.0.1:8080\"\n", false),
        ("listen = \"0.0.0.0:8080\"\n", true),
        (
            "listen = \"0.0.0.0:8080\"\nproxies = { trusted = [\"10.0.0.1\"] }\n",
            false,
        ),
    ] {
        let upstream = "upstream = \"http://127.0.0.1:1\"\npublic_url = \"https://api.example\"\n";
        fs::write(&file, format!("{settings}{upstream}{}", told.stdout)).expect("written");
        let told = home.run(&words).done();
        let said = told.stdout.contains("passwords come in the clear");
        assert_eq!(said, found, "{settings}: {told:#?}");
    }
}
