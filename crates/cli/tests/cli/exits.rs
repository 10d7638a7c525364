//! The exit codes.

use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};

use crate::home::{Home, Told, piped};
use crate::server::Server;

#[test]
fn words_that_make_no_sense_are_2() {
    let home = Home::new();
    for words in [
        "",
        "frobnicate",
        "token --min-ttl soon",
        "--log-level loud status",
        "request GET",
    ] {
        let told = home.run(words).code(2);
        assert!(told.stdout.is_empty(), "{told:?}");
    }
}

#[test]
fn help_and_version_are_results() {
    let home = Home::new();
    assert!(home.run("--version").done().line().starts_with("gatepass "));
    for words in ["--help", "help serve", "profile add --help", "request -h"] {
        let told = home.run(words).done();
        assert!(
            told.stdout.contains("Example") && told.stderr.is_empty(),
            "{words}: {told:?}"
        );
    }
}

#[test]
fn a_dead_server_is_3() {
    let home = Home::new();
    let words = "profile add dead --issuer http://127.0.0.1:9 --api http://127.0.0.1:9 --client-id x --client-secret-env S --grant client_credentials";
    home.run(words).done();
    Told::of(home.command("token dead").env("S", "s"))
        .code(3)
        .complaining("could not reach");
    home.run("profile add key --api http://127.0.0.1:9 --key-env S")
        .done();
    Told::of(
        home.command("request http://127.0.0.1:9/ -p key")
            .env("S", "s"),
    )
    .code(3)
    .complaining("cannot connect");
}

#[test]
fn an_interruption_is_130() {
    let home = Home::new();
    let server = Server::dev(&home);
    crate::login::web(&home, &server, "");
    let before = files(&home);
    for way in ["", "--paste"] {
        let mut command = home.command(&format!("login web {way}"));
        let mut child = piped(command.env("BROWSER", "true"));
        let (_, _stderr) = crate::login::link(&mut child);
        kill_process(Pid::from_child(&child), Signal::INT).expect("told");
        Told::from(child.wait_with_output().expect("ended")).code(130);
        // Nothing is left that was not there, and whoever comes next is not in its way.
        assert_eq!(files(&home), before, "{way}");
    }
    home.run("token web")
        .code(4)
        .complaining("gatepass login web");
}

/// What is kept for this person, but for copies of what servers publish.
fn files(home: &Home) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![home.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true if path.ends_with(".cache") => {}
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    found
}
