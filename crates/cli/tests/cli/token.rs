//! `gatepass token`.

use std::process::Command;

use serde_json::json;

use crate::home::{Home, Told, text};
use crate::server::Server;

/// A server, and the profile `robot` of a client that acts for itself.
pub(crate) struct Robot {
    pub(crate) home: Home,
    pub(crate) server: Server,
}

impl Robot {
    pub(crate) fn new() -> Self {
        let home = Home::new();
        let server = Server::dev(&home);
        let words = format!(
            "profile add robot --issuer {0} --api {0} --client-id {1} --client-secret-env SECRET --grant client_credentials --scope write",
            server.issuer(),
            server.get("client_id")
        );
        home.run(&words).done();
        Self { home, server }
    }

    /// The program, with the client's secret in its environment.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = self.home.command(words);
        command.env("SECRET", self.server.get("client_secret"));
        command
    }

    pub(crate) fn run(&self, words: &str) -> Told {
        Told::of(&mut self.command(words))
    }
}

#[test]
fn a_token_is_printed_in_four_ways() {
    let robot = Robot::new();
    let token = robot.run("token").done().line().to_owned();
    // The second comes from the file: no secret is needed.
    assert_eq!(robot.home.run("token robot").done().line(), token);
    assert_eq!(
        robot.home.run("token robot --output header").done().line(),
        format!("Authorization: Bearer {token}")
    );
    assert_eq!(
        robot.home.run("token robot --output env").done().line(),
        format!("export GATEPASS_TOKEN={token}")
    );
    let json = robot.home.json("token robot --output json");
    assert_eq!(text(&json, "access_token"), token);
    assert_eq!(text(&json, "scope"), "write");
    assert_eq!(text(&json, "issuer"), robot.server.issuer());
    let (left, end) = (
        json["expires_in"].as_u64().expect("seconds"),
        json["expires_at"].as_u64().expect("seconds"),
    );
    assert!(left > 0 && left < end, "{json}");
}

#[test]
fn a_token_that_ends_too_soon_is_renewed() {
    let robot = Robot::new();
    let token = robot.run("token").done().line().to_owned();
    assert_eq!(robot.run("token --min-ttl 60").done().line(), token);
    // The same token, when a good minute and a half is left of its ten.
    let now = std::time::SystemTime::now();
    let now = now
        .duration_since(std::time::UNIX_EPOCH)
        .expect("a clock")
        .as_secs();
    let short = json!({ "access_token": token, "expires_in": 600, "expires_at": now + 100, "scope": "write" });
    let file = robot.home.path().join("short.json");
    std::fs::write(&file, short.to_string()).expect("written");
    let import = format!(
        "import requests-oauthlib {} --profile robot --replace",
        file.display()
    );
    robot.run(&import).done();
    assert_eq!(robot.run("token --min-ttl 80").done().line(), token);
    assert_ne!(robot.run("token --min-ttl 150").done().line(), token);
}

#[test]
fn secrets_that_are_sent_as_they_are_have_a_header_too() {
    let home = Home::new();
    home.run("profile add key --api https://a.example --key-env KEY")
        .done();
    home.run("profile add basic --api https://a.example --username u --password-env KEY")
        .done();
    let run = |words: &str| Told::of(home.command(words).env("KEY", "k 1"));
    assert_eq!(run("token key").done().line(), "k 1");
    assert_eq!(
        run("token key --output env").done().line(),
        "export GATEPASS_TOKEN='k 1'"
    );
    assert_eq!(
        run("token key --output header").done().line(),
        "X-Api-Key: k 1"
    );
    assert_eq!(
        run("token basic --output header").done().line(),
        "Authorization: Basic dTprIDE="
    );
    run("token basic")
        .code(2)
        .complaining("gatepass header basic");
    home.run("token key").code(1).complaining("KEY is not set");
    home.run("token")
        .code(1)
        .complaining("there are basic, key");
}

#[test]
fn no_token_needs_the_network_twice() {
    let robot = Robot::new();
    let token = robot.run("token").done().line().to_owned();
    let Robot { home, server } = robot;
    drop(server);
    assert_eq!(home.run("token").done().line(), token);
}
