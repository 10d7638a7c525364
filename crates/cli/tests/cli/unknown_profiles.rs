//! What becomes of a URL that no profile was for: a profile, its client and its token.

use serde_json::json;

use crate::agent::Agent;
use crate::home::{Home, text};
use crate::login::log_in;
use crate::resource::{METADATA, Resource};
use crate::server::Server;
use crate::unknown::{enter, profiles};

#[test]
fn a_known_client_is_used_and_none_registers() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let folder = home.path().join("config/gatepass");
    std::fs::create_dir_all(&folder).expect("made");
    let client = format!(
        "[[client]]\nissuer = {:?}\nclient_id = {:?}\n",
        server.issuer(),
        server.get("public_client_id")
    );
    std::fs::write(folder.join("config.toml"), client).expect("written");
    let told = enter(&home, &resource, &server, "/items");
    assert_eq!(
        text(&told.json(), "client_id"),
        server.get("public_client_id")
    );

    let home = Home::new();
    let id = server.get("public_client_id");
    let words = format!("get {} --client-id {id}", resource.url("/items"));
    let (_, told) = log_in(&home, &words, &mut Agent::of(&server), &[]);
    assert_eq!(text(&told.done().json(), "client_id"), id);
}

#[test]
fn a_login_needs_no_profile_either() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let words = format!("login {} --scope write", resource.url("/items"));
    let (_, told) = log_in(&home, &words, &mut Agent::of(&server), &[]);
    let told = told.done();
    for words in [
        "takes tokens of",
        "Made profile 127.0.0.1-",
        "Logged in to 127.0.0.1-",
    ] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    assert!(told.stdout.is_empty(), "{told:?}");
    let url = resource.url("/write/1");
    home.run(&format!("get {url} --no-interactive")).done();

    // Of what is open to a GET the metadata tells, and what has neither is no place to log in to.
    resource.answers("/open", "200 OK", "", "hello");
    let home = Home::new();
    let words = format!("login {}", resource.url("/open"));
    log_in(&home, &words, &mut Agent::of(&server), &[]).1.done();
    let plain = Resource::of("");
    plain.answers("/open", "200 OK", "", "hello");
    plain.answers(METADATA, "404 Not Found", "", "");
    home.run(&format!("login {}", plain.url("/open")))
        .code(1)
        .complaining("there is nothing to log in to");
}

#[test]
fn two_apis_of_one_origin_are_two_profiles() {
    let home = Home::new();
    let (resource, server) = Resource::served_in_parts(&home, &["/one", "/two"]);
    for path in ["/one/x", "/two/x", "/x"] {
        let url = resource.url(path);
        // Nothing that is there already is taken for it.
        home.run(&format!("get {url} --no-interactive")).code(4);
        enter(&home, &resource, &server, path);
    }
    let profiles = profiles(&home);
    let named: Vec<_> = profiles.iter().map(|own| &own["resource"]).collect();
    let own = ["", "/one", "/two"].map(|part| json!([resource.url(part)]));
    assert_eq!(named, own.iter().collect::<Vec<_>>());
    for path in ["/two/y", "/one/y", "/y"] {
        let told = home.run(&format!("get {} --no-interactive", resource.url(path)));
        assert_eq!(text(&told.done().json(), "path"), path);
    }
}

#[test]
fn a_client_that_registered_itself_goes_when_it_is_told_to() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    enter(&home, &resource, &server, "/items");
    let name = text(&profiles(&home)[0], "name").to_owned();
    let shown = home.run(&format!("profile show {name}")).done().stdout;
    assert!(shown.contains("discovered"), "{shown}");
    home.run(&format!("doctor {name}")).done();
    let before = resource.asked(METADATA).len();
    let shown = home.run(&format!("explain {name}")).done().stdout;
    assert!(shown.contains("Who issues tokens for the API"), "{shown}");
    assert_eq!(resource.asked(METADATA).len(), before, "nothing is sent");
    let told = home.run(&format!("logout {name} --unregister")).done();
    for words in ["revoked at the server", "Deleted the client cl_"] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    let told = home.run(&format!("get {} --no-interactive", resource.url("/items")));
    told.code(4).complaining(&format!("gatepass login {name}"));
    // It begins anew.
    enter(&home, &resource, &server, "/items");
    assert_eq!(profiles(&home).len(), 1);
}

#[test]
fn nothing_secret_is_told() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let url = resource.url("/items");
    let words = format!("--log-level trace get -v {url}");
    let (page, told) = log_in(&home, &words, &mut Agent::of(&server), &[]);
    let said = told.done().stderr;
    let code = page.url.query_pairs().find(|(name, _)| name == "code");
    let code = code.expect("a code").1.into_owned();
    let name = text(&profiles(&home)[0], "name").to_owned();
    let token = home.run(&format!("token {name}")).done().line().to_owned();
    for secret in [code, token] {
        let tail = &secret[secret.len() - 20..];
        assert!(!said.contains(tail), "{secret} is in {said}");
    }
    assert!(
        said.contains("GET /items\n") && said.contains("[redacted]"),
        "{said}"
    );
}

#[test]
fn a_resource_that_moves_to_another_server_is_followed_by_who_registered_himself() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let url = resource.url("/items");
    enter(&home, &resource, &server, "/items");
    let other_home = Home::new();
    let words = format!(
        "serve --dev --listen 127.0.0.1:0 --output json --resource {}",
        resource.origin
    );
    let other = Server::with(&mut other_home.command(&words));
    resource.trusts(other.issuer());
    let words = format!("login {url}");
    let (_, told) = log_in(&home, &words, &mut Agent::of(&other), &[]);
    told.done();
    home.run(&format!("get {url} --no-interactive")).done();
    let profiles = profiles(&home);
    assert_eq!(profiles.len(), 1, "{profiles:?}");
    assert_eq!(text(&profiles[0], "issuer"), other.issuer());

    // A client that somebody has registered is not taken to a server that nobody has looked at.
    let home = Home::new();
    resource.trusts(server.issuer());
    let words = format!("get {url} --client-id {}", server.get("public_client_id"));
    log_in(&home, &words, &mut Agent::of(&server), &[]).1.done();
    resource.trusts(other.issuer());
    let told = home.run(&format!("login {url}")).code(1);
    for words in ["has moved", server.issuer(), other.issuer(), "[[client]]"] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    home.run(&format!("login {url} --client-id other"))
        .code(2)
        .complaining("says who its client is");
}

#[test]
fn what_would_be_done_is_told_without_doing_it() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let url = resource.url("/items");
    let shown = home.run(&format!("discover {url}")).done().stdout;
    for words in [
        "What gatepass would use",
        &format!("resource  {}", resource.origin),
        &format!("issuer    {}", server.issuer()),
        "client    one that registers itself there",
        "scope     ",
        &format!("gatepass request {url}"),
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let json = home.json(&format!("discover {url} --output json --client-id cl_1"));
    let token = &json["token"];
    assert_eq!(text(token, "issuer"), server.issuer());
    assert_eq!(text(token, "resource"), resource.origin);
    assert_eq!(token["client"], json!({"by": "known", "client_id": "cl_1"}));
    assert_eq!(
        token["resource_metadata"]["resource"],
        json!(resource.origin)
    );
    assert!(profiles(&home).is_empty());
    home.run(&format!("discover {url} --client-metadata-url nonsense"))
        .code(2)
        .complaining("--client-metadata-url");

    // What must not be used is told as well.
    resource.trusts("http://login.example");
    let shown = home.run(&format!("discover {url}")).done().stdout;
    assert!(
        shown.contains("✗ login") && shown.contains("plain http"),
        "{shown}"
    );
    let json = home.json(&format!("discover {url} --output json"));
    assert!(json["token"].is_null() && text(&json, "token_error").contains("login.example"));
}
