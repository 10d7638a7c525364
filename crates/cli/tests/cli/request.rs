//! `gatepass request`.

use crate::echo;
use crate::home::{Home, Told};
use crate::server::Server;

/// An echo and a profile for it with an API key.
fn keyed() -> (Home, String) {
    let home = Home::new();
    let origin = echo::start();
    home.run(&format!("profile add echo --api {origin} --key-env KEY"))
        .done();
    (home, origin)
}

fn run(home: &Home, words: &str) -> Told {
    Told::of(home.command(&format!("request {words}")).env("KEY", "k1"))
}

#[test]
fn items_arrive_as_they_were_meant() {
    let (home, origin) = keyed();
    let told = run(
        &home,
        &format!("{origin}/items?a=1 b==2 X-Trace:7 name=lamp price:=12.50"),
    );
    let asked = told.done().stdout;
    assert!(
        asked.starts_with("POST /items?a=1&b=2 HTTP/1.1\r\n"),
        "{asked}"
    );
    for line in [
        "x-trace: 7\r\n",
        "x-api-key: k1\r\n",
        "content-type: application/json\r\n",
    ] {
        assert!(asked.to_ascii_lowercase().contains(line), "{line}: {asked}");
    }
    assert!(
        asked.ends_with("\r\n\r\n{\"name\":\"lamp\",\"price\":12.50}"),
        "{asked}"
    );

    let asked = run(&home, &format!("put --form {origin}/x a=b"))
        .done()
        .stdout;
    assert!(
        asked.starts_with("PUT /x ") && asked.ends_with("\r\n\r\na=b"),
        "{asked}"
    );
}

#[test]
fn a_body_comes_from_standard_input_only_when_asked_for() {
    use std::io::Write as _;
    let (home, origin) = keyed();
    let mut command = home.command(&format!("r {origin}/x @-"));
    let mut child = crate::home::piped(command.env("KEY", "k1"));
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"[1,2]")
        .expect("written");
    let told = Told::from(child.wait_with_output().expect("ended")).done();
    assert!(
        told.stdout.starts_with("POST /x ") && told.stdout.ends_with("\r\n\r\n[1,2]"),
        "{told:?}"
    );
}

#[test]
fn in_a_pipe_the_body_comes_alone() {
    let (home, origin) = keyed();
    let told = run(&home, &format!("{origin}/x")).done();
    assert!(
        told.stdout.starts_with("GET /x HTTP/1.1\r\n") && told.stderr.is_empty(),
        "{told:?}"
    );
    let told = run(&home, &format!("-i {origin}/x")).done();
    assert!(
        told.stderr.starts_with("HTTP 200 OK\ncontent-length: "),
        "{told:?}"
    );
}

#[test]
fn the_exit_code_tells_the_status() {
    let (home, origin) = keyed();
    for (status, code) in [
        (204, 0),
        (304, 0),
        (401, 4),
        (403, 5),
        (404, 5),
        (429, 3),
        (500, 3),
        (503, 3),
    ] {
        let told = run(&home, &format!("{origin}/status/{status}")).code(code);
        assert_eq!(
            told.stderr.contains(&format!("HTTP {status}")),
            code != 0,
            "{told:?}"
        );
        run(&home, &format!("--ignore-status {origin}/status/{status}")).done();
    }
}

#[test]
fn the_profile_is_found_by_the_url_and_goes_nowhere_else() {
    let (home, origin) = keyed();
    let other = echo::start();
    run(&home, &other)
        .code(1)
        .complaining("no profile is for http://127.0.0.1:");
    run(&home, &format!("-p echo {other}/x"))
        .code(1)
        .complaining("this credential is not for");
    home.run(&format!("profile add two --api {origin} --key-env KEY"))
        .done();
    run(&home, &origin)
        .code(1)
        .complaining("name one with --profile");
    run(&home, &format!("-p two {origin}")).done();
    run(&home, "http://api.example/x -p two")
        .code(1)
        .complaining("plain http");
}

#[test]
fn every_method_opens_the_api() {
    let home = Home::new();
    let server = Server::dev(&home);
    let issuer = server.issuer();
    let credentials = format!("--username {} --password-env PASSWORD", server.get("user"));
    for (name, words, path) in [
        (
            "form",
            format!("--login-url {issuer}/auth/token {credentials}"),
            "/api/data",
        ),
        (
            "json",
            format!("--login-url {issuer}/api/auth/jwt --login-style json {credentials}"),
            "/api/protected_data",
        ),
        (
            "basic-login",
            format!("--login-url {issuer}/api/auth --login-style basic {credentials}"),
            "/api/data",
        ),
        (
            "basic",
            format!("--api {issuer} {credentials}"),
            "/protected-resource",
        ),
        (
            "key",
            format!("--api {issuer} --key-env KEY"),
            "/api/endpoint",
        ),
        (
            "key-bearer",
            format!("--api {issuer} --key-env KEY --key-header bearer"),
            "/api/endpoint",
        ),
        (
            "password",
            format!(
                "--issuer {issuer} --client-id {} --client-secret-env SECRET --grant password {credentials}",
                server.get("client_id")
            ),
            "/api/data",
        ),
    ] {
        home.run(&format!("profile add {name} {words}")).done();
        let mut command = home.command(&format!("request -p {name} {issuer}{path}"));
        let told = Told::of(
            command
                .env("PASSWORD", server.get("password"))
                .env("KEY", server.get("api_key"))
                .env("SECRET", server.get("client_secret")),
        );
        assert!(
            told.json()["subject"]
                .as_str()
                .is_some_and(|id| id.starts_with("us_")),
            "{name}: {told:?}"
        );
    }
    let mut command = home.command("login form");
    Told::of(command.env("PASSWORD", "wrong"))
        .code(5)
        .complaining("401");
}
