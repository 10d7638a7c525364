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
        shown
            .get("expires_at")
            .and_then(serde_json::Value::as_u64)
            .expect("seconds")
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

#[test]
fn a_password_in_a_netrc_file_is_left_there() {
    let home = Home::new();
    home.run("profile add net --api https://a.example --set method=netrc")
        .done();
    let input = "protocol=https\nhost=a.example\n";
    given(&mut home.command("helper git get"), input)
        .code(1)
        .complaining("let the program read that file itself");
    let listed = given(&mut home.command("helper docker list"), "").done();
    assert_eq!(listed.stdout, "{}\n");
}

#[test]
fn nothing_secret_is_logged_however_much_is() {
    let sts = aws::Sts::start();
    let host = "https://a.example";
    let robot = Robot::of(&[&sts.origin, host]);
    let loud = ("GATEPASS_LOG", "trace");
    let first = Told::of(robot.command("token robot").env(loud.0, loud.1)).done();
    // The key that seals tokens is made now, and without a keyring that is worth a line.
    assert!(
        first.stderr.contains("INFO"),
        "something is logged: {first:?}"
    );
    let token = first.line().to_owned();
    let git = "capability[]=authtype\nprotocol=https\nhost=a.example\n";
    let erase = format!("protocol=https\nhost=a.example\npassword={token}\n");
    let (mut said, mut given_out) = (first.stderr, String::new());
    for (words, input) in [
        ("helper git get", git),
        ("helper docker get", host),
        ("helper kubectl robot", ""),
        (&aws::words(&sts), ""),
        ("jwt decode --profile robot", ""),
        ("doctor robot", ""),
        ("helper git erase", &erase),
        ("helper git get", git),
    ] {
        let told = given(robot.command(words).env(loud.0, loud.1), input).done();
        said.push_str(&told.stderr);
        given_out.push_str(&told.stdout);
    }
    let mut secrets = vec![
        token,
        robot.token(),
        robot.server.get("client_secret").to_owned(),
    ];
    secrets.extend(["secret1", "session+1"].map(str::to_owned));
    for secret in &secrets {
        assert!(!said.contains(secret.as_str()), "{secret} is in {said}");
    }
    assert!(given_out.contains("secret1") && given_out.contains(&secrets[1]));
}
