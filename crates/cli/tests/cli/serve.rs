//! `gatepass serve`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::agent::Agent;
use crate::home::{Home, Told, piped, text};
use crate::login;
use crate::server::Server;

#[test]
fn the_first_line_tells_what_is_ready_made() {
    let home = Home::new();
    let server = Server::dev(&home);
    for member in [
        "issuer",
        "user",
        "password",
        "client_id",
        "client_secret",
        "public_client_id",
        "api_key",
    ] {
        assert!(!server.get(member).is_empty(), "{member}");
    }
    let uris = server.line["redirect_uris"].as_array().expect("a list");
    for uri in [
        "http://localhost:8000/callback",
        "https://localhost",
        "urn:ietf:wg:oauth:2.0:oob",
    ] {
        assert!(uris.iter().any(|own| own == uri), "{uri}");
    }
    assert!(server.line.get("ca").is_none());
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&home.state()), 0o700);
    assert_eq!(mode(&home.state().join("dev.db.dev.json")), 0o600);
    assert_eq!(mode(&home.state().join("dev.db")), 0o600);
}

#[test]
fn a_restart_prints_the_same_and_signals_end_it_in_order() {
    let home = Home::new();
    let first = Server::dev(&home);
    let mut before = first.line.clone();
    assert_eq!(first.end(Signal::TERM).done().stderr, "");
    let second = Server::dev(&home);
    let mut after = second.line.clone();
    for line in [&mut before, &mut after] {
        line.as_object_mut().expect("an object").remove("issuer");
    }
    assert_eq!(before, after);
    second.end(Signal::INT).done();
}

/// `serve --dev` as a person starts it, and what they read.
fn summary(home: &Home, more: &str) -> (Server, String) {
    let mut child = home.start(&format!("serve --dev --listen 127.0.0.1:0 {more}"));
    let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut lines = Vec::new();
    for line in stdout.lines().map(|line| line.expect("text")) {
        let last = line.starts_with("gatepass request");
        lines.push(line);
        if last {
            break;
        }
    }
    let text = lines.join("\n");
    let fact = |name: &str| {
        let line = lines
            .iter()
            .find_map(|line| line.strip_prefix(&format!("  {name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).trim()
    };
    let line = serde_json::json!({
        "issuer": fact("issuer"),
        "user": fact("user"),
        "password": fact("password"),
        "public_client_id": fact("public client"),
    });
    assert!(lines.iter().all(|line| line.len() <= 80), "{text}");
    (Server::started(child, line), text)
}

/// The commands of the summary, to be run by a shell that stops at the first failure.
fn script(summary: &str) -> String {
    let commands = summary
        .split_once("\n\n")
        .and_then(|(_, rest)| rest.split_once("\n\n"))
        .expect("two parts")
        .1;
    let (_, commands) = commands.split_once("\n\n").expect("an introduction");
    format!(
        "set -eu\ncurl() {{ command curl -sS --fail-with-body \"$@\" && echo >&2; }}\n{commands}\n"
    )
}

fn shell(home: &Home, script: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_gatepass"))
        .parent()
        .expect("a folder");
    let mut shell = Command::new("sh");
    for (name, value) in home.command("").get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let path = format!(
        "{}:{}",
        program.display(),
        std::env::var("PATH").expect("PATH")
    );
    shell
        .args(["-c", script])
        .env("PATH", path)
        .env_remove("GATEPASS_LOG")
        .stdin(Stdio::null());
    shell
}

#[test]
fn a_person_gets_commands_that_work() {
    let home = Home::new();
    let (server, text) = summary(&home, "");
    let (program, link) = login::browser(&home);
    let child = piped(shell(&home, &script(&text)).env("BROWSER", program));
    Agent::of(&server).visit(&login::wait_for(&link));
    let told = Told::from(child.wait_with_output().expect("ended")).done();
    for part in [
        "\"scheme\":\"api-key\"",
        "\"scheme\":\"basic\"",
        "\"active\":true",
        "\"client_id\":\"dev-public\"",
    ] {
        assert!(told.stdout.contains(part), "{part}: {told:#?}");
    }
    server.end(Signal::TERM).done();
}

#[test]
fn with_a_certificate_they_work_too() {
    let home = Home::new();
    let (_server, text) = summary(&home, "--tls dev");
    let script = script(&text);
    let (script, _) = script.split_once("gatepass login").expect("a login");
    let told = Told::of(&mut shell(&home, script)).done();
    assert!(told.stdout.contains("\"active\":true"), "{told:#?}");
}

#[test]
fn requests_under_way_may_end_but_not_after_a_second_signal() {
    let home = Home::new();
    let server = Server::dev(&home);
    let mut slow =
        TcpStream::connect(server.issuer().trim_start_matches("http://")).expect("connected");
    let head = "POST /oauth/token HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\na";
    slow.write_all(head.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(300));
    server.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(300));
    slow.write_all(b"b").expect("sent");
    let mut answer = String::new();
    slow.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    server.wait().done();

    let server = Server::dev(&home);
    let mut slow =
        TcpStream::connect(server.issuer().trim_start_matches("http://")).expect("connected");
    slow.write_all(head.as_bytes()).expect("sent");
    std::thread::sleep(Duration::from_millis(300));
    server.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    let before = Instant::now();
    server.end(Signal::INT).code(130);
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[test]
fn beyond_this_machine_there_is_no_dev() {
    let home = Home::new();
    home.run("serve --dev --listen 0.0.0.0:0")
        .code(1)
        .complaining("loopback");
    home.run("serve --listen nowhere").code(2);
    home.run("serve --tls dev --tls-cert x --tls-key y").code(2);
    home.run("serve --listen 127.0.0.1:0 --tls-cert x").code(2);
    home.run("serve --listen 127.0.0.1:0 --tls-cert /no/such --tls-key /no/such")
        .code(1)
        .complaining("/no/such");
    let taken = Server::dev(&home);
    let address = taken.issuer().trim_start_matches("http://");
    home.run(&format!("serve --dev --listen {address}"))
        .code(1)
        .complaining("cannot listen on");
}

#[test]
fn without_dev_nothing_is_made() {
    let home = Home::new();
    let server = Server::with(&mut home.command("serve --listen 127.0.0.1:0 --output json"));
    let members: Vec<&String> = server.line.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["issuer"]);
    assert_eq!(
        home.json("admin user list --output json"),
        serde_json::json!([])
    );

    // What is added while it runs works at once.
    let client = home.json("admin client add Robot --scope read --output json");
    home.run(&format!(
        "profile add robot --issuer {0} --api {0} --client-id {1} --client-secret-env SECRET --grant client_credentials",
        server.issuer(),
        text(&client, "client_id")
    ))
    .done();
    let mut command = home.command("token robot");
    let token = Told::of(command.env("SECRET", text(&client, "client_secret"))).done();
    assert_eq!(token.line().split('.').count(), 3);
}

#[test]
fn a_certificate_is_made_and_trusted_by_its_authority() {
    let home = Home::new();
    let server =
        Server::with(&mut home.command("serve --dev --listen 127.0.0.1:0 --tls dev --output json"));
    assert!(server.issuer().starts_with("https://127.0.0.1:"));
    assert!(Path::new(server.get("ca")).exists());
    home.run(&format!(
        "profile add robot --issuer {0} --api {0} --client-id {1} --client-secret-env SECRET --grant client_credentials",
        server.issuer(),
        server.get("client_id")
    ))
    .done();
    let with = |words: &str| {
        let mut command = home.command(words);
        command.env("SECRET", server.get("client_secret"));
        command
    };
    Told::of(&mut with("token robot")).code(3);
    Told::of(&mut with(&format!("token robot --ca {}", server.get("ca")))).done();
    let mut request = with(&format!("request {}/api/data", server.issuer()));
    Told::of(request.env("GATEPASS_CA", server.get("ca"))).done();
}
