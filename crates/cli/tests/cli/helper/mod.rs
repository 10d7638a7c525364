//! `gatepass helper`.

mod aws;
mod docker;
mod git;
mod git_server;
mod kubectl;

use std::io::Write as _;
use std::process::Command;

use crate::home::{Home, Told, piped};
use crate::server::Server;

/// A home with the profile `robot`, which gets tokens by itself, and their server.
pub(crate) struct Robot {
    pub(crate) home: Home,
    pub(crate) server: Server,
}

impl Robot {
    /// Its credential goes to these origins; without any, to the server itself.
    pub(crate) fn of(api: &[&str]) -> Self {
        let home = Home::new();
        let server = Server::dev(&home);
        let own = [server.issuer()];
        let api = if api.is_empty() { &own[..] } else { api };
        let api: String = api
            .iter()
            .map(|origin| format!(" --api {origin}"))
            .collect();
        let words = format!(
            "profile add robot --issuer {} --client-id {} --client-secret-env SECRET --grant client_credentials \
             --scope write{api}",
            server.issuer(),
            server.get("client_id")
        );
        home.run(&words).done();
        Self { home, server }
    }

    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = self.home.command(words);
        command.env("SECRET", self.server.get("client_secret"));
        command
    }

    pub(crate) fn run(&self, words: &str) -> Told {
        Told::of(&mut self.command(words))
    }

    pub(crate) fn token(&self) -> String {
        self.run("token robot").done().line().to_owned()
    }

    /// When the current token expires.
    pub(crate) fn end(&self) -> u64 {
        let shown = self.run("token robot --output json").done().json();
        shown["expires_at"].as_u64().expect("seconds")
    }
}

/// Runs a command that reads this from standard input.
pub(crate) fn given(command: &mut Command, input: &str) -> Told {
    let mut child = piped(command);
    let mut stdin = child.stdin.take().expect("a pipe");
    // A command that reads nothing has perhaps ended already.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("ended").into()
}
