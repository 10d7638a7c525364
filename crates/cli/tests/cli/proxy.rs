//! `gatepass proxy`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::process::Command;

use rustix::process::Signal;

use crate::agent::Agent;
use crate::home::{Home, Told, piped, text};
use crate::login::{browser, wait_for};
use crate::request::keyed;
use crate::resource::Resource;
use crate::server::Server;
use crate::token::Robot;
use crate::unknown::profiles;

/// A running proxy with an API key in its environment.
fn start(home: &Home, words: &str) -> Server {
    Server::with(&mut command(home, &format!("{words} --output json")))
}

fn command(home: &Home, words: &str) -> Command {
    let mut command = home.command(&format!("proxy {words}"));
    command.env("KEY", "k1");
    command
}

/// What comes back on a connection for a GET with these headers.
fn asked(
    mut stream: impl std::io::Read + std::io::Write,
    host: &str,
    path: &str,
    headers: &str,
) -> String {
    let asked =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(asked.as_bytes()).expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

/// The host of a URL, and a connection to it.
fn connected(url: &str) -> (String, TcpStream) {
    let host = url.trim_start_matches("http://").to_owned();
    let stream = TcpStream::connect(&host).expect("connected");
    (host, stream)
}

pub(crate) fn get(proxy: &Server, path: &str, headers: &str) -> String {
    let (host, stream) = connected(proxy.get("listen"));
    asked(stream, &host, path, headers)
}

#[test]
fn requests_get_the_credential_of_the_profile() {
    let (home, origin) = keyed();
    let proxy = start(&home, "echo");
    assert_eq!(
        (proxy.get("upstream"), proxy.get("profile")),
        (&*format!("{origin}/"), "echo")
    );
    assert!(proxy.get("listen").starts_with("http://127.0.0.1:"));
    assert!(proxy.line.get("key").is_none() && proxy.line.get("unix").is_none());
    let told = get(
        &proxy,
        "/a/../b?c=%20",
        "X-API-Key: stale\r\nAuthorization: Bearer x\r\nX-One: 1\r\n",
    );
    assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
    assert!(told.contains("GET /a/../b?c=%20 HTTP/1.1\r\n"), "{told}");
    let told = told.to_ascii_lowercase();
    assert!(
        told.contains("x-api-key: k1\r\n") && told.contains("x-one: 1\r\n"),
        "{told}"
    );
    assert!(
        !told.contains("stale") && !told.contains("bearer"),
        "{told}"
    );
    let other = get(&proxy, "/", "Origin: https://evil.example\r\n");
    assert!(
        other.starts_with("HTTP/1.1 403 ") && other.contains("access_denied"),
        "{other}"
    );
    assert_eq!(proxy.end(Signal::INT).done().stderr, "");
}

#[test]
fn people_read_where_it_listens() {
    let (home, origin) = keyed();
    let mut child = piped(&mut command(&home, "echo"));
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    let proxy = Server::started(child, serde_json::Value::Null);
    assert!(line.starts_with("listening on http://127.0.0.1:"), "{line}");
    assert!(
        line.ends_with(&format!(", upstream {origin}/, profile echo\n")),
        "{line}"
    );
    proxy.end(Signal::TERM).done();
}

#[test]
fn a_url_names_the_profile_and_the_upstream() {
    let (home, origin) = keyed();
    let proxy = start(&home, &format!("{origin}/v1"));
    assert!(get(&proxy, "/x", "").contains("GET /v1/x HTTP/1.1\r\n"));
    assert!(get(&proxy, "/%2e%2e/x", "").starts_with("HTTP/1.1 400 "));
    drop(proxy);
    let proxy = start(&home, &format!("{origin} --upstream {origin}/v2/"));
    assert!(get(&proxy, "/x", "").contains("GET /v2/x HTTP/1.1\r\n"));
    let run = |words: &str| Told::of(&mut command(&home, words));
    run("https://").code(2).complaining("is no URL");
    run("nobody")
        .code(1)
        .complaining("there is no profile \"nobody\"");
}

#[test]
fn a_url_is_all_that_is_needed() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let words = format!("proxy {}", resource.origin);
    home.run(&format!("{words} --no-interactive"))
        .code(4)
        .complaining(&format!("gatepass login {}", resource.origin));
    let (program, link) = browser(&home);
    let mut command = home.command(&format!("{words} --listen 127.0.0.1:0 --output json"));
    let mut child = piped(command.env("BROWSER", program));
    let page = Agent::of(&server).visit(&wait_for(&link));
    assert_eq!(page.status, 200, "{}", page.body);
    let mut line = String::new();
    let stdout = child.stdout.as_mut().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    let proxy = Server::started(child, serde_json::from_str(&line).expect("JSON"));
    let told = get(&proxy, "/items", "");
    assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
    let told = proxy.end(Signal::TERM).done();
    let made = format!("Made profile {}", text(&profiles(&home)[0], "name"));
    assert!(told.stderr.contains(&made), "{told:?}");
}

#[test]
fn the_upstream_has_to_be_one_that_the_credential_is_for() {
    let (home, origin) = keyed();
    let run = |words: &str| Told::of(&mut command(&home, words));
    run("echo --upstream https://elsewhere.example")
        .code(1)
        .complaining(
            "the credential is not for https://elsewhere.example; it goes to http://127.0.0.1:",
        );
    run("echo --upstream unix:/run/x.sock")
        .code(1)
        .complaining("is not for unix:");
    home.run(&format!(
        "profile add both --api {origin} --api https://b.example --key-env KEY"
    ))
    .done();
    run("both").code(2).complaining("--upstream");
    run(&format!("{origin} --no-interactive"))
        .code(1)
        .complaining("several profiles are for");
}

#[test]
fn it_listens_on_this_machine_only() {
    let (home, _) = keyed();
    let run = |words: &str| Told::of(&mut command(&home, words));
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        run(&format!("echo --listen {address}"))
            .code(2)
            .complaining("uses your token");
    }
    run("echo --listen localhost").code(2);
    run("echo --mode 0660").code(2);
    run("echo --unix x --mode 9").code(2).complaining("octal");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    run(&format!("echo --listen {address}"))
        .code(1)
        .complaining(&format!("cannot listen on {address}"));
}

#[test]
fn a_socket_is_for_its_owner() {
    let (home, _) = keyed();
    let path = home.path().join("api.sock");
    let words = format!("echo --unix {}", path.display());
    let proxy = start(&home, &words);
    assert_eq!(proxy.get("unix"), path.display().to_string());
    assert!(proxy.line.get("listen").is_none());
    let mode = path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let stream = UnixStream::connect(&path).expect("connected");
    let told = asked(stream, "any.example", "/x", "");
    assert!(
        told.to_ascii_lowercase().contains("x-api-key: k1\r\n"),
        "{told}"
    );
    let second = Told::of(&mut command(&home, &words));
    second.code(1).complaining("somebody listens there");
    proxy.end(Signal::TERM).done();
    assert!(!path.exists());
    // One that was killed leaves its socket behind.
    let killed = start(&home, &words);
    killed.signal(Signal::KILL);
    killed.wait();
    assert!(path.exists());
    let proxy = start(&home, &format!("{words} --mode 660"));
    let mode = path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o660);
    drop(proxy);
    std::fs::remove_file(&path).expect("removed");
    std::fs::write(&path, "mine").expect("written");
    Told::of(&mut command(&home, &words))
        .code(1)
        .complaining("something other than a socket");
}

#[test]
fn a_key_keeps_others_out() {
    let (home, _) = keyed();
    let proxy = start(&home, "echo --require-key");
    let key = proxy.get("key").to_owned();
    assert!(key.len() >= 43);
    assert!(get(&proxy, "/", "").starts_with("HTTP/1.1 401 "));
    let told = get(&proxy, "/", &format!("X-Gatepass-Key: {key}\r\n"));
    assert!(
        told.starts_with("HTTP/1.1 200 ") && !told.contains(&key),
        "{told}"
    );
    let file = home.path().join("key");
    let words = format!("echo --key-file {}", file.display());
    std::fs::write(&file, "too short\n").expect("written");
    Told::of(&mut command(&home, &words))
        .code(1)
        .complaining("at least 16 characters");
    std::fs::write(&file, "long-enough-to-be-a-key\n").expect("written");
    let proxy = start(&home, &words);
    assert!(proxy.line.get("key").is_none(), "it is known already");
    let told = get(
        &proxy,
        "/",
        "Authorization: Bearer long-enough-to-be-a-key\r\n",
    );
    assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
    Told::of(&mut command(&home, &format!("{words} --require-key"))).code(2);
}

/// A robot with the profile `reader`, and a proxy for it.
fn reader(more: &str) -> (Robot, Server) {
    let robot = Robot::new();
    let (issuer, id) = (robot.server.issuer(), robot.server.get("client_id"));
    let words = format!(
        "profile add reader --issuer {issuer} --api {issuer} --client-id {id} --client-secret-env SECRET \
         --grant client_credentials --scope read {more}"
    );
    robot.run(&words).done();
    let proxy = Server::with(&mut robot.command("proxy reader --output json"));
    (robot, proxy)
}

#[test]
fn a_token_is_made_and_renewed_on_the_way() {
    let (robot, proxy) = reader("");
    let told = get(&proxy, "/api/data", "");
    assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
    // The one it has is withdrawn; the API refuses it, and another takes its place.
    let before = robot.run("token reader").done().line().to_owned();
    robot.run("logout reader").done();
    let told = get(&proxy, "/api/data", "");
    assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
    assert_ne!(robot.run("token reader").done().line(), before);
}

#[test]
fn tokens_that_are_bound_go_with_a_proof_for_the_api() {
    let (_robot, proxy) = reader("--dpop");
    for _ in 0..2 {
        let told = get(&proxy, "/api/data?x=y", "DPoP: stale\r\n");
        assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
    }
}

#[test]
fn a_login_that_is_needed_is_needed_at_the_start() {
    let home = Home::new();
    home.run(
        "profile add me --issuer https://login.invalid --api https://api.invalid --client-id cl",
    )
    .done();
    home.run("proxy me --no-interactive")
        .code(4)
        .complaining("login needed");
}

/// An API of this test's own, and a proxy in front of it.
fn by_hand(home: &Home) -> (TcpListener, Server) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    home.run(&format!("profile add hand --api {origin} --key-env KEY"))
        .done();
    (listener, start(home, "hand"))
}

fn head(stream: &mut impl std::io::Read) -> String {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head");
        read.extend(byte);
    }
    String::from_utf8(read).expect("text").to_ascii_lowercase()
}

#[test]
fn events_and_websockets_pass_at_once() {
    let home = Home::new();
    let (listener, proxy) = by_hand(&home);
    let (host, mut client) = connected(proxy.get("listen"));
    write!(client, "GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("written");
    let (mut api, _) = listener.accept().expect("a connection");
    assert!(head(&mut api).contains("x-api-key: k1\r\n"));
    api.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        .expect("written");
    assert!(head(&mut client).contains("text/event-stream"));
    for number in 0..3 {
        // In one piece, so that it comes as one chunk.
        let event = format!("data: {number}\n\n");
        api.write_all(event.as_bytes()).expect("written");
        let mut chunk = [0; 14];
        client.read_exact(&mut chunk).expect("an event");
        let expected = format!("9\r\n{event}\r\n");
        assert_eq!(String::from_utf8_lossy(&chunk), expected);
    }

    let (host, mut client) = connected(proxy.get("listen"));
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eA==\r\n";
    write!(
        client,
        "GET /chat HTTP/1.1\r\nHost: {host}\r\n{upgrade}\r\n"
    )
    .expect("written");
    let (mut api, _) = listener.accept().expect("a connection");
    let asked = head(&mut api);
    assert!(
        asked.contains("x-api-key: k1\r\n") && asked.contains("upgrade: websocket\r\n"),
        "{asked}"
    );
    api.write_all(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    )
    .expect("written");
    assert!(head(&mut client).starts_with("http/1.1 101 "));
    let mut said = [0; 4];
    for word in [b"ping", b"pong"] {
        client.write_all(word).expect("written");
        api.read_exact(&mut said).expect("heard");
        api.write_all(&said).expect("written");
        client.read_exact(&mut said).expect("heard");
        assert_eq!(&said, word);
    }
}

#[test]
fn what_is_under_way_ends_in_order() {
    let home = Home::new();
    let (listener, proxy) = by_hand(&home);
    let (host, mut client) = connected(proxy.get("listen"));
    write!(client, "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("written");
    let (mut api, _) = listener.accept().expect("a connection");
    head(&mut api);
    proxy.signal(Signal::INT);
    // It listens no more as soon as it has heard.
    while TcpStream::connect(&host).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    api.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        .expect("written");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ok"),
        "{answer}"
    );
    proxy.wait().done();
}

#[test]
fn an_api_that_is_not_there_is_an_answer() {
    let home = Home::new();
    let (listener, proxy) = by_hand(&home);
    drop(listener);
    let told = get(&proxy, "/", "");
    assert!(
        told.starts_with("HTTP/1.1 502 ") && told.contains("\"error\":\"bad_gateway\""),
        "{told}"
    );
}
