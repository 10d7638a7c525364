//! What an API or its login server says that must not be believed: a clear error, and nothing is kept.

use serde_json::{Value, json};

use crate::authority::{Authority, metadata};
use crate::home::{Home, Told};
use crate::resource::{METADATA, Resource};

const SERVER: &str = "/.well-known/oauth-authorization-server";

/// An authorization server that says this of itself, beside the usual.
fn authority(more: Value) -> Authority {
    Authority::start(move |asked, origin| match asked.path.as_str() {
        SERVER => {
            let (status, mut document) = metadata(
                origin,
                &json!({"registration_endpoint": format!("{origin}/register")}),
            );
            let own = document.as_object_mut().expect("an object");
            own.extend(more.as_object().expect("an object").clone());
            own.retain(|_, value| !value.is_null());
            (status, document)
        }
        "/register" => (403, json!({"error": "access_denied"})),
        _ => (404, json!({})),
    })
}

/// A call, which ends before anybody is asked.
fn call(home: &Home, url: &str) -> Told {
    let mut command = home.command(&format!("get {url}"));
    let told = Told::of(command.env("BROWSER", "/nonexistent"));
    assert!(
        !told.stderr.contains("Log in with your browser"),
        "{told:?}"
    );
    assert!(told.code != Some(0) && told.stdout.is_empty(), "{told:?}");
    let profiles = home.json("profile list --output json");
    assert_eq!(profiles, json!([]), "{told:?}");
    told
}

#[test]
fn a_server_that_will_not_do_is_named_and_why() {
    for (more, words) in [
        (json!({"code_challenge_methods_supported": null}), "PKCE"),
        (
            json!({"code_challenge_methods_supported": ["plain"]}),
            "PKCE",
        ),
        (
            json!({"issuer": "https://login.example"}),
            "calls itself \"https://login.example\"",
        ),
        (json!({"token_endpoint": null}), "token_endpoint"),
        (
            json!({"token_endpoint": "http://login.example/token"}),
            "plain http",
        ),
        (json!({"registration_endpoint": null}), "[[client]]"),
        (json!({}), "register one there with redirect URI"),
    ] {
        let home = Home::new();
        let authority = authority(more.clone());
        let resource = Resource::of(&authority.origin);
        let told = call(&home, &resource.url("/items"));
        assert!(told.stderr.contains(words), "{words}, {more}: {told:?}");
        assert!(told.stderr.contains(&authority.origin), "{told:?}");
        // What to do next.
        let next = ["gatepass profile add", "--client-id"];
        assert!(next.iter().any(|own| told.stderr.contains(own)), "{told:?}");
    }
}

#[test]
fn metadata_for_something_else_is_not_used() {
    let authority = authority(json!({}));
    for (member, value, words) in [
        (
            "resource",
            json!("https://other.example"),
            "https://other.example",
        ),
        ("resource", json!(null), "resource"),
        (
            "authorization_servers",
            json!(["http://login.example"]),
            "plain http",
        ),
        ("authorization_servers", json!([7]), "member"),
        ("authorization_servers", json!(["not a url"]), "not a URL"),
    ] {
        let home = Home::new();
        let resource = Resource::of(&authority.origin);
        let mut document = resource.document();
        document[member] = value.clone();
        resource.publishes(METADATA, &document);
        let told = call(&home, &resource.url("/items"));
        assert!(told.stderr.contains(words), "{member} {value}: {told:?}");
    }
    // A path beside the one that was asked is another resource.
    let home = Home::new();
    let resource = Resource::of(&authority.origin);
    let mut document = resource.document();
    document["resource"] = json!(resource.url("/items"));
    resource.publishes(METADATA, &document);
    let told = call(&home, &resource.url("/items-of-others"));
    assert!(told.stderr.contains("/items\""), "{told:?}");
}

#[test]
fn metadata_elsewhere_is_fetched_only_where_that_is_allowed() {
    let authority = authority(json!({}));
    for (place, words) in [
        ("http://metadata.example/x", "plain http"),
        ("ftp://metadata.example/x", "resource_metadata"),
        ("nonsense", "no URL"),
    ] {
        let home = Home::new();
        let resource = Resource::of(&authority.origin);
        resource.challenges("/items", &format!("Bearer resource_metadata=\"{place}\""));
        let told = call(&home, &resource.url("/items"));
        assert!(told.stderr.contains(words), "{place}: {told:?}");
    }
}

#[test]
fn metadata_without_end_is_cut() {
    let home = Home::new();
    let authority = authority(json!({}));
    let resource = Resource::of(&authority.origin);
    let mut document = resource.document();
    document["padding"] = json!("x".repeat(8_000_000));
    resource.publishes(METADATA, &document);
    let told = call(&home, &resource.url("/items"));
    assert!(told.stderr.len() < 2_000, "{} bytes", told.stderr.len());
    // Round and round ends too.
    resource.answers(
        METADATA,
        "302 Found",
        &format!("Location: {METADATA}\r\n"),
        "",
    );
    let told = home.run(&format!("get {}", resource.url("/items")));
    assert!(told.code == Some(4) || told.code == Some(1), "{told:?}");
}

#[test]
fn a_token_that_nobody_offers_is_told() {
    let home = Home::new();
    let resource = Resource::of("");
    resource.answers(METADATA, "404 Not Found", "", "");
    for (challenge, words) in [
        (
            "Bearer realm=\"x\"",
            "gatepass profile add NAME --api http://127.0.0.1",
        ),
        ("DPoP algs=\"ES256\"", "does not say where one is to be had"),
        (
            "Negotiate",
            "wants Negotiate, which gatepass does not speak",
        ),
        ("Basic realm=\"x\"", "--username USER"),
        (
            "Basic realm=\"x\", Digest realm=\"x\", nonce=\"n\"",
            "--digest --username",
        ),
    ] {
        resource.challenges("/items", challenge);
        let told = home.run(&format!("get {}", resource.url("/items"))).code(4);
        assert!(told.stderr.contains(words), "{challenge}: {told:?}");
        assert_eq!(told.stdout, "no", "{challenge}");
    }
}

#[test]
fn what_needs_no_credential_is_shown_as_it_is() {
    let home = Home::new();
    let resource = Resource::of("");
    let kind = "Content-Type: text/plain\r\n";
    for (path, status, code) in [
        ("/open", "200 OK", 0),
        ("/shut", "401 Unauthorized", 4),
        ("/no", "403 Forbidden", 5),
        ("/none", "404 Not Found", 5),
        ("/odd", "500 Oops", 3),
    ] {
        resource.answers(path, status, kind, "hello");
        let told = home.run(&format!("get {}", resource.url(path))).code(code);
        assert_eq!(told.stdout, "hello", "{path}");
    }
    home.run("get http://api.example/x")
        .code(1)
        .complaining("plain http");
    assert_eq!(home.json("profile list --output json"), json!([]));
    // Nothing but the requests themselves was sent.
    assert!(resource.asked(METADATA).is_empty());
    // What somebody brings along is theirs.
    resource.challenges("/items", "Bearer realm=\"x\"");
    let mut command = home.command(&format!("get {}", resource.url("/items")));
    let told = Told::of(command.arg("Authorization:Bearer t0")).code(4);
    assert_eq!(told.stderr, "HTTP 401 Unauthorized\n", "{told:?}");
    let asked = resource.asked("/items");
    assert_eq!(asked[0].token(), Some("t0"));
}

#[test]
fn a_redirect_does_not_say_whom_to_log_in_to() {
    let home = Home::new();
    let authority = authority(json!({}));
    let (resource, other) = (
        Resource::of(&authority.origin),
        Resource::of(&authority.origin),
    );
    let to = |url: &str| format!("Location: {url}\r\n");
    resource.answers("/away", "302 Found", &to(&other.url("/items")), "");
    let told = home.run(&format!("get {}", resource.url("/away"))).code(4);
    let hint = format!("gatepass request {}", other.url("/items"));
    assert!(told.stderr.contains(&hint), "{told:?}");
    resource.answers("/moved", "307 Moved", &to("/items"), "");
    let told = home.run(&format!("post {} a=b", resource.url("/moved")));
    let hint = format!("gatepass request {}", resource.url("/items"));
    assert!(told.code(4).stderr.contains(&hint));
    // Of the same origin it is as good, where nothing is changed by asking again.
    let told = home.run(&format!("get {} --no-interactive", resource.url("/moved")));
    let hint = format!("gatepass login {}", resource.url("/items"));
    let told = told.code(4);
    assert!(told.stderr.contains(&hint), "{told:?}");
}
