//! What is printed, and what happens when nobody reads it.

use std::fs::File;
use std::process::Stdio;

use crate::home::{Home, Told};

#[test]
fn a_closed_pipe_ends_the_program_quietly() {
    let home = Home::new();
    for words in [
        "completions bash",
        "man",
        "--help",
        "profile list --output json",
    ] {
        let mut child = home.start(words);
        drop(child.stdout.take());
        let told = Told::from(child.wait_with_output().expect("ended")).done();
        assert_eq!(told.stderr, "", "{words}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error() {
    let home = Home::new();
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("there");
    let told = Told::of(
        home.command("completions bash")
            .stdout(Stdio::from(full))
            .stderr(Stdio::piped()),
    );
    told.code(1).complaining("No space left");
}

#[test]
fn colours_are_for_those_who_look() {
    let home = Home::new();
    let run = |variables: &[(&str, &str)]| {
        Told::of(home.command("token nobody").envs(variables.iter().copied()))
            .code(1)
            .stderr
    };
    assert!(run(&[]).starts_with("error: "));
    assert!(run(&[("CLICOLOR_FORCE", "1")]).starts_with("\x1b["));
    assert!(run(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).starts_with("error: "));
    assert!(run(&[("CLICOLOR_FORCE", "0"), ("TERM", "dumb")]).starts_with("error: "));
}

#[test]
fn manual_pages_and_completions_know_every_command() {
    let home = Home::new();
    let folder = home.path().join("man");
    home.run(&format!("man {}", folder.display())).done();
    for page in [
        "gatepass",
        "gatepass-serve",
        "gatepass-admin-client-add",
        "gatepass-request",
    ] {
        assert!(folder.join(format!("{page}.1")).exists(), "{page}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(
            home.run(&format!("completions {shell}"))
                .done()
                .stdout
                .contains("gatepass"),
            "{shell}"
        );
    }
    let script = home.run("completions fish").done().stdout;
    for command in [
        "serve", "admin", "profile", "login", "token", "request", "status", "logout", "man",
    ] {
        assert!(script.contains(&format!("-a \"{command}\"")), "{command}");
    }
}
