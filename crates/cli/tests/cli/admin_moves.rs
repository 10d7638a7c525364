//! `gatepass admin export` and `import`: from one database to another, and what is refused on the way.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::home::{Home, Told};

/// A database with a user, two clients, an API key and an initial access token.
fn filled() -> Home {
    let home = Home::new();
    let mut command = home.command("admin user add alice --password-env PASSWORD");
    Told::of(command.env("PASSWORD", "correct horse battery staple")).done();
    home.run("admin client add Robot --grant client_credentials --scope read")
        .done();
    home.run("admin client add App --public --redirect-uri http://127.0.0.1/callback")
        .done();
    home.run("admin client invite").done();
    home.run("admin key add laptop --user alice --scope read")
        .done();
    home
}

fn exported(home: &Home) -> (PathBuf, String) {
    let file = home.path().join("export.jsonl");
    home.run(&format!("admin export {}", file.display())).done();
    let text = fs::read_to_string(&file).expect("readable");
    (file, text)
}

/// The records of an export, without its header and end.
fn records(text: &str) -> Vec<&str> {
    let lines: Vec<_> = text.lines().collect();
    lines[1..lines.len() - 1].to_vec()
}

#[test]
fn an_export_is_the_same_again() {
    let home = filled();
    let (file, text) = exported(&home);
    let mode = fs::metadata(&file).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(records(&text).len(), 5);
    home.run(&format!("admin export {}", file.display()))
        .code(1)
        .complaining("--force");
    let with_log = home.run("admin export --audit").done().stdout;
    assert!(with_log.contains(r#"{"audit":{"#) && !text.contains(r#"{"audit":{"#));

    let other = Home::new();
    let words = format!("admin import {} --output json", file.display());
    let imported = other.json(&words);
    assert_eq!(
        imported,
        json!({"added": 5, "present": 0, "skipped": 0, "audit_lines": 0})
    );
    assert_eq!(records(&exported(&other).1), records(&text));
    other.run(&words).code(1).complaining("--merge");
    let again = other.json(&format!("{words} --merge"));
    assert_eq!((&again["added"], &again["present"]), (&json!(0), &json!(5)));

    // With the log, which stays where it is from.
    let third = Home::new();
    let log = third.path().join("log.jsonl");
    fs::write(&log, with_log).expect("written");
    let imported = third.json(&format!("admin import {} --output json", log.display()));
    assert_eq!(imported["added"], 5);
    assert!(imported["audit_lines"].as_u64() > Some(4), "{imported}");
}

#[test]
fn an_import_that_has_stopped_goes_on() {
    let home = filled();
    let (file, text) = exported(&home);
    let other = Home::new();
    let lines: Vec<_> = text.lines().collect();
    let cut = other.path().join("cut.jsonl");
    let import = |lines: &[&str], more: &str| {
        fs::write(&cut, lines.join("\n")).expect("written");
        other.run(&format!(
            "admin import {} --output json {more}",
            cut.display()
        ))
    };
    import(&lines[..4], "").code(1).complaining("no end");
    let bad = lines[5].replacen(":{", ":{\"hunter2\":1,", 1);
    import(&[&lines[..5], &[&bad], &lines[6..]].concat(), "")
        .code(1)
        .complaining("line 6: it has a member \"hunter2\"");
    import(&lines, "").done();
    assert_eq!(records(&exported(&other).1), records(&text));
    let missing = [&lines[..3], &lines[4..]].concat();
    import(&missing, "--merge").code(1).complaining("missing");
    // Somebody else's alice.
    let elses = text.replace("\"us_", "\"us_x");
    import(&elses.lines().collect::<Vec<_>>(), "--merge")
        .code(1)
        .complaining("belongs to another");
    assert_eq!(records(&exported_again(&other)), records(&text));
    let renamed = text.replace("\"client_name\":\"Robot\"", "\"client_name\":\"Rover\"");
    let merged = import(&renamed.lines().collect::<Vec<_>>(), "--merge")
        .done()
        .json();
    assert_eq!(merged["skipped"], 1, "{merged}");
    drop(file);
}

fn exported_again(home: &Home) -> String {
    home.run("admin export").done().stdout
}

#[test]
fn what_is_no_export_is_refused() {
    let home = filled();
    let (_, text) = exported(&home);
    let other = Home::new();
    let long = format!("{{\"user\":\"{}\"}}\n", "x".repeat(2 << 20));
    let header = text.lines().next().expect("a header");
    let newer = text.replacen("\"version\":1", "\"version\":2", 1);
    for (content, why) in [
        ("", "line 0"),
        ("hunter2\n", "line 1: it is not JSON"),
        (
            &text.lines().skip(1).collect::<Vec<_>>().join("\n"),
            "how an export begins",
        ),
        (&newer, "version 2"),
        (&format!("{header}\n{header}\n"), "line 2"),
        (&format!("{header}\n{long}"), "line 2: it is longer than"),
    ] {
        let file = other.path().join("bad");
        fs::write(&file, content).expect("written");
        let told = other.run(&format!("admin import {} --merge", file.display()));
        let told = told.code(1).complaining(why);
        assert!(!told.stderr.contains("hunter2"), "{told:?}");
    }
    let clients: Value = other.json("admin client list --output json");
    assert_eq!(clients.as_array().map(Vec::len), Some(0));
    let file = other.path().join("bad");
    fs::write(&file, format!("{text}more")).expect("written");
    other
        .run(&format!("admin import {}", file.display()))
        .code(1)
        .complaining("line 8: it is not JSON");
}
