//! `gatepass demo`, the real program from outside. It has a server in it, so it is for Unix.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Programs depend on these names and their order.
const NAMES: [&str; 17] = [
    "basic",
    "login-form",
    "login-json",
    "login-basic",
    "bearer",
    "api-key",
    "authorization-code",
    "authorization-code-paste",
    "zero-config",
    "client-credentials",
    "refresh",
    "refresh-race",
    "replay-detected",
    "revoke",
    "consent-denied",
    "wrong-password",
    "throttled",
];

/// The program with a home and a place for temporary files that are its own.
fn demo(home: &TempDir) -> Command {
    for folder in ["home", "tmp"] {
        fs::create_dir(home.path().join(folder)).expect("a folder");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatepass"));
    command
        .arg("demo")
        .env("HOME", home.path().join("home"))
        .env("TMPDIR", home.path().join("tmp"))
        // Nobody's browser is opened; this one would fail loudly.
        .env("BROWSER", "/nonexistent/browser")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("GATEPASS_LOG");
    command
}

fn assert_nothing_left(home: &TempDir) {
    for folder in ["home", "tmp"] {
        let left: Vec<_> = entries(&home.path().join(folder));
        assert!(left.is_empty(), "left behind in {folder}: {left:?}");
    }
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

/// What begins like a secret of ours is cut off right after that.
fn assert_redacted(text: &str) {
    for (begin, kind) in [("gp_", 3), ("eyJ", 1)] {
        for rest in text.split(begin).skip(1) {
            let after: String = rest.chars().skip(kind).take(11).collect();
            assert_eq!(after, "…[redacted]", "after {begin}");
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the time is told, never judged")]
fn every_method_works_and_nothing_is_left_behind() {
    let home = tempfile::tempdir().expect("a folder");
    let output = demo(&home)
        .args(["--output", "json"])
        .output()
        .expect("it runs");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{stdout}");
    assert_eq!(stdout.lines().count(), 1, "one document and nothing else");

    let report: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(report["version"], 1);
    assert_eq!(report["ok"], true);
    let steps = report["steps"].as_array().expect("steps");
    let names: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["name"].as_str())
        .collect();
    assert_eq!(names, NAMES);
    for step in steps {
        assert_eq!(step["ok"], true, "{step}");
        assert!(
            step["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{step}"
        );
    }
    assert_redacted(&stdout);
    let total: u64 = steps.iter().filter_map(|step| step["ms"].as_u64()).sum();
    println!("all steps took {total} ms");
    assert_nothing_left(&home);
}

#[test]
fn the_table_is_plain_where_nobody_looks() {
    let home = tempfile::tempdir().expect("a folder");
    let output = demo(&home)
        .env_remove("CLICOLOR_FORCE")
        .output()
        .expect("it runs");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success(), "{stdout}");
    assert!(!stdout.contains('\x1b'), "no colour in a pipe");
    for name in NAMES {
        assert!(stdout.contains(&format!("✓ {name} ")), "{name}");
    }
    assert!(output.stderr.is_empty(), "no progress in a pipe");
    assert_redacted(&stdout);
}

#[test]
fn a_server_that_is_kept_ends_with_the_signal_and_leaves_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    let mut child = demo(&home)
        .arg("--keep")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut stdout = BufReader::new(child.stdout.take().expect("its output"));
    let mut line = String::new();
    while !line.starts_with("curl -H") {
        line.clear();
        assert_ne!(
            stdout.read_line(&mut line).expect("a line"),
            0,
            "it ended by itself"
        );
    }
    assert!(
        !entries(&home.path().join("tmp")).is_empty(),
        "the database is there while it runs"
    );
    let killed = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .expect("kill");
    assert!(killed.success());
    stdout.read_to_string(&mut line).expect("the rest");
    assert_eq!(child.wait().expect("its end").code(), Some(0));
    assert_nothing_left(&home);
}
