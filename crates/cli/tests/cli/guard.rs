//! `gatepass guard` in front of an API, with somebody else's authorization server.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::echo;
use crate::home::{Home, text};
use crate::server::Server;
use crate::wire::{get, post_form};

/// Longer than anything here should take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes a file at once, as programs do that are careful.
fn put(path: &Path, content: &str) {
    let draft = path.with_extension("draft");
    fs::write(&draft, content).expect("written");
    fs::rename(&draft, path).expect("renamed");
}

/// A token of this server's user, by a password.
fn token(server: &Server, scope: &str) -> String {
    let form = [
        ("grant_type", "password"),
        ("client_id", server.get("client_id")),
        ("client_secret", server.get("client_secret")),
        ("username", server.get("user")),
        ("password", server.get("password")),
        ("scope", scope),
    ];
    let answer = post_form(server.issuer(), "/oauth/token", &form).with(200);
    format!(
        "Authorization: Bearer {}",
        text(&answer.json(), "access_token")
    )
}

/// Where a guard listens.
fn origin(guard: &Server) -> String {
    guard.get("listen").to_owned()
}

#[test]
fn flags_are_enough_for_a_simple_api() {
    let (home, api) = (Home::new(), echo::start());
    let issuer = Server::dev(&home);
    let words = format!(
        "guard --upstream {api} --listen 127.0.0.1:0 --issuer {0} --audience {0}/api --scope write --output json",
        issuer.issuer()
    );
    let guard = Server::with(&mut home.command(&words));
    let origin = origin(&guard);
    assert_eq!(guard.get("resource"), origin);
    assert_eq!(guard.get("upstream"), format!("{api}/"));

    let refusal = get(&origin, "/", &[]).with(401);
    let challenge = refusal.all("www-authenticate")[0];
    assert!(
        challenge.contains(&format!(
            r#"scope="write", resource_metadata="{origin}/.well-known/oauth-protected-resource""#
        )),
        "{challenge}"
    );
    let (reads, writes) = (token(&issuer, "read"), token(&issuer, "read write"));
    let refusal = get(&origin, "/", &[&reads]).with(403);
    let challenge = refusal.all("www-authenticate")[0];
    assert!(
        challenge.contains(r#"error="insufficient_scope""#),
        "{challenge}"
    );
    let answer = get(&origin, "/", &[&writes]).with(200);
    assert!(answer.body.contains("GET / HTTP/1.1"), "{answer:#?}");
    // Keys that are remembered serve when nobody can be asked.
    issuer.end(Signal::TERM).done();
    get(&origin, "/", &[&writes]).with(200);
    guard.end(Signal::TERM).done();
}

/// A guard with rules in a file, whose service manager and log are listened to.
struct Ruled {
    guard: Server,
    file: PathBuf,
    log: PathBuf,
    manager: UnixDatagram,
}

impl Ruled {
    fn new(home: &Home, settings: &str) -> Self {
        let (file, log) = (home.path().join("guard.toml"), home.path().join("log"));
        let socket = home.path().join("notify");
        put(&file, settings);
        let manager = UnixDatagram::bind(&socket).expect("bound");
        manager.set_read_timeout(Some(PATIENCE)).expect("set");
        let words = format!("guard --config {} --output json", file.display());
        let mut command = home.command(&words);
        command.env("NOTIFY_SOCKET", &socket);
        let guard = Server::with_log(&mut command, fs::File::create(&log).expect("a log"));
        let ruled = Self {
            guard,
            file,
            log,
            manager,
        };
        ruled.hears("READY=1");
        ruled
    }

    fn hears(&self, said: &str) {
        let mut bytes = [0; 256];
        let length = self.manager.recv(&mut bytes).expect("told");
        assert_eq!(str::from_utf8(&bytes[..length]), Ok(said));
    }

    fn reload(&self, settings: &str) {
        put(&self.file, settings);
        self.guard.signal(Signal::HUP);
        self.hears("RELOADING=1");
        self.hears("READY=1");
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).expect("a log")
    }
}

#[test]
fn rules_are_replaced_while_it_serves() {
    let (home, api) = (Home::new(), echo::start());
    let issuer = Server::dev(&home);
    let token = token(&issuer, "read");
    let settings = |rest: &str| {
        format!(
            "listen = \"127.0.0.1:0\"\nupstream = \"{api}\"\n\
             [[issuer]]\nissuer = \"{0}\"\naudience = \"{0}/api\"\n{rest}",
            issuer.issuer()
        )
    };
    let rule = |access: &str| settings(&format!("[[rule]]\npath = \"/open/**\"\n{access}\n"));
    let ruled = Ruled::new(&home, &rule("access = \"open\""));
    let origin = origin(&ruled.guard);
    get(&origin, "/open/x", &[]).with(200);
    get(&origin, "/other", &[]).with(401);
    get(&origin, "/other", &[&token]).with(200);

    ruled.reload(&rule("scope = \"write\""));
    get(&origin, "/open/x", &[]).with(401);
    get(&origin, "/open/x", &[&token]).with(403);

    // What makes no sense changes nothing.
    for wrong in [
        "rules = []".to_owned(),
        settings("[[rule]]\npath = \"open\"\naccess = \"open\"\n"),
        format!("upstream = \"{api}\""),
        String::new(),
        rule("access = \"ajar\""),
    ] {
        ruled.reload(&wrong);
        get(&origin, "/open/x", &[&token]).with(403);
        get(&origin, "/other", &[&token]).with(200);
    }
    let said = ruled.said();
    assert_eq!(
        said.matches("the settings were not replaced").count(),
        5,
        "{said}"
    );

    // What would need a restart is said, and the rest is taken.
    let elsewhere = rule("access = \"denied\"").replace("127.0.0.1:0", "127.0.0.1:1");
    ruled.reload(&elsewhere);
    get(&origin, "/open/x", &[&token]).with(403);
    assert!(ruled.said().contains("needs a restart"), "{}", ruled.said());
    get(&origin, "/.well-known/oauth-protected-resource", &[]).with(200);
    assert!(get(&origin, "/", &[]).all("www-authenticate")[0].contains(&origin));

    // Nobody says anything this time.
    put(&ruled.file, &rule("access = \"open\""));
    let begin = Instant::now();
    while get(&origin, "/open/x", &[]).status != 200 {
        assert!(begin.elapsed() < PATIENCE, "the file is looked at");
        thread::sleep(Duration::from_millis(100));
    }
    ruled.guard.signal(Signal::TERM);
    ruled.hears("STOPPING=1");
    ruled.guard.wait().done();
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let home = Home::new();
    let api = "--upstream http://127.0.0.1:1";
    for (words, complaint) in [
        ("--listen 127.0.0.1:0", "nobody could get in"),
        (api, "nobody could get in"),
        ("--issuer https://login.example", "upstream"),
        (&format!("{api} --audience x"), "--issuer"),
        (
            &format!("{api} --issuer https://login.example --listen 0.0.0.0:0"),
            "--public-url",
        ),
        (
            &format!("{api} --issuer https://login.example --tls-cert a.pem"),
            "--tls-key",
        ),
        (
            &format!("{api} --issuer https://login.example --scope a\"b"),
            "--scope",
        ),
        ("--upstream nothing", "--upstream"),
        (
            "--config /nonexistent/guard.toml",
            "/nonexistent/guard.toml",
        ),
    ] {
        let told = home.run(&format!("guard {words}"));
        assert!(matches!(told.code, Some(1 | 2)), "{words}: {told:#?}");
        told.complaining(complaint);
    }
    let file = home.path().join("guard.toml");
    put(
        &file,
        "upstream = \"http://127.0.0.1:1\"\n\nlissen = \"127.0.0.1:0\"\n",
    );
    let words = format!("guard --config {}", file.display());
    let told = home.run(&words).code(2);
    assert!(told.stderr.contains("guard.toml:3:1"), "{told:#?}");
    told.complaining("did you mean \"listen\"?");
    put(
        &file,
        "upstream = \"http://127.0.0.1:1\"\n[tls]\ncert = \"a.pem\"\n",
    );
    let told = home.run(&format!(
        "{words} --listen 127.0.0.1:0 --issuer https://login.example"
    ));
    told.code(2).complaining("key");
}

#[test]
fn settings_can_be_looked_over_and_printed() {
    let home = Home::new();
    let issuer = Server::dev(&home);
    let words = format!(
        "guard --upstream http://127.0.0.1:1 --issuer {} --scope read",
        issuer.issuer()
    );
    let checks = home.json(&format!("{words} --check --output json"));
    let results: Vec<_> = checks
        .as_array()
        .expect("a list")
        .iter()
        .map(|check| &check["result"])
        .collect();
    assert_eq!(results, ["ok", "ok", "ok"], "{checks}");
    let told = home.run(&format!("{words} --check")).done();
    assert!(told.stdout.contains("/jwks.json"), "{told:#?}");

    // What is printed is a file that says the same.
    let printed = home.run(&format!("{words} --print-config")).done().stdout;
    let file = home.path().join("guard.toml");
    put(&file, &printed);
    let again = home.run(&format!("guard --config {} --print-config", file.display()));
    assert_eq!(again.done().stdout, printed);

    issuer.end(Signal::TERM).done();
    let told = home.run(&format!("{words} --check")).code(1);
    assert!(told.stdout.contains('✗'), "{told:#?}");
    let told = home
        .run("guard --upstream http://127.0.0.1:1 --check")
        .code(1);
    assert!(told.stdout.contains("nobody could get in"), "{told:#?}");
}

#[test]
fn it_serves_tls_by_its_own_authority_or_by_files() {
    let home = Home::new();
    let api = echo::start();
    let words = format!(
        "guard --upstream {api} --listen 127.0.0.1:0 --issuer https://login.example --tls dev --output json"
    );
    let guard = Server::with(&mut home.command(&words));
    let ca = guard.get("ca").to_owned();
    let url = format!("{}/", guard.get("listen"));
    assert_eq!(guard.get("resource"), url.trim_end_matches('/'));
    let seen = home.json(&format!("discover {url} --ca {ca} --output json"));
    let place = format!("{url}.well-known/oauth-protected-resource");
    assert_eq!(
        (&seen["status"], text(&seen, "resource_metadata")),
        (&401.into(), &*place)
    );
    guard.end(Signal::TERM).done();
    let state = home.state();
    let words = words.replace(
        "--tls dev",
        &format!(
            "--tls-cert {} --tls-key {}",
            state.join("dev-server.pem").display(),
            state.join("dev-server.key").display()
        ),
    );
    let guard = Server::with(&mut home.command(&words));
    let url = format!("{}/", guard.get("listen"));
    let seen = home.json(&format!("discover {url} --ca {ca} --output json"));
    assert_eq!(seen["status"], 401);
    guard.end(Signal::TERM).done();
}
