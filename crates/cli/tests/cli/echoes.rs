//! A server that repeats what it was sent: what is shown of its answer holds no secret.

use crate::canned::Canned;
use crate::home::{Home, Told};

/// Neither looks like a credential, so that only who knows them can strike them out.
const SECRETS: [(&str, &str); 2] = [("CLIENT", "hunter2"), ("PASSWORD", "tr0ub & dor")];

#[test]
fn no_error_repeats_a_secret() {
    let home = Home::new();
    let server = Canned::start();
    let origin = &server.origin;
    let client = "--client-id cl --client-secret-env CLIENT";
    let user = "--username me --password-env PASSWORD";
    for words in [
        format!(
            "form --token-endpoint {origin}/token {client} --client-auth client_secret_post --grant password {user}"
        ),
        format!("basic --token-endpoint {origin}/token {client} --grant password {user}"),
        format!("login --login-url {origin}/token {user}"),
        format!("json --login-url {origin}/token --login-style json {user}"),
    ] {
        home.run(&format!("profile add {words} --api {origin}"))
            .done();
    }
    for (status, body) in [
        (
            "400 Bad Request",
            r#"{"error":"invalid_grant","error_description":"hunter2 and tr0ub & dor do not go"}"#,
        ),
        (
            "401 Unauthorized",
            r#"{"error":"no tr0ub & dor for hunter2"}"#,
        ),
        (
            "404 Not Found",
            "client_secret=hunter2&password=tr0ub+%26+dor",
        ),
        (
            "404 Not Found",
            "client_secret=hunter2&password=tr0ub%20%26%20dor",
        ),
        (
            "502 Bad Gateway",
            "<!doctype html><title>hunter2, tr0ub &amp; dor</title>",
        ),
    ] {
        server.answer("/token", status, "", body);
        for profile in ["form", "basic", "login", "json"] {
            let mut command = home.command(&format!("--log-level trace token {profile}"));
            let told = Told::of(command.envs(SECRETS));
            assert!(told.code != Some(0) && told.stdout.is_empty(), "{told:?}");
            // What such a server says is told, but for what is secret in it.
            let quoted = body.starts_with('{');
            assert!(!quoted || told.stderr.contains("[redacted]"), "{told:?}");
            for (name, secret) in SECRETS {
                // An endpoint of the API's own was never shown the client's.
                let sent = name == "PASSWORD" || matches!(profile, "form" | "basic");
                for part in secret.split_whitespace().filter(|part| part.len() > 3) {
                    assert!(
                        !sent || !told.stderr.contains(part),
                        "{profile} {body}: {told:?}"
                    );
                }
            }
        }
    }
}
