//! `gatepass admin`: what an operator does about people, what they allowed and where they are logged in.

use serde_json::Value;

use crate::home::{Home, Told, text};

const PASSWORD: &str = "correct horse battery staple";

fn with_password(home: &Home, line: &str, password: &str) -> Told {
    let mut command = home.command(&format!("{line} --password-env PASSWORD"));
    Told::of(command.env("PASSWORD", password))
}

fn home_with_user() -> Home {
    let home = Home::new();
    with_password(&home, "admin user add me", PASSWORD).done();
    home
}

#[test]
fn accounts_are_locked_and_unlocked() {
    let home = home_with_user();
    let told = home.run("admin user lock me").done().stdout;
    assert_eq!(told, "locked me\n");
    let first = home.json("admin user lock me --output json")["locked_at"].clone();
    assert!(first.is_u64());
    let listed = home.json("admin user list --output json");
    assert_eq!(listed[0]["locked_at"], first, "the first time stays");
    let unlocked = home.json("admin user unlock me --output json");
    assert_eq!(unlocked["locked_at"], Value::Null);
    for what in ["lock", "unlock"] {
        let told = home.run(&format!("admin user {what} nobody"));
        told.code(1).complaining("does not exist");
    }
}

#[test]
fn passwords_are_set_by_the_same_rules() {
    let home = home_with_user();
    let good = with_password(&home, "admin user password me", "another good password");
    assert_eq!(good.done().stdout, "changed the password of me\n");
    with_password(&home, "admin user password me", "password1")
        .code(1)
        .complaining("tries first");
    with_password(&home, "admin user password nobody", PASSWORD)
        .code(1)
        .complaining("does not exist");
    home.run("admin user password me hunter22").code(2);
}

#[test]
fn grants_and_sessions_are_named_and_ended() {
    let home = home_with_user();
    for line in ["admin grant list me", "admin session list me"] {
        assert_eq!(
            home.json(&format!("{line} --output json")),
            serde_json::json!([])
        );
        assert!(home.run(line).done().stdout.starts_with("ID"));
    }
    let revoked = home.json("admin grant revoke --user me --output json");
    assert_eq!(revoked["revoked"], 0);
    let ended = home.json("admin session end --user me --output json");
    assert_eq!(ended["ended"], 0);
    home.run("admin grant revoke AAAAAAAAAAAAAAAAAAAAAA")
        .code(1)
        .complaining("does not exist");
    home.run("admin session end AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        .code(1)
        .complaining("does not exist");
    for line in [
        "admin grant revoke",
        "admin grant revoke nonsense",
        "admin grant revoke --client x",
        "admin session end",
        "admin session end nonsense",
    ] {
        home.run(line).code(2);
    }
    home.run("admin grant list nobody").code(1);
}

#[test]
fn the_audit_log_says_what_was_done() {
    let home = home_with_user();
    with_password(&home, "admin user add other", PASSWORD).done();
    home.run("admin user lock me").done();
    let events = |line: &str| {
        let lines = home.json(&format!("admin audit --output json {line}"));
        let lines = lines.as_array().expect("a list").clone();
        lines
            .iter()
            .map(|line| text(line, "event").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(events(""), ["user.locked", "user.added", "user.added"]);
    assert_eq!(events("--user me"), ["user.locked", "user.added"]);
    assert_eq!(events("--event user.added --limit 1"), ["user.added"]);
    assert_eq!(events("--event user").len(), 3);
    assert!(events("--event use").is_empty());
    assert!(events("--client cl_1").is_empty());
    assert!(events("--since 2999-01-01T00:00:00Z").is_empty());
    assert_eq!(events("--since 2001-01-01T00:00:00Z").len(), 3);
    home.run("admin audit --since yesterday").code(2);
    let table = home.run("admin audit").done().stdout;
    assert!(
        table.starts_with("TIME") && table.contains("user.locked"),
        "{table}"
    );
}

#[test]
fn invitations_are_printed_once() {
    let home = Home::new();
    let told = home.run("admin client invite").done();
    assert!(told.line().starts_with("gp_ia_"), "{told:?}");
    let json = home.json("admin client invite --uses 3 --days 1 --output json");
    assert!(text(&json, "initial_access_token").starts_with("gp_ia_"));
    assert_eq!(json["uses"], 3);
    for line in ["--uses 0", "--days 0", "--uses x"] {
        home.run(&format!("admin client invite {line}")).code(2);
    }
}
