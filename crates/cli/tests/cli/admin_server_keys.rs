//! `gatepass admin server-key`, while the server runs.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::home::{Home, text};
use crate::server::Server;

/// What is said of a key, and nothing else.
const MEMBERS: [&str; 7] = [
    "activates_at",
    "alg",
    "created_at",
    "key_id",
    "purpose",
    "retired_at",
    "state",
];

fn keys(home: &Home) -> Vec<Value> {
    let listed = home.json("admin server-key list --dev --output json");
    let keys = listed.as_array().expect("a list").clone();
    for key in &keys {
        let mut members: Vec<_> = key.as_object().expect("an object").keys().collect();
        members.sort_unstable();
        assert_eq!(members, MEMBERS, "{key}");
    }
    keys
}

fn in_state<'a>(keys: &'a [Value], alg: &str, state: &str) -> Vec<&'a str> {
    let own = keys
        .iter()
        .filter(|key| text(key, "alg") == alg && text(key, "state") == state);
    own.map(|key| text(key, "key_id")).collect()
}

#[test]
fn keys_are_replaced_by_hand() {
    let home = Home::new();
    let _server = Server::dev(&home);
    let begun = Instant::now();
    // The RSA key comes a moment later.
    while keys(&home).len() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
    let listed = keys(&home);
    let first = in_state(&listed, "ES256", "active");
    assert_eq!(first.len(), 1);
    assert_eq!(in_state(&listed, "RS256", "active").len(), 1);
    assert_eq!(in_state(&listed, "HS256", "active"), ["refresh-1"]);

    let next = home.json("admin server-key rotate --dev --output json");
    assert_eq!(
        (text(&next, "alg"), text(&next, "state")),
        ("ES256", "published")
    );
    let begins = |key: &Value| key["activates_at"].as_u64().expect("seconds");
    assert!(begins(&next) >= next["created_at"].as_u64().expect("seconds") + 24 * 3600);
    home.run("admin server-key rotate --dev")
        .code(1)
        .complaining("published already");
    let moved = home.run("admin server-key rotate ES256 --now --dev").done();
    assert_eq!(moved.line(), text(&next, "key_id"));
    let listed = keys(&home);
    assert_eq!(
        in_state(&listed, "ES256", "active"),
        [text(&next, "key_id")]
    );
    assert_eq!(in_state(&listed, "ES256", "retired"), first);

    let taken = text(&next, "key_id");
    let retired = home.json(&format!(
        "admin server-key retire --dev --output json {taken}"
    ));
    assert_eq!(text(&retired, "retired"), taken);
    let successor = text(&retired["successor"], "key_id");
    let listed = keys(&home);
    assert_eq!(in_state(&listed, "ES256", "active"), [successor]);
    assert!(listed.iter().all(|key| text(key, "key_id") != taken));
    home.run(&format!("admin server-key retire --dev {taken}"))
        .code(1)
        .complaining("does not exist");
    home.run("admin server-key rotate HS512 --dev")
        .code(1)
        .complaining("EdDSA");
    let table = home.run("admin server-key list --dev").done().stdout;
    assert!(
        table.contains(successor) && table.contains("active from"),
        "{table}"
    );
}

/// A key can be made only under the master key that opens the others.
#[test]
fn without_the_master_key_nothing_is_made() {
    let home = Home::new();
    drop(Server::dev(&home));
    std::fs::remove_file(home.state().join("dev.db.key")).expect("it was there");
    home.run("admin server-key rotate --dev")
        .code(1)
        .complaining("master key");
    assert!(!home.state().join("dev.db.key").exists());
}
