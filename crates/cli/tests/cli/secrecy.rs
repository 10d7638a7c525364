//! Nothing secret is logged, however much is.

use std::fs::File;

use gatepass_client::Paths;
use gatepass_client::tokens::{Place, TokenKey};

use crate::agent::Agent;
use crate::home::{Home, Told};
use crate::login;
use crate::server::Server;

const LOUD: (&str, &str) = ("GATEPASS_LOG", "trace");

/// The tokens of a profile, as they are now.
fn stored(home: &Home, profile: &str) -> Vec<String> {
    let paths = Paths {
        config: home.path().join("config/gatepass"),
        state: home.state(),
        cache: home.path().join("cache"),
    };
    let store = Place::File.open(&paths).expect("a store");
    let key = TokenKey::new(profile).expect("a key");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let token = runtime.block_on(store.load(&key)).expect("readable");
    let secrets = token.map(|token| [Some(token.access_token), token.refresh_token]);
    let secrets = secrets.into_iter().flatten().flatten();
    secrets.map(|secret| secret.expose().to_owned()).collect()
}

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
    secrets.push("hunter2".to_owned());

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
    secrets.extend(stored(&home, "web"));

    let issuer = server.issuer();
    home.run(&format!("profile add key --api {issuer} --key-env KEY"))
        .done();
    let login = format!(
        "--login-url {issuer}/auth/token --username dev --password-env PASSWORD --api {issuer}"
    );
    home.run(&format!("profile add form {login}")).done();
    for words in [
        "token web --min-ttl 100000".to_owned(),
        "refresh web".to_owned(),
        "header web".to_owned(),
        "env web".to_owned(),
        "exec web -- true".to_owned(),
        format!("request -p web {issuer}/api/data"),
        format!("get -v -p web {issuer}/api/data"),
        format!("post -v -p key {issuer}/api/endpoint --ignore-status password=hunter2"),
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
        secrets.extend(stored(&home, "web"));
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
