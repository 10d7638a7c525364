//! `gatepass profile add`: every member of a profile has a way in.

use serde_json::{Value, json};

use crate::home::{Home, Told};

/// Adds the profile `x` and shows it.
#[track_caller]
fn added(home: &Home, words: &[&str]) -> Value {
    let mut command = home.command("profile add x");
    Told::of(command.args(words)).done();
    let shown = home.json("profile show x --output json");
    home.run("profile remove x").done();
    shown
}

#[test]
fn options_say_what_config_has() {
    let home = Home::new();
    let api = ["--api", "https://a.example"];
    for (words, member, value) in [
        (
            &["--key-env", "K", "--key-query", "k"][..],
            "query",
            json!("k"),
        ),
        (
            &["--key-env", "K", "--key-cookie", "sid"],
            "cookie",
            json!("sid"),
        ),
        (
            &["--key-env", "K", "--key-header", "Bearer"],
            "header",
            json!("bearer"),
        ),
        (
            &["--key-keyring", "maps/me"],
            "key",
            json!({"keyring": "maps/me"}),
        ),
        (
            &["--username", "u", "--password-env", "P", "--digest"],
            "method",
            json!("digest"),
        ),
        (&["--set", "file=/n"], "method", json!("netrc")),
        (
            &["--token-command", "pass show x y"],
            "token",
            json!({"command": "pass show x y"}),
        ),
        (
            &["--token-env", "T", "--store", "keyring"],
            "tokens",
            json!("keyring"),
        ),
        (
            &[
                "--token-env",
                "T",
                "--store",
                "postgres",
                "--store-url-env",
                "DB",
                "--store-key-env",
                "SEAL",
            ],
            "tokens",
            json!({"postgres": {"env": "DB"}, "seal_key": {"env": "SEAL"}}),
        ),
        (
            &[
                "--login-url",
                "https://a.example/l",
                "--login-style",
                "json",
                "--username",
                "u",
                "--password-env",
                "P",
                "--set",
                "refresh_url=https://a.example/r",
            ],
            "refresh_url",
            json!("https://a.example/r"),
        ),
    ] {
        let shown = added(&home, &[&api[..], words].concat());
        assert_eq!(shown[member], value, "{words:?}");
    }
    let path = added(
        &home,
        &[&api[..], &["--token-env", "T", "--ca", "ca.pem"]].concat(),
    );
    assert!(
        path["ca"].as_str().expect("text").starts_with('/'),
        "{path}"
    );
    let path = added(&home, &[&api[..], &["--set", "token.file=t.txt"]].concat());
    assert!(
        path["token"]["file"]
            .as_str()
            .expect("text")
            .starts_with('/'),
        "{path}"
    );
}

#[test]
fn every_member_of_a_client_has_a_way_in() {
    let home = Home::new();
    let client = [
        "--api",
        "https://a.example",
        "--issuer",
        "https://as.example",
        "--client-id",
        "c",
    ];
    for (words, member, value) in [
        (&["--dpop"][..], "dpop", json!(true)),
        (
            &["--param", "prompt=consent", "--param", "a.b=c"],
            "params",
            json!({"prompt": "consent", "a.b": "c"}),
        ),
        (
            &[
                "--resource",
                "https://r.example",
                "--resource",
                "https://s.example",
            ],
            "resource",
            json!(["https://r.example", "https://s.example"]),
        ),
        (&["--grant", "device_code"], "grant", json!("device_code")),
        (
            &["--client-key-file", "/k.pem", "--set", "client_key_id=k1"],
            "client_key_id",
            json!("k1"),
        ),
        (&["--set", "par=true"], "par", json!(true)),
        (
            &["--set", "signed_response=true"],
            "signed_response",
            json!(true),
        ),
        (
            &["--set", "authorization_details=[{ type = \"payment\" }]"],
            "authorization_details",
            json!([{"type": "payment"}]),
        ),
        (
            &["--set", "end_session_endpoint=https://as.example/end"],
            "end_session_endpoint",
            json!("https://as.example/end"),
        ),
        (
            &[
                "--grant",
                "ciba",
                "--set",
                "login_hint=me",
                "--set",
                "binding_message=two words",
            ],
            "binding_message",
            json!("two words"),
        ),
        (
            &[
                "--grant",
                "jwt_bearer",
                "--set",
                "assertion_key.file=/k.json",
                "--set",
                "assertion_claims.x=y",
            ],
            "assertion_claims",
            json!({"x": "y"}),
        ),
        (
            &[
                "--grant",
                "token_exchange",
                "--set",
                "subject_token.env=T",
                "--set",
                "audience=[\"a b\", \"c\"]",
            ],
            "audience",
            json!(["a b", "c"]),
        ),
        (
            &[
                "--certificate",
                "/c.pem",
                "--certificate-key",
                "/k.pem",
                "--client-auth",
                "tls_client_auth",
            ],
            "certificate_key",
            json!("/k.pem"),
        ),
        (
            &["--set", "client_assertion_typ=client-authentication+jwt"],
            "client_assertion_typ",
            json!("client-authentication+jwt"),
        ),
    ] {
        let shown = added(&home, &[&client[..], words].concat());
        assert_eq!(shown[member], value, "{words:?}");
    }
}

#[test]
fn a_preset_says_the_rest() {
    let home = Home::new();
    let shown = added(
        &home,
        &[
            "--provider",
            "github",
            "--client-id",
            "c",
            "--grant",
            "device_code",
        ],
    );
    assert_eq!(shown["api"], json!(["https://api.github.com"]));
    assert_eq!(shown["token_endpoint"], Value::Null, "it is the preset's");
    let words = [
        "--provider",
        "microsoft",
        "--var",
        "tenant=acme",
        "--client-id",
        "c",
    ];
    assert_eq!(added(&home, &words)["variables"], json!({"tenant": "acme"}));
    home.run("profile add x --provider auth0 --var domain=acme.eu.auth0.com --client-id c")
        .code(2)
        .complaining("--api is needed");
    home.run("profile add x --var tenant=acme --issuer https://as.example --client-id c --api https://a.example")
        .code(2)
        .complaining("belong to a provider");
}

#[test]
fn a_client_without_an_id_registers_itself() {
    let home = Home::new();
    let told = home
        .run("profile add x --issuer https://as.example --api https://a.example")
        .done();
    assert!(told.stderr.contains("registers itself"), "{told:?}");
    // But not one that acts for itself, or at a server that cannot be asked.
    for words in [
        "y --issuer https://as.example --grant client_credentials",
        "y --token-endpoint https://as.example/t --authorization-endpoint https://as.example/a",
    ] {
        home.run(&format!("profile add {words} --api https://a.example"))
            .code(2)
            .complaining("client_id is missing; say it with --client-id");
    }
}

#[test]
fn what_is_wrong_is_said_once_and_without_secrets() {
    let home = Home::new();
    let api = "--api https://a.example";
    for (words, complaint) in [
        ("--token-env T --store cupboard", "\"keyring\""),
        ("--token-env T --store postgres", "--store-url-env"),
        (
            "--token-env T --store-url-env DB",
            "belong to --store postgres",
        ),
        (
            "--issuer https://as.example --client-id c --grant magic",
            "jwt_bearer",
        ),
        (
            "--issuer https://as.example --client-id c --set par=maybe",
            "par: ",
        ),
        (
            "--issuer https://as.example --client-id c --set colour=red",
            "colour",
        ),
        (
            "--issuer https://as.example --client-id c --certificate /c.pem",
            "go together",
        ),
        (
            "--issuer https://as.example --client-id c --redirect-uri x --grant device_code",
            "redirect_uri does not belong",
        ),
        (
            "--set client_secret=hunter2 --issuer https://as.example --client-id c",
            "a secret itself",
        ),
        (
            "--username u --password-env P --digest --token-env T",
            "one method",
        ),
        (
            "--login-url https://a.example/l --username u --password-env P --token-pointer token",
            "begins with '/'",
        ),
        ("--token-env T --set file=/n", "a .netrc file"),
        ("--token-env T --set colour=red", "colour"),
        (
            "--issuer https://as.example --client-id c --set client_assertion_typ=jwt",
            "client-authentication+jwt",
        ),
        ("--key-env K --key-header A --key-query b", "only one of"),
        ("--key-keyring nowhere", "service/account"),
    ] {
        let told = home
            .run(&format!("profile add x {api} {words}"))
            .code(2)
            .complaining(complaint);
        assert!(!told.stderr.contains("hunter2"), "{told:?}");
    }
    assert!(
        home.json("profile list --output json")
            .as_array()
            .expect("a list")
            .is_empty()
    );
}
