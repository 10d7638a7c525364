//! `gatepass introspect`, `userinfo` and `exchange`.

use std::process::Stdio;

use serde_json::json;

use crate::authority::{Authority, metadata, nothing};
use crate::helper::Robot;
use crate::home::{Home, Told, piped, text};

#[test]
fn the_server_says_what_a_token_is_worth() {
    let robot = Robot::of(&[]);
    let json = robot.run("introspect robot --output json").done().json();
    assert_eq!(json["active"], true);
    assert_eq!(text(&json, "client_id"), robot.server.get("client_id"));
    let told = robot.run("introspect robot").done().stdout;
    for text in ["active\n", "  scope     write\n", "  expires   2"] {
        assert!(told.contains(text), "{told}");
    }
    // Of another token, by the same client; from elsewhere than the arguments.
    let ask = |token: &str, words: &str| {
        let mut child = piped(&mut robot.command(words));
        use std::io::Write as _;
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(token.as_bytes()).expect("written");
        drop(stdin);
        Told::from(child.wait_with_output().expect("ended"))
    };
    let token = robot.token();
    ask(&format!("{token}\n"), "introspect robot --token-stdin").done();
    let told = ask("gp_at_forged", "introspect robot --token-stdin").code(5);
    assert_eq!(told.stdout, "not active\n");
    assert!(!told.stderr.contains("forged"), "{told:?}");
    ask("", "introspect robot --token-stdin")
        .code(1)
        .complaining("standard input");
    let mut command = robot.command("introspect robot --token-env TOKEN --output json");
    let json = Told::of(command.env("TOKEN", "x")).code(5).json();
    assert_eq!(json, json!({"active": false}));
}

#[test]
fn a_server_without_such_an_endpoint_says_so() {
    let robot = Robot::of(&[]);
    // Ours has one, which knows nobody by a client's own token.
    robot.run("userinfo robot").code(5);
    let home = Home::new();
    home.run("profile add key --api https://a.example --key-env K")
        .done();
    for words in ["introspect key", "userinfo key"] {
        home.run(words)
            .code(1)
            .complaining("no authorization server");
    }
    home.run("exchange key")
        .code(2)
        .complaining("exchanges tokens");
    home.run("profile add web --issuer https://as.example --client-id c --api https://a.example")
        .done();
    home.run("userinfo web")
        .code(4)
        .complaining("gatepass login web");
}

/// A server of a client's own tokens, which says whose they are and gives others for them.
fn authority() -> Authority {
    Authority::start(|asked, origin| match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => metadata(
            origin,
            &json!({"userinfo_endpoint": format!("{origin}/userinfo")}),
        ),
        "/userinfo"
            if asked
                .head
                .to_ascii_lowercase()
                .contains("authorization: bearer first") =>
        {
            (
                200,
                json!({"sub": "s1", "email": "somebody@example.com", "groups": ["a", "b"], "evil": "\u{1b}[2J\nx"}),
            )
        }
        "/userinfo" => (401, json!({"error": "invalid_token"})),
        "/token" => match asked.param("grant_type").as_deref() {
            Some("client_credentials") => (
                200,
                json!({"access_token": "first", "token_type": "bearer", "expires_in": 600}),
            ),
            _ if asked.param("audience").as_deref() == Some("forbidden") => (
                400,
                json!({"error": "invalid_target", "error_description": "not for you"}),
            ),
            _ => (
                200,
                json!({
                    "access_token": "second",
                    "token_type": "Bearer",
                    "expires_in": 60,
                    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                }),
            ),
        },
        _ => nothing(),
    })
}

fn client(home: &Home, authority: &Authority) {
    let issuer = &authority.origin;
    let words = format!(
        "profile add robot --issuer {issuer} --api {issuer} --client-id cl_1 --client-secret-env SECRET \
         --grant client_credentials"
    );
    home.run(&words).done();
}

fn run(home: &Home, words: &str) -> Told {
    Told::of(home.command(words).env("SECRET", "s").stdin(Stdio::null()))
}

#[test]
fn the_server_says_whose_a_token_is() {
    let home = Home::new();
    let authority = authority();
    client(&home, &authority);
    let told = run(&home, "userinfo robot").done().stdout;
    assert!(told.starts_with("sub     s1\n"), "{told}");
    assert!(
        told.contains("email   somebody@example.com\n") && told.contains("groups  [\"a\",\"b\"]\n"),
        "{told}"
    );
    assert!(
        !told.contains('\x1b') && told.lines().count() == 4,
        "{told:?}"
    );
    let json = run(&home, "userinfo robot --output json").done().json();
    assert_eq!(text(&json, "email"), "somebody@example.com");
}

#[test]
fn one_token_is_exchanged_for_another() {
    let home = Home::new();
    let authority = authority();
    client(&home, &authority);
    let told = run(
        &home,
        "exchange robot --audience https://b.example --audience billing",
    )
    .done();
    assert_eq!(told.line(), "second");
    let asked = authority.asked("/token");
    let last = asked.last().expect("asked");
    assert_eq!(last.param("subject_token").as_deref(), Some("first"));
    assert!(
        last.body
            .contains("audience=https%3A%2F%2Fb.example&audience=billing"),
        "{}",
        last.body
    );
    // It is nobody's profile, so it is not kept.
    assert_eq!(run(&home, "token robot").done().line(), "first");

    let words = "exchange robot --subject-token-env OTHER --subject-token-type jwt --requested-token-type access-token \
                 --actor-token-env OTHER --scope read --resource https://c.example --output json";
    let mut command = home.command(words);
    let json = Told::of(command.env("SECRET", "s").env("OTHER", "somebody's"))
        .done()
        .json();
    assert_eq!(text(&json, "access_token"), "second");
    assert_eq!(
        text(&json, "issued_token_type"),
        "urn:ietf:params:oauth:token-type:access_token"
    );
    let last = authority.asked("/token").pop().expect("asked");
    for (name, value) in [
        ("subject_token", "somebody's"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:access_token",
        ),
        ("actor_token", "somebody's"),
        ("scope", "read"),
        ("resource", "https://c.example"),
    ] {
        assert_eq!(last.param(name).as_deref(), Some(value), "{name}");
    }
    // Another profile's token, as the header of a request.
    home.run("profile add other --api https://d.example --token-env OTHER")
        .done();
    let mut command = home.command("exchange robot --subject-profile other --output header");
    let told = Told::of(command.env("SECRET", "s").env("OTHER", "third")).done();
    assert_eq!(told.line(), "Authorization: Bearer second");
    let last = authority.asked("/token").pop().expect("asked");
    assert_eq!(last.param("subject_token").as_deref(), Some("third"));
}

#[test]
fn a_refused_exchange_is_told() {
    let home = Home::new();
    let authority = authority();
    client(&home, &authority);
    run(&home, "exchange robot --audience forbidden")
        .code(5)
        .complaining("not for you");
    run(&home, "exchange robot --requested-token-type magic")
        .code(2)
        .complaining("saml2");
    run(
        &home,
        "exchange robot --subject-profile a --subject-token-env B",
    )
    .code(2);
    run(&home, "exchange robot --subject-profile nobody")
        .code(1)
        .complaining("there is no profile");
}
