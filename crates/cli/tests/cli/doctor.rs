//! `gatepass doctor`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::canned::Canned;
use crate::helper::Robot;
use crate::home::{Home, Told, text};

/// The check of this name in the section whose title begins so.
#[track_caller]
fn check<'a>(told: &'a Value, title: &str, name: &str) -> &'a Value {
    let sections = told["sections"].as_array().expect("sections").iter();
    let mut checks = sections
        .filter(|section| text(section, "title").starts_with(title))
        .flat_map(|section| section["checks"].as_array().expect("checks"));
    let found = checks.find(|check| check["check"] == name);
    found.unwrap_or_else(|| panic!("no {name} of {title} in {told}"))
}

#[track_caller]
fn result<'a>(told: &'a Value, title: &str, name: &str) -> &'a str {
    text(check(told, title, name), "result")
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("changed");
}

#[test]
fn all_is_well_with_a_profile_that_works() {
    let robot = Robot::of(&[]);
    robot.token();
    let told = robot.home.json("doctor --output json");
    assert_eq!(told["broken"], 0, "{told}");
    for (title, name) in [
        ("Files", "configuration"),
        ("Files", "state folder"),
        ("http://", "connection"),
        ("http://", "metadata"),
        ("http://", "clock"),
        ("Profile robot", "goes to"),
        ("Profile robot", "grant"),
        ("Profile robot", "client proof"),
        ("Profile robot", "token"),
        ("This machine", "redirect"),
    ] {
        assert_eq!(result(&told, title, name), "ok", "{title} {name}: {told}");
    }
    let shown = robot.home.run("doctor robot").done().stdout;
    for words in [
        "Files\n",
        "Profile robot\n",
        "✓ token",
        "This machine\n",
        "Nothing is broken",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    robot
        .home
        .run("doctor nobody")
        .code(1)
        .complaining("no profile \"nobody\"");
}

#[test]
fn a_home_with_nothing_in_it_is_told_what_to_do() {
    let home = Home::new();
    let told = home.run("doctor").done();
    assert!(told.stdout.contains("gatepass profile add"), "{told:?}");
    assert!(!home.state().exists(), "looking makes nothing");
}

#[test]
fn files_that_others_can_read_or_change_are_found() {
    let robot = Robot::of(&[]);
    robot.token();
    let config = robot.home.path().join("config/gatepass/config.toml");
    let token = robot.home.state().join("tokens/robot.json");
    mode(&config, 0o666);
    mode(&token, 0o644);
    let told = robot.home.run("doctor --output json").code(1).json();
    let found = check(&told, "Files", "state folder");
    assert!(
        found["result"] == "failed" && text(found, "text").contains("robot.json"),
        "{found}"
    );
    assert!(told.to_string().contains("others can change"), "{told}");
    assert_eq!(result(&told, "Profile robot", "token"), "failed");
    mode(&config, 0o644);
    mode(&token, 0o600);
    assert_eq!(robot.home.json("doctor --output json")["broken"], 0);

    std::fs::write(&config, "[profile.a]\ntoken = \"hunter2\"\n").expect("written");
    let told = robot.home.run("doctor").code(1);
    assert!(
        told.stdout.contains("✗ configuration") && !told.stdout.contains("hunter2"),
        "{told:?}"
    );
}

#[test]
fn what_a_killed_program_left_is_named() {
    let robot = Robot::of(&[]);
    robot.token();
    let left = |name: &str, hours: u64| {
        let path = robot.home.state().join("tokens").join(name);
        let file = std::fs::File::create(&path).expect("made");
        mode(&path, 0o600);
        let age = std::time::Duration::from_secs(hours * 3600);
        let then = std::time::SystemTime::now() - age;
        file.set_modified(then).expect("dated");
    };
    left(".robot.json.00000000000000aa.tmp", 0);
    let told = robot.home.json("doctor --output json");
    assert!(!told.to_string().contains("leftovers"), "{told}");
    left(".robot.json.00000000000000bb.tmp", 2);
    left(".gone.json.00000000000000cc.tmp", 900);
    let told = robot.home.json("doctor --output json");
    let found = check(&told, "Files", "leftovers");
    assert_eq!(found["result"], "warning", "{found}");
    for (name, is_named) in [("aa", false), ("bb", true), ("cc", true)] {
        let name = format!(".json.00000000000000{name}.tmp");
        assert_eq!(text(found, "text").contains(&name), is_named, "{found}");
    }
    // Looking removes nothing, but the next token does.
    robot.run("refresh robot").done();
    let told = robot.home.json("doctor --output json");
    let found = text(check(&told, "Files", "leftovers"), "text");
    assert!(
        found.contains("/.gone.json.") && !found.contains("/.robot.json."),
        "{found}"
    );
}

#[test]
fn a_server_that_is_down_or_wrong_breaks_its_own_section_only() {
    let robot = Robot::of(&[]);
    for words in [
        "down --issuer http://127.0.0.1:9 --client-id c --api https://a.example",
        "lost --issuer https://no-such-host.invalid --client-id c --api https://b.example",
    ] {
        robot.home.run(&format!("profile add {words}")).done();
    }
    let told = robot.home.run("doctor --output json").code(1).json();
    assert_eq!(result(&told, "http://127.0.0.1:9", "connection"), "failed");
    assert_eq!(
        result(&told, "https://no-such-host.invalid", "name"),
        "failed"
    );
    let own = robot.server.issuer();
    assert_eq!(result(&told, own, "metadata"), "ok");
    assert_eq!(robot.home.json("doctor robot --output json")["broken"], 0);
}

#[test]
fn a_profile_that_does_not_fit_its_server_is_found() {
    let home = Home::new();
    let server = Canned::start();
    let issuer = &server.origin;
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "code_challenge_methods_supported": ["plain"],
        "scopes_supported": ["read"],
    });
    let place = "/.well-known/oauth-authorization-server";
    let date = "Date: Fri, 02 Jan 2026 03:04:05 GMT\r\n";
    server.answer(place, "200 OK", date, &document.to_string());
    home.run(&format!(
        "profile add web --issuer {issuer} --client-id c --client-secret-env S --client-auth client_secret_basic \
         --scope read --api {issuer}"
    ))
    .done();
    let told = home.run("doctor --output json").code(1).json();
    for (name, expected) in [
        ("grant", "failed"),
        ("client proof", "failed"),
        ("PKCE", "failed"),
        ("token", "warning"),
    ] {
        assert_eq!(
            result(&told, "Profile web", name),
            expected,
            "{name}: {told}"
        );
    }
    let clock = check(&told, issuer, "clock");
    assert!(
        clock["result"] == "warning" && text(clock, "text").contains("ahead of"),
        "{clock}"
    );
    let heads = server.heads().join("\n").to_ascii_lowercase();
    assert!(
        !heads.contains("authorization:") && !heads.contains("client_secret"),
        "{heads}"
    );
    assert!(
        server.heads().iter().all(|head| head.starts_with("GET ")),
        "{heads}"
    );
}

#[test]
fn the_environment_is_told_without_its_passwords() {
    let home = Home::new();
    let mut command = home.command("doctor");
    command
        .env("HTTPS_PROXY", "http://me:hunter2@proxy.example:3128")
        .env("NO_PROXY", "example.org")
        .env("SSL_CERT_FILE", "/nonexistent/ca.pem")
        .env("NO_COLOR", "1");
    let told = Told::of(&mut command).code(1);
    for words in [
        "HTTPS_PROXY is http://proxy.example:3128",
        "not for example.org",
        "which is not there",
        "NO_COLOR=1",
    ] {
        assert!(told.stdout.contains(words), "{words}: {told:?}");
    }
    assert!(!told.stdout.contains("hunter2"), "{told:?}");
}

#[test]
fn a_taken_port_and_a_browser_are_looked_at() {
    let home = Home::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    home.run(&format!(
        "profile add web --issuer http://127.0.0.1:9 --api http://127.0.0.1:9 --client-id c --redirect-uri http://127.0.0.1:{port}/callback"
    ))
    .done();
    let told = home.run("doctor --output json").code(1).json();
    let redirect = check(&told, "This machine", "redirect");
    assert!(
        redirect["result"] == "failed" && text(redirect, "text").contains(&port.to_string()),
        "{redirect}"
    );
    // The usual one of these tests is nowhere.
    assert_eq!(result(&told, "This machine", "browser"), "warning");
    let mut command = home.command("doctor --output json");
    let told = Told::of(command.env("BROWSER", "sh -c true"))
        .code(1)
        .json();
    assert_eq!(result(&told, "This machine", "browser"), "ok");
}
