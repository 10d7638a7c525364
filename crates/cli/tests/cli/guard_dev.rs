//! `gatepass guard --dev`: the guard and the authorization server on one address.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use rustix::process::Signal;
use url::Url;

use crate::agent::Agent;
use crate::echo;
use crate::home::{Home, text};
use crate::server::Server;
use crate::wire::{Answer, get, post_form, send};

/// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A guard in front of this API.
fn guard(home: &Home, upstream: &str, address: &str) -> Server {
    let database = home.path().join("try.db");
    let words = format!(
        "guard --dev --listen {address} --upstream {upstream} --database {} --output json",
        database.display()
    );
    Server::with(&mut home.command(&words))
}

fn key(server: &Server) -> String {
    format!("X-API-Key: {}", server.get("api_key"))
}

/// Registers a native client as one that knows nothing would, and gives its id.
fn register(origin: &str) -> String {
    let metadata = r#"{"client_name":"a tool","application_type":"native","token_endpoint_auth_method":"none",
        "redirect_uris":["http://127.0.0.1/callback"],"scope":"read write offline_access",
        "grant_types":["authorization_code","refresh_token"],"response_types":["code"]}"#;
    let kind = "Content-Type: application/json";
    let answer = send(origin, "POST /oauth/register", &[kind], metadata).with(201);
    text(&answer.json(), "client_id").to_owned()
}

/// Logs the user in at the browser and gives the code.
fn code(server: &Server, client_id: &str, callback: &str, resource: &str) -> String {
    let mut url: Url = format!("{}/oauth/authorize", server.issuer())
        .parse()
        .expect("a URL");
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", callback),
        ("scope", "read offline_access"),
        ("state", "s1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("resource", resource),
    ]);
    let page = Agent::of(server).visit(url.as_str());
    let found = |name: &str| {
        let mut pairs = page.url.query_pairs();
        let pair = pairs.find(|(own, _)| own == name);
        pair.unwrap_or_else(|| panic!("no {name}: {}", page.url))
            .1
            .into_owned()
    };
    assert_eq!(
        (found("state"), found("iss")),
        ("s1".to_owned(), server.issuer().to_owned())
    );
    found("code")
}

fn with_token(origin: &str, token: &str) -> Answer {
    get(
        origin,
        "/things?a=b",
        &[&format!("Authorization: Bearer {token}")],
    )
}

/// A value that the API has been told; header names are as they come.
fn told<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let mut lines = answer.body.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(own, _)| own.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

#[test]
fn whoever_knows_nothing_but_the_address_gets_the_data() {
    let (home, api) = (Home::new(), echo::start());
    let server = guard(&home, &api, "127.0.0.1:0");
    let origin = server.issuer().to_owned();
    assert_eq!(server.get("upstream"), format!("{api}/"));
    assert_eq!(server.get("resource"), origin);

    let place = format!("{origin}/.well-known/oauth-protected-resource");
    let refusal = get(&origin, "/things", &[]).with(401);
    let challenges = refusal.all("www-authenticate");
    let (bearer, dpop) = (challenges[0], challenges[1]);
    assert_eq!(
        bearer,
        format!(r#"Bearer realm="gatepass", scope="read", resource_metadata="{place}""#)
    );
    assert!(
        dpop.starts_with("DPoP algs=\"") && dpop.contains(&place),
        "{dpop}"
    );
    assert_eq!(challenges.len(), 2, "{challenges:?}");

    let resource = get(&origin, "/.well-known/oauth-protected-resource", &[])
        .with(200)
        .json();
    assert_eq!(resource["resource"], origin.as_str());
    assert_eq!(
        resource["authorization_servers"],
        serde_json::json!([origin])
    );
    assert_eq!(
        resource["scopes_supported"],
        serde_json::json!(["read", "write"])
    );
    let issuer = get(&origin, "/.well-known/oauth-authorization-server", &[])
        .with(200)
        .json();
    assert_eq!(issuer["issuer"], origin.as_str());
    assert_eq!(
        issuer["registration_endpoint"],
        format!("{origin}/oauth/register")
    );
    assert_eq!(
        issuer["code_challenge_methods_supported"],
        serde_json::json!(["S256"])
    );

    let client_id = register(&origin);
    let callback = format!("{api}/callback");
    // Some write the origin with a slash.
    let mut tokens = Vec::new();
    for named in [origin.clone(), format!("{origin}/")] {
        let answer = post_form(
            &origin,
            "/oauth/token",
            &[
                ("grant_type", "authorization_code"),
                ("client_id", &client_id),
                ("code", &code(&server, &client_id, &callback, &named)),
                ("code_verifier", VERIFIER),
                ("redirect_uri", &callback),
                ("resource", &named),
            ],
        );
        tokens.push(answer.with(200).json());
    }
    for answer in &tokens {
        let data = with_token(&origin, text(answer, "access_token")).with(200);
        assert!(
            data.body.starts_with("GET /things?a=b HTTP/1.1"),
            "{data:#?}"
        );
        assert_eq!(
            told(&data, "X-Gatepass-Client-Id"),
            Some(client_id.as_str())
        );
        assert_eq!(told(&data, "X-Gatepass-Issuer"), Some(origin.as_str()));
        assert_eq!(told(&data, "X-Gatepass-Scope"), Some("read offline_access"));
        assert!(told(&data, "X-Gatepass-Subject").is_some_and(|subject| !subject.is_empty()));
        assert_eq!(told(&data, "Authorization"), None);
    }

    // In the next start nobody has to log in.
    let address = origin.trim_start_matches("http://").to_owned();
    let token = text(&tokens[0], "access_token").to_owned();
    let refresh = text(&tokens[0], "refresh_token").to_owned();
    server.end(Signal::TERM).done();
    let again = guard(&home, &api, &address);
    assert_eq!(again.issuer(), origin);
    with_token(&origin, &token).with(200);
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", &client_id),
        ("refresh_token", &refresh),
        ("resource", &origin),
    ];
    let renewed = post_form(&origin, "/oauth/token", &form).with(200).json();
    let renewed = text(&renewed, "access_token");
    with_token(&origin, renewed).with(200);

    // What is withdrawn is withdrawn at once.
    let form = [("client_id", client_id.as_str()), ("token", renewed)];
    post_form(&origin, "/oauth/revoke", &form).with(200);
    let refusal = with_token(&origin, renewed).with(401);
    let challenge = refusal.all("www-authenticate")[0];
    assert!(
        challenge.contains(r#"error="invalid_token""#),
        "{challenge}"
    );
}

#[test]
fn each_answers_for_its_own_paths() {
    let home = Home::new();
    let server = guard(&home, &echo::start(), "127.0.0.1:0");
    let (origin, key) = (server.issuer(), key(&server));
    let headers = [key.as_str()];
    // The server's, though the method is none of theirs.
    for path in [
        "/oauth/token",
        "/oauth/authorize",
        "/account",
        "/device",
        "/jwks.json",
        "/oauth/register",
    ] {
        let answer = send(origin, &format!("PATCH {path}"), &headers, "").with(405);
        assert!(!answer.body.contains("HTTP/1.1"), "{path}: {answer:#?}");
    }
    // What the server has with --dev alone makes room for the API.
    for path in [
        "/",
        "/api/data",
        "/protected-resource",
        "/auth/token",
        "/oauth",
        "/.well-known/other",
    ] {
        let answer = send(origin, &format!("PATCH {path}"), &headers, "").with(200);
        assert!(
            answer.body.starts_with(&format!("PATCH {path} HTTP/1.1")),
            "{answer:#?}"
        );
        send(origin, &format!("PATCH {path}"), &[], "").with(401);
    }
    // The server's session is not the API's business, nor is the key.
    let cookies = "Cookie: a=1; gatepass=secret;b=2";
    let answer = get(origin, "/things", &[key.as_str(), cookies]).with(200);
    assert_eq!(told(&answer, "Cookie"), Some("a=1; b=2"));
    assert!(!answer.body.contains(server.get("api_key")), "{answer:#?}");
    // Nobody is somebody by saying so.
    let answer = get(
        origin,
        "/things",
        &[key.as_str(), "X-Gatepass-Subject: root"],
    )
    .with(200);
    assert!(!answer.body.contains("root"), "{answer:#?}");
    get(origin, "/things", &["X-Gatepass-Subject: root"]).with(401);
}

#[test]
fn a_stream_under_way_may_end_in_order() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let api = format!("http://{}", listener.local_addr().expect("an address"));
    let (more, told) = mpsc::channel::<()>();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut asked = [0; 4096];
        let _ = stream.read(&mut asked).expect("asked");
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).expect("sent");
        stream.write_all(b"data: one\n\n").expect("sent");
        told.recv().expect("told");
        stream.write_all(b"data: two\n\n").expect("sent");
    });
    let server = guard(&home, &api, "127.0.0.1:0");
    let address = server.issuer().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).expect("connected");
    let request = format!(
        "GET /events HTTP/1.1\r\nHost: {address}\r\n{}\r\n\r\n",
        key(&server)
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut heard = Vec::new();
    let mut piece = [0; 1024];
    while !heard.windows(9).any(|part| part == b"data: one") {
        let count = stream.read(&mut piece).expect("an event");
        assert!(count > 0, "{}", heard.escape_ascii());
        heard.extend_from_slice(&piece[..count]);
    }
    server.signal(Signal::TERM);
    // It no longer listens before the stream ends.
    while TcpStream::connect(&address).is_ok() {
        thread::sleep(std::time::Duration::from_millis(20));
    }
    more.send(()).expect("heard");
    stream.read_to_end(&mut heard).expect("the rest");
    let heard = String::from_utf8(heard).expect("text");
    assert!(
        heard.contains("data: two") && heard.ends_with("0\r\n\r\n"),
        "{heard}"
    );
    server.wait().done();
}

#[test]
fn it_is_for_this_machine_alone() {
    let home = Home::new();
    for (words, complaint) in [
        ("guard --dev", "--upstream"),
        (
            "guard --dev --upstream http://127.0.0.1:1 --listen 0.0.0.0:0",
            "loopback",
        ),
        (
            "guard --dev --upstream http://127.0.0.1:1 --issuer https://login.example",
            "--issuer",
        ),
        (
            "guard --dev --upstream http://127.0.0.1:1 --public-url https://api.example",
            "--public-url",
        ),
        (
            "guard --upstream http://127.0.0.1:1 --database x.db",
            "--dev",
        ),
        (
            "guard --dev --upstream gopher://127.0.0.1:1 --listen 127.0.0.1:0",
            "gopher",
        ),
    ] {
        let told = home.run(words);
        assert!(matches!(told.code, Some(1 | 2)), "{words}: {told:#?}");
        told.complaining(complaint);
    }
}

#[test]
fn a_person_is_told_what_to_paste() {
    let home = Home::new();
    let mut child = home.start("guard --dev --listen 127.0.0.1:0 --upstream http://127.0.0.1:1");
    let mut said = String::new();
    let mut stdout = child.stdout.take().expect("a pipe");
    let mut piece = [0; 1024];
    while !said.contains("X-API-Key") {
        let count = stdout.read(&mut piece).expect("read");
        assert!(count > 0, "{said}");
        said.push_str(str::from_utf8(&piece[..count]).expect("text"));
    }
    assert!(
        said.contains("\ngatepass request http://127.0.0.1:"),
        "{said}"
    );
    assert!(said.contains("  user "), "{said}");
    child.kill().expect("ended");
    child.wait().expect("ended");
}
