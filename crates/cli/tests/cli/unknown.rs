//! `gatepass request` and `login` with nothing but a URL: the API says who issues its tokens.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::home::{Home, Told, piped, text};
use crate::login::{browser, log_in, wait_for};
use crate::resource::{Resource, written};
use crate::server::Server;

/// Profiles, as the program lists them.
pub(crate) fn profiles(home: &Home) -> Vec<Value> {
    let list = home.json("profile list --output json");
    list.as_array().expect("a list").clone()
}

/// Calls a path, with somebody at the browser.
pub(crate) fn enter(home: &Home, resource: &Resource, server: &Server, path: &str) -> Told {
    let words = format!("get {}", resource.url(path));
    let (page, told) = log_in(home, &words, &mut Agent::of(server), &[]);
    assert_eq!(page.status, 200, "{}", page.body);
    told.done()
}

#[test]
fn a_url_is_all_that_is_needed() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let told = enter(&home, &resource, &server, "/items?page=1");
    let answer = told.json();
    assert_eq!(text(&answer, "path"), "/items?page=1");
    let profile = profiles(&home);
    assert_eq!(profile.len(), 1, "{profile:?}");
    let name = text(&profile[0], "name");
    let host = resource.origin.trim_start_matches("http://");
    assert_eq!(name, host.replace(':', "-"));
    for words in [
        &format!("{} takes tokens of {}", resource.origin, server.issuer()),
        "Log in with your browser:\n\n  http://",
        &format!("Made profile {name}"),
        "its token is kept in ",
        &format!("gatepass profile remove {name}"),
    ] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }

    // The next knows all that: other paths, other methods, without anybody.
    let again = home.run(&format!(
        "post {} a=b --no-interactive",
        resource.url("/other")
    ));
    let again = again.done();
    assert!(again.stderr.is_empty(), "{again:?}");
    assert_eq!(text(&again.json(), "body"), "{\"a\":\"b\"}");
    assert_eq!(again.json()["client_id"], answer["client_id"]);
    assert_eq!(profiles(&home).len(), 1);
    let status = home.json(&format!("status {name} --output json"));
    assert_eq!(text(&status[0], "state"), "valid");
    assert_eq!(status[0]["resource"], json!([resource.origin]));
    let shown = home.run(&format!("status {name}")).done().stdout;
    let line = format!("\n  resource  {}\n", resource.origin);
    assert!(shown.contains(&line), "{shown}");

    // It is a profile like any other.
    home.run(&format!("token {name}")).done();
    let token = home.run(&format!("refresh {name}"));
    token.done();
    let told = home.run(&format!("profile remove {name}")).done();
    assert!(told.stderr.contains("revoked at the server"), "{told:?}");
    assert!(profiles(&home).is_empty());
    let told = home.run(&format!("get {} --no-interactive", resource.url("/items")));
    told.code(4);
}

#[test]
fn nobody_is_asked_who_is_not_to_be() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let url = resource.url("/items");
    let told = home.run(&format!("get {url} --no-interactive")).code(4);
    for words in [
        "login needed",
        server.issuer(),
        "scope ",
        &format!("run `gatepass login {url}`"),
    ] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    // The answer is shown all the same.
    assert_eq!(told.stdout, "no token");
    home.run(&format!("get {url} --no-interactive --ignore-status"))
        .done();
    assert!(profiles(&home).is_empty());
    assert!(!home.state().join("tokens").exists());
}

#[test]
fn a_login_that_is_denied_leaves_no_profile() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let words = format!("get {}", resource.url("/items"));
    let mut agent = Agent::of(&server).denying();
    let (_, told) = log_in(&home, &words, &mut agent, &[]);
    let told = told.code(5);
    for words in [
        "denied",
        "No profile was made",
        &format!("registered itself at {} stays", server.issuer()),
    ] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    assert!(profiles(&home).is_empty());
}

#[test]
fn the_body_is_sent_again() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let url = resource.url("/items");
    let words = format!("post {url} name=lamp price:=12.50");
    let (_, told) = log_in(&home, &words, &mut Agent::of(&server), &[]);
    let body = text(&told.done().json(), "body").to_owned();
    assert_eq!(body, "{\"name\":\"lamp\",\"price\":12.50}");
    let asked = resource.asked("/items");
    let tokens: Vec<bool> = asked.iter().map(|own| own.token().is_some()).collect();
    assert_eq!(tokens, [false, true], "{asked:?}");
    assert!(
        asked
            .iter()
            .all(|own| own.method == "POST" && own.body == body)
    );
}

#[test]
fn a_body_that_can_be_sent_once_waits_for_the_login() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let (program, link) = browser(&home);
    let mut command = home.command(&format!("put {} @-", resource.url("/items")));
    let mut child = piped(command.env("BROWSER", program));
    let mut stdin = child.stdin.take().expect("a pipe");
    // So long that it is not kept, but sent as it comes.
    let length = 9 * 1024 * 1024;
    let writing = std::thread::spawn(move || stdin.write_all(&vec![b'x'; length]));
    Agent::of(&server).visit(&wait_for(&link));
    let told = Told::from(child.wait_with_output().expect("ended")).done();
    writing.join().expect("ended").expect("written");
    assert_eq!(text(&told.json(), "body").len(), length);
    let asked = resource.asked("/items");
    let methods: Vec<&str> = asked.iter().map(|own| own.method.as_str()).collect();
    // Whoever asks what is wanted changes nothing.
    assert_eq!(methods, ["GET", "PUT"]);
    assert!(asked[0].body.is_empty() && asked[1].token().is_some());
}

#[test]
fn a_body_that_is_gone_is_told() {
    let home = Home::new();
    let resource = Resource::of("http://127.0.0.1:9");
    // Only a GET is let in.
    resource.answers("/items", "200 OK", "", "[]");
    let (open, shut) = (resource.url("/items"), resource.url("/shut"));
    resource.answers("/shut", "405 Method Not Allowed", "", "");
    resource.decides("/post", |asked| match asked.method.as_str() {
        "GET" => written("200 OK", "", ""),
        _ => written("401 Unauthorized", "WWW-Authenticate: Bearer\r\n", "no"),
    });
    let sent = |url: &str| {
        let mut child = home.start(&format!("post {url} @-"));
        let mut stdin = child.stdin.take().expect("a pipe");
        let writing = std::thread::spawn(move || stdin.write_all(&vec![b'x'; 9 * 1024 * 1024]));
        let told = Told::from(child.wait_with_output().expect("ended"));
        writing.join().expect("ended").expect("written");
        told
    };
    assert_eq!(sent(&open).done().stdout, "[]");
    sent(&shut).code(5);
    let methods = |path: &str| {
        let asked = resource.asked(path).into_iter();
        asked.map(|own| own.method).collect::<Vec<_>>()
    };
    assert_eq!(methods("/shut"), ["GET", "POST"]);
    let told = sent(&resource.url("/post")).code(4);
    for words in ["the body cannot be sent again", "gatepass login http"] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    assert_eq!(methods("/post"), ["GET", "POST"]);
}

#[test]
fn more_scope_is_asked_for_when_it_is_wanted() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    enter(&home, &resource, &server, "/items");
    let before = home.run(&format!(
        "get {} --no-interactive",
        resource.url("/write/7")
    ));
    assert!(before.code(5).stderr.contains("gatepass login 127.0.0.1-"));
    let told = enter(&home, &resource, &server, "/write/7");
    let answer = told.json();
    let scope = text(&answer, "scope");
    for word in ["read", "write"] {
        assert!(scope.split(' ').any(|own| own == word), "{scope}");
    }
    // Both are at hand now.
    for path in ["/items", "/write/8"] {
        home.run(&format!("get {} --no-interactive", resource.url(path)))
            .done();
    }
}

#[test]
fn fifty_that_come_at_once_open_one_login() {
    let home = Home::new();
    let (resource, server) = Resource::served(&home);
    let (program, link) = browser(&home);
    // The browser is slow to come back, so that all of them wait for it.
    let log = home.path().join("opened");
    let script = std::fs::read_to_string(&program).expect("there");
    let counting = format!("{script}echo >> {}\n", log.display());
    std::fs::write(&program, counting).expect("written");
    let words = format!("get {} -i", resource.url("/items"));
    let children: Vec<_> = (0..50)
        .map(|_| piped(home.command(&words).env("BROWSER", &program)))
        .collect();
    let link = wait_for(&link);
    Agent::of(&server).visit(&link);
    for child in children {
        let told = Told::from(child.wait_with_output().expect("ended")).done();
        assert_eq!(text(&told.json(), "path"), "/items");
    }
    let opened = std::fs::read_to_string(log).expect("there");
    assert_eq!(opened.lines().count(), 1, "{opened}");
    assert_eq!(profiles(&home).len(), 1);
}
