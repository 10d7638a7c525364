//! `gatepass introspect`, at a server that says more than the standard names.

use serde_json::{Value, json};

use crate::authority::{Authority, metadata, nothing};
use crate::home::{Home, Told, text};

/// A server that says this of every token.
fn authority(said: Value) -> Authority {
    Authority::start(move |asked, origin| match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => metadata(
            origin,
            &json!({"introspection_endpoint": format!("{origin}/introspect")}),
        ),
        "/introspect" => (200, said.clone()),
        _ => nothing(),
    })
}

fn ask(authority: &Authority, words: &str) -> Told {
    let home = Home::new();
    let issuer = &authority.origin;
    home.run(&format!(
        "profile add robot --issuer {issuer} --api {issuer} --client-id c --client-secret-env SECRET --grant client_credentials"
    ))
    .done();
    let mut command = home.command(&format!("introspect robot --token-env TOKEN {words}"));
    Told::of(command.env("SECRET", "s").env("TOKEN", "t"))
}

#[test]
fn everything_that_the_server_said_is_printed() {
    let said = json!({
        "active": true,
        "scope": "read",
        "client_id": "c",
        "username": "jdoe",
        "token_type": "Bearer",
        "exp": 1_700_000_600,
        "iat": 1_700_000_000,
        "nbf": 1_700_000_000,
        "sub": "s",
        "aud": ["https://api.example"],
        "iss": "https://as.example",
        "jti": "j",
        "cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"},
        "realm_access": {"roles": ["one", "two"]},
        "evil": "\u{1b}[2J\nsubject   root",
    });
    let authority = authority(said.clone());
    let json = ask(&authority, "--output json").done().json();
    assert_eq!(json, said);

    let shown = ask(&authority, "").done().stdout;
    for line in [
        "  subject   s\n",
        "  username  jdoe\n",
        "  nbf       1700000000\n",
        "  realm_access {\"roles\":[\"one\",\"two\"]}\n",
    ] {
        assert!(shown.contains(line), "{line:?}: {shown}");
    }
    assert!(
        !shown.contains('\x1b') && !shown.contains("\nsubject"),
        "{shown:?}"
    );
}

#[test]
fn one_audience_may_stand_alone() {
    let authority = authority(json!({"active": true, "aud": "https://api.example"}));
    let json = ask(&authority, "--output json").done().json();
    assert_eq!(json["aud"], json!(["https://api.example"]));
    let shown = ask(&authority, "").done().stdout;
    assert!(
        shown.contains("  audience  https://api.example\n"),
        "{shown}"
    );
}

#[test]
fn what_is_said_of_a_token_that_is_not_good_is_printed_too() {
    let authority = authority(json!({"active": false, "reason": "revoked"}));
    let json = ask(&authority, "--output json").code(5).json();
    assert_eq!(text(&json, "reason"), "revoked");
}
