//! What a running `gatepass serve` does when it is told something: by a signal, or by files that change.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;
use serde_json::Value;

use crate::home::{Home, Told, text};
use crate::server::Server;

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A certificate of an authority of its own.
struct Issued {
    home: Home,
}

impl Issued {
    fn new() -> Self {
        let home = Home::new();
        let words = "serve --dev --listen 127.0.0.1:0 --tls dev --output json";
        Server::with(&mut home.command(words))
            .end(Signal::TERM)
            .done();
        Self { home }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.state().join(name)
    }

    /// Puts certificate and key where a server looks for them, each at once.
    fn put(&self, cert: &Path, key: &Path) {
        for (own, place) in [("dev-server.pem", cert), ("dev-server.key", key)] {
            let draft = place.with_extension("draft");
            fs::copy(self.file(own), &draft).expect("copied");
            fs::rename(draft, place).expect("renamed");
        }
    }

    /// Whether a client that trusts its authority takes what the server shows.
    fn is_served(&self, issuer: &str) -> bool {
        let ca = self.file("dev-ca.pem");
        let told = self
            .home
            .run(&format!("discover {issuer} --ca {}", ca.display()));
        told.code == Some(0)
    }
}

/// What a service manager hears, in order.
struct Manager(UnixDatagram);

impl Manager {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).expect("bound");
        socket.set_read_timeout(Some(PATIENCE)).expect("set");
        Self(socket)
    }

    fn hears(&self, said: &str) {
        let mut bytes = [0; 256];
        let length = self.0.recv(&mut bytes).expect("told");
        assert_eq!(str::from_utf8(&bytes[..length]), Ok(said));
    }
}

#[test]
fn a_certificate_is_replaced_while_it_serves() {
    let (first, second) = (Issued::new(), Issued::new());
    let home = Home::new();
    let (cert, key) = (home.path().join("cert.pem"), home.path().join("key.pem"));
    first.put(&cert, &key);
    let socket = home.path().join("notify");
    let manager = Manager::at(&socket);
    let log = home.path().join("log");
    let operators = free_address();
    let mut command = home.command(&format!(
        "serve --listen 127.0.0.1:0 --output json --operations-listen {operators} --tls-cert {} --tls-key {}",
        cert.display(),
        key.display()
    ));
    let server = Server::with_log(
        command.env("NOTIFY_SOCKET", &socket),
        fs::File::create(&log).expect("a log"),
    );
    manager.hears("READY=1");
    let issuer = server.issuer();
    assert!(first.is_served(issuer) && !second.is_served(issuer));

    second.put(&cert, &key);
    let reload = || {
        server.signal(Signal::HUP);
        manager.hears("RELOADING=1");
        manager.hears("READY=1");
    };
    reload();
    assert!(second.is_served(issuer) && !first.is_served(issuer));

    fs::write(&cert, "nothing").expect("written");
    reload();
    assert!(second.is_served(issuer));
    let said = fs::read_to_string(&log).expect("a log");
    assert!(said.contains("the certificate was not replaced"), "{said}");

    let metrics = metrics(operators);
    let expires = metrics
        .lines()
        .find_map(|line| line.strip_prefix("gatepass_certificate_expires_seconds "))
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or_else(|| panic!("{metrics}"));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let days = (Duration::from_secs(expires) - now.expect("after 1970")).as_secs() / 86_400;
    assert_eq!(days, 89, "a development certificate is good for 90 days");

    // Nobody says anything this time.
    first.put(&cert, &key);
    let begin = Instant::now();
    while !first.is_served(issuer) {
        assert!(begin.elapsed() < PATIENCE, "the files are looked at");
        thread::sleep(Duration::from_millis(100));
    }
    server.signal(Signal::TERM);
    manager.hears("STOPPING=1");
    server.wait().done();
}

/// An address that was free a moment ago.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address")
}

fn metrics(operators: SocketAddr) -> String {
    let mut stream = TcpStream::connect(operators).expect("connected");
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer
}

/// Posts something. `None` when the server no longer listens; otherwise the status and the body, which are whole.
fn post(address: &str, path: &str, kind: &str, body: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/{kind}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let answer = String::from_utf8(answer).expect("text");
    if answer.is_empty() {
        // A connection that the server had not taken yet when it stopped listening.
        return None;
    }
    read.expect("an answer that has begun also ends");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let body = serde_json::from_str(body).expect("a whole body");
    Some((status.expect("a status"), body))
}

/// Registers a client, again for as long as it is told to wait, and gives its id. `None` when the server no longer listens.
pub(crate) fn register(address: &str) -> Option<String> {
    let body = r#"{"redirect_uris":["https://app.example.com/callback"]}"#;
    loop {
        match post(address, "/oauth/register", "json", body)? {
            (201, answer) => return Some(text(&answer, "client_id").to_owned()),
            (status, answer) => assert_eq!(status, 429, "{answer}"),
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Asks for tokens and gives the refresh token. `None` when the server no longer listens.
fn refresh_token(server: &Value, form: &str) -> Option<String> {
    let member = |name: &str| text(server, name);
    let address = member("issuer").trim_start_matches("http://");
    let body = format!(
        "client_id={}&client_secret={}&{form}",
        member("client_id"),
        member("client_secret")
    );
    let (status, answer) = post(address, "/oauth/token", "x-www-form-urlencoded", &body)?;
    assert_eq!(status, 200, "{answer}");
    Some(text(&answer, "refresh_token").to_owned())
}

#[test]
fn what_was_acknowledged_while_it_ended_is_there_afterwards() {
    let home = Home::new();
    let server = Server::dev(&home);
    let refresh = |server: &Value, token: &str| {
        refresh_token(
            server,
            &format!("grant_type=refresh_token&refresh_token={token}"),
        )
    };
    let (user, password) = (server.get("user"), server.get("password"));
    let login = format!("grant_type=password&username={user}&password={password}");
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let line = server.line.clone();
            let mut newest = refresh_token(&line, &login).expect("it listens");
            thread::spawn(move || {
                let mut count = 0;
                while let Some(next) = refresh(&line, &newest) {
                    newest = next;
                    count += 1;
                }
                (newest, count)
            })
        })
        .collect();
    // In the midst of the load, however fast this machine is.
    thread::sleep(Duration::from_millis(500));
    server.end(Signal::TERM).done();
    let again = Server::dev(&home);
    let mut acknowledged = 0;
    for client in clients {
        let (newest, count) = client.join().expect("no panic");
        assert!(refresh(&again.line, &newest).is_some(), "it listens");
        acknowledged += count;
    }
    assert!(acknowledged > 0);
}

#[test]
fn operators_ask_whether_it_is_ready() {
    let home = Home::new();
    home.run("admin health")
        .code(2)
        .complaining("operations_listen");
    let address = free_address();
    let health = |words: &str| {
        let mut command = home.command(words);
        command.env("GATEPASS_SERVE_OPERATIONS_LISTEN", address.to_string());
        command
    };
    Told::of(&mut health("admin health"))
        .code(3)
        .complaining(&address.to_string());
    let server = Server::with(&mut health("serve --listen 127.0.0.1:0 --output json"));
    let told = Told::of(&mut health("admin health")).done();
    assert_eq!(told.line(), "ready");
    server.end(Signal::TERM).done();
}

#[test]
fn a_log_for_programs_has_the_name_of_the_request_and_no_secret() {
    let home = Home::new();
    let log = home.path().join("log");
    let words =
        "serve --dev --listen 127.0.0.1:0 --output json --log-format json --log-level debug";
    let server = Server::with_log(
        &mut home.command(words),
        fs::File::create(&log).expect("a log"),
    );
    let address = server.issuer().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).expect("connected");
    let request = format!(
        "GET /oauth/authorize?code=hunter2 HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Bearer hunter2\r\nCookie: a=hunter2\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let id = answer
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "))
        .expect("a name");
    server.end(Signal::TERM).done();
    let said = fs::read_to_string(&log).expect("a log");
    assert!(!said.contains("hunter2"), "{said}");
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let own = lines.iter().find(|line| line["span"]["id"] == id);
    let own = own.unwrap_or_else(|| panic!("{id}: {said}"));
    assert_eq!(own["span"]["path"], "/oauth/authorize");
    for member in ["timestamp", "level", "target", "message"] {
        assert!(own[member].is_string(), "{own}");
    }
}
