//! A URL whose profile is for all of an API, of which a part has become a resource of its own.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::agent::Agent;
use crate::home::{Home, Told, text};
use crate::login::{browser, log_in, wait_for};
use crate::proxy::get;
use crate::resource::{METADATA, Resource, written};
use crate::server::Server;
use crate::unknown::{enter, profiles};

/// An API with a profile at `home`, and the server whose tokens its `/mcp` takes.
struct Divided {
    home: Home,
    resource: Resource,
    server: Server,
    other: Server,
    _others_home: Home,
}

impl Divided {
    fn new() -> Self {
        let (home, others_home) = (Home::new(), Home::new());
        let (resource, server) = Resource::served(&home);
        enter(&home, &resource, &server, "/items");
        let own = resource.url("/mcp");
        let words = format!("serve --dev --listen 127.0.0.1:0 --output json --resource {own}");
        let other = Server::with(&mut others_home.command(&words));
        let metadata = json!({ "resource": own, "authorization_servers": [other.issuer()] });
        let place = format!("{METADATA}/mcp");
        resource.publishes(&place, &metadata);
        let challenge = format!(
            "WWW-Authenticate: Bearer error=\"invalid_token\", resource_metadata=\"{}\"\r\n",
            resource.url(&place)
        );
        for path in ["/mcp", "/mcp/x"] {
            let (issuer, own) = (other.issuer().to_owned(), own.clone());
            let challenge = challenge.clone();
            resource.decides(path, move |asked| {
                let claims = asked.token().and_then(claims).unwrap_or_default();
                match claims["iss"] == issuer.as_str() && claims["aud"] == own.as_str() {
                    true => written("200 OK", "", &format!("{}:{}", asked.method, asked.body)),
                    false => written("401 Unauthorized", &challenge, "not yours"),
                }
            });
        }
        Self {
            home,
            resource,
            server,
            other,
            _others_home: others_home,
        }
    }

    fn url(&self) -> String {
        self.resource.url("/mcp")
    }

    fn resources(&self) -> Vec<Value> {
        let profiles = profiles(&self.home).into_iter();
        profiles.map(|own| own["resource"].clone()).collect()
    }
}

fn claims(token: &str) -> Option<Value> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

#[test]
fn it_gets_a_profile_of_its_own() {
    let part = Divided::new();
    let (home, url) = (&part.home, part.url());
    let told = home.run(&format!("get {url} --no-interactive")).code(4);
    for words in [
        "login needed",
        part.other.issuer(),
        &format!("run `gatepass login {url}`"),
    ] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    assert_eq!(told.stdout, "not yours");
    assert_eq!(part.resources(), [json!([part.resource.origin])]);

    let words = format!("post {url} a=b");
    let (_, told) = log_in(home, &words, &mut Agent::of(&part.other), &[]);
    let told = told.done();
    assert_eq!(told.stdout, "POST:{\"a\":\"b\"}");
    for words in [
        &format!("{url} takes tokens of {}", part.other.issuer()),
        "Made profile 127.0.0.1-",
    ] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    let both = [json!([part.resource.origin]), json!([url])];
    assert_eq!(part.resources(), both);

    // Each has its own from now on, and nobody is asked.
    let before = part.resource.asked("/mcp").len();
    home.run(&format!("get {url} --no-interactive")).done();
    assert_eq!(part.resource.asked("/mcp").len(), before + 1);
    let items = part.resource.url("/items");
    home.run(&format!("get {items} --no-interactive")).done();
    assert_eq!(part.resources(), both);
}

#[test]
fn a_login_by_its_url_is_for_it() {
    let part = Divided::new();
    let words = format!("login {}", part.url());
    let (_, told) = log_in(&part.home, &words, &mut Agent::of(&part.other), &[]);
    told.done().complaining("Made profile 127.0.0.1-");
    let words = format!("get {} --no-interactive", part.url());
    assert_eq!(part.home.run(&words).done().stdout, "GET:");
    // The rest of the API has the profile that it had.
    let words = format!("login {}", part.resource.url("/items"));
    let (_, told) = log_in(&part.home, &words, &mut Agent::of(&part.server), &[]);
    assert!(!told.done().stderr.contains("Made profile"));
    assert_eq!(part.resources().len(), 2);
}

#[test]
fn a_profile_that_is_named_is_not_left() {
    let part = Divided::new();
    let name = text(&profiles(&part.home)[0], "name").to_owned();
    let told = part.home.run(&format!("get {} -p {name}", part.url()));
    let told = told.code(4);
    assert!(told.stderr.contains("a resource of its own"), "{told:?}");
    assert_eq!(part.resources().len(), 1);
}

#[test]
fn a_login_that_is_denied_leaves_what_was_there() {
    let part = Divided::new();
    let words = format!("get {}", part.url());
    let mut agent = Agent::of(&part.other).denying();
    let (_, told) = log_in(&part.home, &words, &mut agent, &[]);
    let told = told.code(5);
    for words in ["denied", "No profile was made", "stays for the next try"] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    assert_eq!(part.resources().len(), 1);
    let items = part.resource.url("/items");
    let words = format!("get {items} --no-interactive");
    part.home.run(&words).done();
}

#[test]
fn a_body_that_can_be_sent_once_comes_too_early() {
    let part = Divided::new();
    let mut child = part.home.start(&format!("put {} @-", part.url()));
    let mut stdin = child.stdin.take().expect("a pipe");
    let writing = std::thread::spawn(move || stdin.write_all(&vec![b'x'; 9 * 1024 * 1024]));
    let told = Told::from(child.wait_with_output().expect("ended")).code(4);
    writing.join().expect("ended").expect("written");
    for words in ["the body cannot be sent again", "gatepass login http"] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    assert_eq!(part.resources().len(), 1);
}

#[test]
fn a_proxy_for_its_url_has_its_profile() {
    let part = Divided::new();
    let (program, link) = browser(&part.home);
    let words = format!("proxy {} --output json", part.url());
    let told = part.home.run(&format!("{words} --no-interactive")).code(4);
    assert!(told.stderr.contains(part.other.issuer()), "{told:?}");
    let mut command = part.home.command(&words);
    let starting = std::thread::spawn(move || Server::with(command.env("BROWSER", program)));
    Agent::of(&part.other).visit(&wait_for(&link));
    let proxy = starting.join().expect("started");
    assert!(proxy.get("profile").ends_with("-mcp"), "{}", proxy.line);
    let told = get(&proxy, "/x", "");
    assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
}
