//! What ships beside the program: it speaks of flags, settings and commands that are there.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::home::{Home, Told};

fn shipped(name: &str) -> PathBuf {
    let packaging = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging");
    packaging.join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(shipped(name)).expect("it ships")
}

#[test]
fn the_unit_starts_the_server_with_words_that_it_takes() {
    let home = Home::new();
    let unit = read("gatepass.service");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="));
    let words = line
        .expect("it starts something")
        .replace(
            "/etc/gatepass/server.toml",
            &shipped("server.toml").display().to_string(),
        )
        .replace(
            "${CREDENTIALS_DIRECTORY}",
            &home.path().display().to_string(),
        );
    let words = words
        .strip_prefix("/usr/bin/gatepass ")
        .expect("the program");
    let mut command = home.command(&format!("{words} --check"));
    let database = home.path().join("gatepass.db");
    Told::of(command.env("GATEPASS_SERVE_DATABASE", database)).done();
}

#[test]
fn the_unit_makes_sense_to_systemd() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("gatepass.service");
    // The user is made when it is installed, as the program is.
    let unit = read("gatepass.service")
        .replace("/usr/bin/gatepass", env!("CARGO_BIN_EXE_gatepass"))
        .replace("User=gatepass\nGroup=gatepass\n", "");
    for line in unit
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '[']))
    {
        let (name, value) = line.split_once('=').expect("a setting");
        assert!(
            name.chars().all(char::is_alphanumeric) && !value.is_empty(),
            "{line}"
        );
    }
    fs::write(&copy, unit).expect("written");
    match Command::new("systemd-analyze")
        .arg("verify")
        .arg(&copy)
        .output()
    {
        // On a machine without systemd the lines are all there is to look at.
        Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound),
        Ok(said) => {
            let text = String::from_utf8_lossy(&said.stderr);
            assert!(
                said.status.success() && !text.contains("gatepass.service"),
                "{text}"
            );
        }
    }
}

#[test]
fn the_container_has_settings_and_commands_that_are_there() {
    let home = Home::new();
    let text = read("Containerfile");
    let lines = || {
        text.lines()
            .map(|line| line.trim_start_matches("ENV ").trim())
    };
    let mut settings = home.command("serve --print-config");
    let mut count = 0;
    for line in lines().filter(|line| line.starts_with("GATEPASS_")) {
        let (name, value) = line
            .trim_end_matches(" \\")
            .split_once('=')
            .expect("a variable");
        settings.env(name, value);
        count += 1;
    }
    assert!(count > 2, "{text}");
    let printed = Told::of(&mut settings).done().stdout;
    assert!(printed.contains("0.0.0.0:8484"), "{printed}");

    let check = lines().find_map(|line| line.split_once("CMD [\"gatepass\", "));
    let (_, words) = check.expect("a health check");
    let words = words.trim_end_matches(']').replace(['"', ','], "");
    home.run(&format!("{words} --help")).done();
}
