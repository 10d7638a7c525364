//! `--scope`: which token serves, what is asked for and kept, and the login that helps where only a person can grant it.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::authority::{Asked, Authority, metadata, nothing};
use crate::home::{Home, Told, text};
use crate::typist::Typist;

/// A server whose tokens are numbered and have the scope that was asked for; those of people live so many seconds, and
/// are not refreshed.
fn authority(lifetime: u64) -> Authority {
    let asked_on_device = Arc::new(Mutex::new(String::new()));
    Authority::start(move |asked, origin| match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => metadata(
            origin,
            &json!({
                "device_authorization_endpoint": format!("{origin}/device"),
                "revocation_endpoint": format!("{origin}/revoke"),
            }),
        ),
        "/device" => {
            let mut scope = asked_on_device.lock().expect("whole");
            *scope = asked.param("scope").unwrap_or_default();
            (
                200,
                json!({"device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "https://as.example/d", "interval": 1}),
            )
        }
        "/token" => token(asked, &asked_on_device.lock().expect("whole"), lifetime),
        "/revoke" => (200, json!({})),
        "/api" => (200, json!({})),
        _ => nothing(),
    })
}

fn token(asked: &Asked, on_device: &str, lifetime: u64) -> (u16, Value) {
    let (scope, lifetime) = match asked.param("grant_type").as_deref() {
        Some("client_credentials") => (asked.param("scope").unwrap_or_default(), 3600),
        Some("refresh_token") => return (400, json!({"error": "invalid_grant"})),
        _ => (on_device.to_owned(), lifetime),
    };
    let answer = json!({
        "access_token": format!("t{}", asked.before),
        "refresh_token": "r",
        "token_type": "Bearer",
        "expires_in": lifetime,
        "scope": scope,
    });
    (200, answer)
}

struct World {
    home: Home,
    authority: Authority,
}

impl World {
    /// A server and a profile of it.
    fn new(profile: &str, lifetime: u64) -> Self {
        let world = Self {
            home: Home::new(),
            authority: authority(lifetime),
        };
        let issuer = &world.authority.origin;
        let words = format!("profile add {profile} --issuer {issuer} --api {issuer} --client-id c");
        world.home.run(&words).done();
        world
    }

    /// The profile `robot`, of a client that acts for itself.
    fn robot(more: &str) -> Self {
        let words = "robot --client-secret-env SECRET --grant client_credentials";
        Self::new(&format!("{words} {more}"), 0)
    }

    /// The profile `web`, of a person who has logged in for `read`.
    fn web(lifetime: u64) -> Self {
        let world = Self::new("web --grant device_code --scope read", lifetime);
        world.run("login web").done();
        world
    }

    fn run(&self, words: &str) -> Told {
        Told::of(self.home.command(words).env("SECRET", "s"))
    }

    fn scoped(&self, words: &str, scope: &str) -> Told {
        let mut command = self.home.command(words);
        Told::of(command.env("SECRET", "s").args(["--scope", scope]))
    }

    /// What was asked of the server for scopes, at this path.
    fn scopes(&self, path: &str) -> Vec<Option<String>> {
        let asked = self.authority.asked(path);
        asked.iter().map(|own| own.param("scope")).collect()
    }

    /// What the API was shown last.
    fn shown(&self) -> String {
        let last = self.authority.asked("/api").pop().expect("asked");
        let head = last.head.to_ascii_lowercase();
        let mut lines = head.lines();
        let line = lines.find_map(|line| line.strip_prefix("authorization: "));
        line.expect("a credential").to_owned()
    }
}

#[test]
fn a_token_that_has_the_scope_serves() {
    let world = World::robot("");
    let mut edit = world.home.command("profile edit robot");
    Told::of(edit.arg("scope=read write")).done();
    let usual = world.run("token robot").done().line().to_owned();
    let before = world.authority.paths();
    for scope in ["read", "write", "write  read"] {
        let told = world.scoped("token robot", scope).done();
        assert_eq!(told.line(), usual, "{scope}");
    }
    assert_eq!(world.authority.paths(), before, "nobody was asked");
}

#[test]
fn a_client_that_acts_for_itself_gets_one_more_and_keeps_both() {
    let world = World::robot("--scope read");
    assert_eq!(world.run("token robot").done().line(), "t0");
    assert_eq!(world.scoped("token robot", "a b").done().line(), "t1");
    let before = world.authority.paths();
    assert_eq!(world.scoped("token robot", "b a").done().line(), "t1");
    assert_eq!(world.run("token robot").done().line(), "t0");
    let json = world
        .scoped("token robot --output json", "a b")
        .done()
        .json();
    assert_eq!(text(&json, "scope"), "a b");

    for (words, line) in [
        ("header robot", "Authorization: Bearer t1"),
        ("env robot", "export GATEPASS_TOKEN=t1"),
    ] {
        assert_eq!(world.scoped(words, "a b").done().line(), line);
    }
    let mut command = world.home.command("exec robot --scope");
    command.args(["a b", "--", "printenv", "GATEPASS_TOKEN"]);
    assert_eq!(Told::of(&mut command).done().line(), "t1");
    assert_eq!(world.authority.paths(), before, "both were kept");

    let url = format!("{}/api", world.authority.origin);
    world.scoped(&format!("request {url}"), "a b").done();
    assert_eq!(world.shown(), "bearer t1");
    world.scoped(&format!("post {url} a=b"), "read").done();
    assert_eq!(world.shown(), "bearer t0");
    let asked = ["read", "a b"].map(|scope| Some(scope.to_owned()));
    assert_eq!(world.scopes("/token"), asked);
}

#[test]
fn a_profile_without_scopes_uses_what_it_holds() {
    let world = World::robot("");
    assert_eq!(world.run("token robot").done().line(), "t0");
    // The server gave no scope at all, so it is another that has this one.
    assert_eq!(world.scoped("token robot", "a").done().line(), "t1");
    assert_eq!(world.run("token robot").done().line(), "t0");
    assert_eq!(world.scopes("/token"), [None, Some("a".to_owned())]);
}

#[test]
fn a_logout_ends_the_tokens_of_every_scope() {
    let world = World::robot("--scope read");
    world.run("token robot").done();
    for scope in ["a", "b"] {
        world.scoped("token robot", scope).done();
    }
    world
        .run("logout robot")
        .done()
        .complaining("revoked at the server");
    let mut revoked: Vec<_> = world.authority.asked("/revoke");
    revoked.retain(|asked| asked.param("token").as_deref() != Some("r"));
    let mut revoked: Vec<_> = revoked.iter().map(|asked| asked.param("token")).collect();
    revoked.sort();
    assert_eq!(
        revoked,
        ["t0", "t1", "t2"].map(|token| Some(token.to_owned()))
    );
    assert_eq!(world.scoped("token robot", "a").done().line(), "t3");
}

#[test]
fn what_a_person_has_not_granted_is_not_asked_for_behind_their_back() {
    let world = World::web(3600);
    let before = world.authority.paths();
    let url = format!("{}/api", world.authority.origin);
    for words in [
        "token web",
        "token web --output header",
        "header web",
        "env web",
        &format!("request {url} --no-interactive"),
        &format!("get {url} --no-interactive"),
    ] {
        world
            .scoped(words, "read write admin")
            .code(4)
            .complaining("the token of web lacks scope write admin; run `gatepass login web --scope 'read write admin'`");
    }
    world
        .run("exec web --scope write -- true")
        .code(4)
        .complaining("--scope 'read write'`");
    assert_eq!(world.scoped("token web", "read").done().line(), "t0");
    assert_eq!(world.authority.paths(), before, "nothing was sent");

    let nobody = World::new("web --grant device_code --scope read", 3600);
    nobody.scoped("token web", "write").code(4).complaining(
        "web has no token of scope write; run `gatepass login web --scope 'read write'`",
    );
    assert!(nobody.authority.paths().is_empty());
}

#[test]
fn a_login_for_more_keeps_what_was_granted() {
    let world = World::web(3600);
    world.run("login web --scope write").done();
    for scope in ["write", "read", "read write"] {
        assert_eq!(world.scoped("token web", scope).done().line(), "t1");
    }
    assert_eq!(world.run("token web").done().line(), "t1");
    // Less can be asked for as well.
    world.run("login web --scope read").done();
    world.scoped("token web", "write").code(4);
    let asked = ["read", "read write", "read"].map(|scope| Some(scope.to_owned()));
    assert_eq!(world.scopes("/device"), asked);
}

#[test]
fn somebody_at_a_terminal_is_asked_for_all_of_it() {
    let world = World::web(3600);
    let url = format!("{}/api", world.authority.origin);
    let mut command = world.home.command(&format!("get {url} --scope write"));
    let mut terminal = Typist::at(&mut command, 100, 60);
    terminal.sees("WDJB-MJHT");
    assert_eq!(terminal.ends(), Some(0), "{}", terminal.text());
    assert_eq!(world.shown(), "bearer t1");
    assert_eq!(world.scopes("/device")[1].as_deref(), Some("read write"));
    assert_eq!(world.run("token web").done().line(), "t1");
}

#[test]
fn a_token_that_cannot_be_renewed_says_which_login_helps() {
    let world = World::web(0);
    world.run("login web --scope write").done();
    world
        .scoped("token web", "write")
        .code(4)
        .complaining("no longer accepts the refresh token")
        .complaining("run `gatepass login web --scope 'read write'`");
    // It is known now that there is nothing to renew it with.
    world
        .scoped("token web", "write")
        .code(4)
        .complaining("the token of web has expired; run `gatepass login web --scope 'read write'`");
}

#[test]
fn what_is_no_scope_is_refused() {
    let world = World::robot("--scope read");
    for scope in ["", "  ", "a\"b", "a\tb", "é"] {
        for words in ["token robot", "header robot", "env robot", "get /api"] {
            let told = world.scoped(words, scope).code(2);
            assert!(told.stderr.contains("--scope"), "{scope:?}: {told:?}");
        }
    }
    assert!(world.authority.paths().is_empty());
    let home = &world.home;
    home.run("profile add key --api https://a.example --key-env SECRET")
        .done();
    world
        .scoped("token key", "read")
        .code(2)
        .complaining("key has no scopes to choose from");
}
