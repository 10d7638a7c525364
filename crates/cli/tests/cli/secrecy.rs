//! Nothing secret is logged, however much is.

use std::fs::File;

use serde_json::Value;

use crate::agent::Agent;
use crate::home::{Home, Told, text};
use crate::login;
use crate::server::Server;

const LOUD: (&str, &str) = ("GATEPASS_LOG", "trace");

#[test]
fn standard_error_holds_no_secret_at_trace() {
    let home = Home::new();
    let log = home.path().join("log");
    let file = File::create(&log).expect("a file");
    let mut serve = home.command("serve --dev --listen 127.0.0.1:0 --output json");
    let server = Server::with_log(serve.env(LOUD.0, LOUD.1), file);
    login::web(&home, &server, "");
    let mut said = String::new();
    let mut secrets: Vec<String> = ["password", "client_secret", "api_key"]
        .map(|name| server.get(name).to_owned())
        .to_vec();

    let (page, told) = login::log_in(&home, "login web", &mut Agent::of(&server), &[LOUD]);
    let code = page
        .url
        .query_pairs()
        .find(|(name, _)| name == "code")
        .expect("a code")
        .1
        .into_owned();
    said.push_str(&told.done().stderr);
    secrets.push(code);
    let stored = std::fs::read(home.state().join("tokens/web.json")).expect("stored");
    let stored: Value = serde_json::from_slice(&stored).expect("JSON");
    secrets.extend(["access_token", "refresh_token"].map(|name| text(&stored, name).to_owned()));

    let issuer = server.issuer();
    home.run(&format!("profile add key --api {issuer} --key-env KEY"))
        .done();
    let login = format!("--login-url {issuer}/auth/token --username dev --password-env PASSWORD --api {issuer}");
    home.run(&format!("profile add form {login}")).done();
    for words in [
        "token web --min-ttl 100000".to_owned(),
        format!("request -p web {issuer}/api/data"),
        format!("request -p key {issuer}/api/endpoint"),
        format!("request -p form {issuer}/api/data"),
        "status".to_owned(),
        "logout web".to_owned(),
    ] {
        let mut command = home.command(&words);
        command
            .env(LOUD.0, LOUD.1)
            .env("KEY", server.get("api_key"))
            .env("PASSWORD", server.get("password"));
        let told = Told::of(&mut command).done();
        if words.starts_with("token") {
            secrets.push(told.line().to_owned());
        }
        said.push_str(&told.stderr);
    }
    server.end(rustix::process::Signal::TERM).done();
    said.push_str(&std::fs::read_to_string(&log).expect("the log"));
    assert!(
        said.contains("DEBUG tower_http") || said.contains("DEBUG request"),
        "something is logged: {said}"
    );
    for secret in secrets {
        assert!(!said.contains(&secret), "{secret} is in {said}");
        // Nor the part of a token that makes it one.
        let tail = secret
            .get(secret.len().saturating_sub(20)..)
            .unwrap_or(&secret);
        assert!(!said.contains(tail), "{tail} is in {said}");
    }
}
