//! `gatepass init`: with somebody at a terminal, and without anybody.

use serde_json::json;

use crate::agent::Agent;
use crate::authority::{Authority, metadata, nothing};
use crate::home::{Home, Told, text};
use crate::login;
use crate::server::Server;
use crate::typist::Typist;

const DOWN: &str = "\x1b[B";

#[test]
fn somebody_sets_up_a_login_by_the_browser() {
    let home = Home::new();
    let server = Server::dev(&home);
    let issuer = server.issuer();
    let (program, link) = login::browser(&home);
    let mut command = home.command("init");
    let mut typist = Typist::at(command.env("BROWSER", program), 100, 40);
    typist
        .sees("What do you want to use")
        .types(&format!("{issuer}\r"));
    typist
        .sees("is a login server")
        .sees("How do you log in?")
        .types("\r");
    typist.sees("The name of the profile").types("web\r");
    typist
        .sees("Which client?")
        .sees("I have a client id")
        .types(DOWN)
        .types("\r");
    typist
        .sees("The client id")
        .types("\r")
        .sees("this is needed");
    typist
        .sees("The client id")
        .types(&format!("{}\r", server.get("public_client_id")));
    typist.sees("Has the client a secret?").types("\r");
    typist.sees("The scopes to ask for").types("read\r");
    typist
        .sees("The API that the token is for")
        .types("nowhere\r")
        .sees("origin")
        .sees("The API that the token is for")
        .types(&format!("{issuer}\r"));
    typist
        .sees("A URL of the API to call")
        .types(&format!("{issuer}/api/data\r"));
    Agent::of(&server).visit(&login::wait_for(&link));
    typist
        .sees("Logged in to web, scope read")
        .sees("was answered 200 OK")
        .sees("Saved profile web");
    assert_eq!(typist.ends(), Some(0), "{}", typist.text());
    let answer = home.json(&format!("request {issuer}/api/data"));
    assert_eq!(text(&answer, "client_id"), server.get("public_client_id"));
}

#[test]
fn somebody_types_a_secret_which_is_put_aside() {
    let home = Home::new();
    let server = Server::dev(&home);
    let url = format!("{}/api/endpoint", server.issuer());
    let mut typist = Typist::at(
        &mut home.command(&format!("init {url} --name key --key-header X-API-Key")),
        100,
        40,
    );
    typist
        .sees("It is an API whose login server is")
        .sees("Where is the API key?");
    // In a file that only they can read.
    typist
        .types(DOWN)
        .types("\r")
        .sees("it does not show")
        .types("wrong-key\r");
    typist
        .sees("The file")
        .types("\r")
        .sees("Wrote the secret to");
    typist
        .sees("A URL of the API to call")
        .sees(&url)
        .types("\r");
    typist.sees("was answered 401").sees("It did not work");
    assert!(!typist.raw().contains("wrong-key"), "{}", typist.raw());
    let file = home.path().join("config/gatepass/secrets/key-key");
    assert_eq!(
        std::fs::read_to_string(&file).expect("written"),
        "wrong-key\n"
    );
    std::fs::write(&file, server.get("api_key")).expect("mended");
    typist
        .types("\r")
        .sees("was answered 200 OK")
        .sees("Saved profile key");
    assert_eq!(typist.ends(), Some(0), "{}", typist.text());
    let config =
        std::fs::read_to_string(home.path().join("config/gatepass/config.toml")).expect("there");
    assert!(
        !config.contains(server.get("api_key")) && config.contains("secrets/key-key"),
        "{config}"
    );
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &std::path::Path| {
        std::fs::metadata(path).expect("there").permissions().mode() & 0o777
    };
    assert_eq!(
        (mode(&file), mode(file.parent().expect("a folder"))),
        (0o600, 0o700)
    );
}

#[test]
fn nothing_is_saved_that_does_not_work() {
    let home = Home::new();
    let server = Server::dev(&home);
    let words = format!(
        "init {}/protected-resource --name old --username dev --password-env NOWHERE",
        server.issuer()
    );
    let mut typist = Typist::at(&mut home.command(&words), 100, 40);
    typist.sees("A URL of the API to call").types("\r");
    typist
        .sees("NOWHERE is not set")
        .sees("What now?")
        .types(DOWN)
        .types("\r");
    typist.sees("the profile was not saved");
    assert_eq!(typist.ends(), Some(1), "{}", typist.text());
    assert!(
        home.json("profile list --output json")
            .as_array()
            .expect("a list")
            .is_empty()
    );

    // Unless somebody insists; and Ctrl-C saves nothing either.
    let mut typist = Typist::at(&mut home.command(&words), 100, 40);
    typist.sees("A URL of the API to call").types("\x03");
    assert_eq!(typist.ends(), Some(130), "{}", typist.text());
    let mut typist = Typist::at(&mut home.command(&words), 100, 40);
    typist.sees("A URL of the API to call").types("\r");
    typist
        .sees("What now?")
        .types(DOWN)
        .types(DOWN)
        .types("\r")
        .sees("Saved profile old");
    assert_eq!(typist.ends(), Some(0), "{}", typist.text());
}

/// What is typed before the question stands there is lost, so each answer waits for its question.
#[test]
fn a_wrong_address_is_asked_for_again() {
    let home = Home::new();
    let server = Server::dev(&home);
    let mut typist = Typist::at(&mut home.command("init http://127.0.0.1:9"), 100, 40);
    typist.sees("could not reach");
    for (typed, complaint) in [
        ("nonsense", "expected a URL, or a provider"),
        (
            "http://api.example.com",
            "plain http is used to this machine only",
        ),
        ("https://me:pw@api.example.com", "carries a user name"),
        ("http://127.0.0.1:9", "could not reach"),
        ("", "expected a URL"),
    ] {
        typist
            .sees("What do you want to use")
            .types(&format!("{typed}\r"))
            .sees(complaint);
    }
    typist
        .sees("What do you want to use")
        .types(&format!("{}\r", server.issuer()))
        .sees("is a login server")
        .sees("How do you log in?")
        .types("\x03");
    assert_eq!(typist.ends(), Some(130), "{}", typist.text());
    let saved = home.json("profile list --output json");
    assert!(saved.as_array().expect("a list").is_empty());
}

#[test]
fn without_a_terminal_the_options_say_everything() {
    let home = Home::new();
    let server = Server::dev(&home);
    let issuer = server.issuer();
    let words = format!(
        "init {issuer} --name robot --client-id {} --client-secret-env SECRET --grant client_credentials --api {issuer} \
         --call {issuer}/api/data",
        server.get("client_id")
    );
    let mut command = home.command(&words);
    let told = Told::of(command.env("SECRET", server.get("client_secret"))).done();
    assert!(
        told.stdout.is_empty() && told.stderr.contains("200 OK"),
        "{told:?}"
    );
    assert_eq!(
        text(&home.json("profile show robot --output json"), "grant"),
        "client_credentials"
    );
    // The token that was got on trial is kept.
    home.run("token robot").done();
    let mut again = home.command(&words);
    Told::of(again.env("SECRET", server.get("client_secret")))
        .code(2)
        .complaining("already");
}

#[test]
fn without_a_terminal_what_is_missing_is_named() {
    let home = Home::new();
    let server = Server::dev(&home);
    let issuer = server.issuer();
    home.run("init").code(2).complaining("a URL or a provider");
    let told = home
        .run(&format!("init {issuer} --grant client_credentials"))
        .code(2);
    for option in ["--client-id", "--client-secret-env", "--api"] {
        assert!(told.stderr.contains(option), "{option}: {told:?}");
    }
    let api = crate::canned::Canned::start();
    let challenge = "WWW-Authenticate: Bearer\r\n";
    api.answer("/items", "401 Unauthorized", challenge, "");
    home.run(&format!("init {}/items", api.origin))
        .code(2)
        .complaining("how to log in");
    home.run(&format!("init {issuer}/protected-resource"))
        .code(2)
        .complaining("--username");
    home.run("init http://127.0.0.1:9")
        .code(3)
        .complaining("could not reach");
    home.run("init nonsense")
        .code(2)
        .complaining("expected a URL");
    home.run("init --provider okta --client-id c")
        .code(2)
        .complaining("--var domain=HOST");
    home.run("init --key-env K").code(2).complaining("--api");
    assert!(
        home.json("profile list --output json")
            .as_array()
            .expect("a list")
            .is_empty()
    );
}

#[test]
fn a_failed_trial_has_its_own_code_and_saves_nothing() {
    let home = Home::new();
    let server = Server::dev(&home);
    let issuer = server.issuer();
    let words = format!(
        "init {issuer} --name robot --client-id {} --client-secret-env SECRET --grant client_credentials --api {issuer}",
        server.get("client_id")
    );
    let told = Told::of(home.command(&words).env("SECRET", "wrong")).code(5);
    assert!(
        told.stderr.contains("was not saved (--untested"),
        "{told:?}"
    );
    assert!(
        home.json("profile list --output json")
            .as_array()
            .expect("a list")
            .is_empty()
    );
    Told::of(&mut home.command(&format!("{words} --untested"))).done();
    home.run(&format!(
        "init --name key --key-env KEY --api {issuer} --call https://elsewhere.example"
    ))
    .code(2)
    .complaining("--call");
}

#[test]
fn an_api_names_its_login_server_and_that_registers_the_client() {
    let home = Home::new();
    let authority = Authority::start(|asked, origin| match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => metadata(
            origin,
            &json!({
                "registration_endpoint": format!("{origin}/register"),
                "device_authorization_endpoint": format!("{origin}/device"),
                "grant_types_supported": ["urn:ietf:params:oauth:grant-type:device_code"],
            }),
        ),
        "/register" => (
            201,
            json!({"client_id": "made", "token_endpoint_auth_method": "none"}),
        ),
        "/device" => (
            200,
            json!({"device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "https://as.example/d", "expires_in": 60, "interval": 1}),
        ),
        "/token" => (
            200,
            json!({"access_token": "t", "token_type": "Bearer", "scope": "read"}),
        ),
        _ => nothing(),
    });
    let api = crate::canned::Canned::start();
    let document = json!({"resource": format!("{}/v1", api.origin), "authorization_servers": [authority.origin]});
    api.answer("/metadata", "200 OK", "", &document.to_string());
    let challenge = format!(
        "WWW-Authenticate: Bearer resource_metadata=\"{}/metadata\", scope=\"read\"\r\n",
        api.origin
    );
    api.answer("/v1/items", "401 Unauthorized", &challenge, "");
    let told = home
        .run(&format!("init {}/v1/items --name web", api.origin))
        .code(4);
    assert!(
        told.stderr
            .contains(&format!("login server is {}", authority.origin)),
        "{told:?}"
    );
    assert!(
        told.stderr.contains("WDJB-MJHT") && told.stderr.contains("Logged in to web, scope read"),
        "{told:?}"
    );
    // The API goes on refusing, so nothing is saved.
    assert!(
        told.stderr.contains("login needed") && told.stderr.contains("was not saved"),
        "{told:?}"
    );
    api.answer("/v1/items", "200 OK", "", "[]");
    let told = home
        .run(&format!(
            "init {}/v1/items --name web --call {0}/v1/items",
            api.origin
        ))
        .code(2);
    assert!(
        told.stderr.contains("how to log in"),
        "an API that lets everybody in says nothing: {told:?}"
    );
    assert_eq!(
        authority.asked("/register").len(),
        1,
        "registered once for all"
    );
    let sent = authority.asked("/device").pop().expect("asked");
    assert_eq!(
        (
            sent.param("client_id").as_deref(),
            sent.param("scope").as_deref()
        ),
        (Some("made"), Some("read"))
    );
}

#[test]
fn metadata_of_another_resource_is_not_believed() {
    let home = Home::new();
    let api = crate::canned::Canned::start();
    let document = json!({"resource": format!("{}/other", api.origin), "authorization_servers": ["https://as.example"]});
    api.answer("/metadata", "200 OK", "", &document.to_string());
    let challenge = format!(
        "WWW-Authenticate: Bearer resource_metadata=\"{}/metadata\"\r\n",
        api.origin
    );
    api.answer("/v1/items", "401 Unauthorized", &challenge, "");
    let told = home.run(&format!("init {}/v1/items", api.origin)).code(2);
    for words in ["a path above it", "how to log in"] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    assert!(!told.stderr.contains("as.example"), "{told:?}");
}
