//! `gatepass request` and `login` with nothing but a URL, where a user name and a password are wanted.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use gatepass_proto::Digest;
use gatepass_proto::message::challenge::Challenge;
use serde_json::json;

use crate::home::Home;
use crate::resource::{Asked, METADATA, Resource, written};
use crate::typist::Typist;

const USER: &str = "me";
const PASSWORD: &str = "open sesame";

/// An API that takes the password at `/basic` by one scheme, at `/digest` by the other, and at `/both` by the better.
fn resource() -> Resource {
    let resource = Resource::of("http://127.0.0.1:9");
    let basic = "WWW-Authenticate: Basic realm=\"the \\\"old\\\" one\"\r\n";
    let digest = "WWW-Authenticate: Digest realm=\"cave\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256\r\n";
    let both = format!("{basic}{digest}");
    for (path, challenge) in [("/basic", basic), ("/digest", digest), ("/both", &both)] {
        let challenge = challenge.to_owned();
        resource.decides(path, move |asked| {
            let basic = format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")));
            let by_basic = asked.path != "/digest" && asked.authorization == Some(basic);
            match by_basic || proves(asked) {
                true => written("200 OK", "", &format!("open for {}", asked.method)),
                false => written("401 Unauthorized", &challenge, "shut"),
            }
        });
    }
    resource
}

/// Whether the digest is that of the password (RFC 7616 §3.4.1).
fn proves(asked: &Asked) -> bool {
    let header = asked.authorization.clone().unwrap_or_default();
    let parsed = Challenge::parse_list(&header);
    let Some(own) = parsed.first().filter(|own| own.is("digest")) else {
        return false;
    };
    let says: BTreeMap<&str, &str> = own
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let hash = |text: String| {
        let bytes = URL_SAFE_NO_PAD.decode(Digest::of(text).to_base64url());
        let bytes = bytes.expect("base64url");
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let secret = hash(format!("{USER}:cave:{PASSWORD}"));
    let request = hash(format!("{}:{}", asked.method, asked.path));
    let (count, ours) = (says["nc"], says["cnonce"]);
    says["username"] == USER
        && says["response"] == hash(format!("{secret}:n1:{count}:{ours}:auth:{request}"))
}

/// Types them as they are asked for.
fn type_in(typist: &mut Typist, username: &str, password: &str) {
    typist.sees("The user name").types(&format!("{username}\r"));
    typist
        .sees("it does not show")
        .types(&format!("{password}\r"));
}

#[test]
fn a_password_is_asked_for_and_serves_this_request() {
    let resource = resource();
    for (path, scheme) in [
        ("/basic", "HTTP Basic"),
        ("/digest", "HTTP Digest, realm \"cave\""),
        ("/both", "HTTP Digest"),
    ] {
        let home = Home::new();
        let url = resource.url(path);
        let mut typist = Typist::at(&mut home.command(&format!("delete {url}")), 100, 40);
        let asks = format!(
            "{} wants a user name and a password ({scheme}",
            resource.origin
        );
        typist.sees(&asks);
        type_in(&mut typist, USER, PASSWORD);
        typist
            .sees("open for DELETE")
            .sees("Keep the password")
            .types("\r");
        assert_eq!(typist.ends(), Some(0), "{}", typist.text());
        assert!(!typist.raw().contains(PASSWORD), "{}", typist.raw());
        // Nobody wanted it kept.
        assert_eq!(home.json("profile list --output json"), json!([]));
    }
    // Who may prove it does not send it.
    let sent = resource.asked("/both").into_iter();
    let shown = sent
        .filter_map(|own| own.authorization)
        .find(|own| own.starts_with("Basic"));
    assert_eq!(shown, None);
}

#[test]
fn a_wrong_password_is_told_and_three_are_enough() {
    let home = Home::new();
    let resource = resource();
    let url = resource.url("/basic");
    let mut typist = Typist::at(&mut home.command(&format!("get {url}")), 100, 40);
    type_in(&mut typist, USER, "wrong");
    typist.sees("does not take these");
    typist.sees("The user name").types("a:b\r").sees("no colon");
    type_in(&mut typist, USER, PASSWORD);
    typist
        .sees("open for GET")
        .sees("Keep the password")
        .types("n\r");
    assert_eq!(typist.ends(), Some(0), "{}", typist.text());

    let mut typist = Typist::at(&mut home.command(&format!("get {url} -v")), 100, 40);
    for _ in 0..3 {
        type_in(&mut typist, USER, "hunter2");
        typist.sees("does not take these");
    }
    typist.sees("took none of 3 passwords");
    assert_eq!(typist.ends(), Some(4), "{}", typist.text());
    let encoded = STANDARD.encode("me:hunter2");
    assert!(!typist.raw().contains("hunter2"), "{}", typist.raw());
    assert!(!typist.raw().contains(&encoded), "{}", typist.raw());

    let mut typist = Typist::at(&mut home.command(&format!("get {url}")), 100, 40);
    typist.sees("The user name").types("\x03");
    assert_eq!(typist.ends(), Some(130), "{}", typist.text());
}

#[test]
fn nobody_is_asked_who_is_not_to_be() {
    let home = Home::new();
    let resource = resource();
    for words in ["get {} --no-interactive", "get {}"] {
        let words = words.replace("{}", &resource.url("/digest"));
        let told = home.run(&words).code(4);
        assert!(told.stderr.contains("nobody can be asked here"), "{told:?}");
        assert_eq!(told.stdout, "shut");
    }
    let words = format!("get {} --no-interactive", resource.url("/basic"));
    let mut typist = Typist::at(&mut home.command(&words), 100, 40);
    assert_eq!(typist.ends(), Some(4), "{}", typist.text());
    assert!(
        !typist.text().contains("The user name"),
        "{}",
        typist.text()
    );
    home.run(&format!("login {}", resource.url("/basic")))
        .code(4)
        .complaining("--username USER");
}

#[test]
fn a_token_comes_first_only_where_it_is_said_of_whom() {
    let home = Home::new();
    let resource = resource();
    let url = resource.url("/mixed");
    resource.challenges("/mixed", "Bearer realm=\"x\", Basic realm=\"x\"");
    let mut typist = Typist::at(&mut home.command(&format!("get {url}")), 100, 40);
    typist.sees("The user name").types("\x03");
    assert_eq!(typist.ends(), Some(130), "{}", typist.text());
    let named = format!("resource_metadata=\"{}\"", resource.url(METADATA));
    let challenge = format!("Basic realm=\"x\", Bearer {named}");
    resource.challenges("/mixed", &challenge);
    let mut typist = Typist::at(&mut home.command(&format!("get {url}")), 100, 40);
    typist.sees("cannot find out how to get a token");
    assert_eq!(typist.ends(), Some(3), "{}", typist.text());
}

/// Where there is no keyring, as here, that is told, and what was asked for is there all the same.
#[test]
fn what_cannot_be_kept_is_told() {
    let home = Home::new();
    let resource = resource();
    let words = format!("get {} --save", resource.url("/basic"));
    let mut command = home.command(&words);
    command.env_remove("DBUS_SESSION_BUS_ADDRESS");
    let mut typist = Typist::at(&mut command, 100, 40);
    type_in(&mut typist, USER, PASSWORD);
    typist.sees("open for GET").sees("keyring");
    let code = typist.ends();
    // On a machine with an open keyring it is kept, and serves the next.
    match code {
        Some(1) => assert!(
            typist.text().contains("which cannot be used"),
            "{}",
            typist.text()
        ),
        _ => {
            assert_eq!(code, Some(0), "{}", typist.text());
            home.run(&format!("get {}", resource.url("/basic"))).done();
        }
    }
}
