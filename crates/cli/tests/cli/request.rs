//! `gatepass request`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::canned::Canned;
use crate::echo;
use crate::home::{Home, Told, piped};
use crate::pty::Shown;
use crate::server::Server;

/// An echo and a profile for it with an API key.
pub(crate) fn keyed() -> (Home, String) {
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
fn every_verb_is_a_command_and_options_stand_anywhere() {
    let (home, origin) = keyed();
    let asked = |words: &str| {
        let mut command = home.command(words);
        let told = Told::of(command.env("KEY", "k1")).done();
        let line = told.stdout.lines().next().expect("a line").to_owned();
        line.trim_end_matches(" HTTP/1.1").to_owned()
    };
    for (words, line) in [
        ("get {}/x a==1 -p echo", "GET /x?a=1"),
        ("get {}/x a=1", "GET /x"),
        ("post -p echo {}/x a=1", "POST /x"),
        ("put {}/x --form a=1 --timeout 5", "PUT /x"),
        ("patch {}/x a=1 --ignore-status --json", "PATCH /x"),
        ("delete {}/x --no-interactive", "DELETE /x"),
        ("r {}/x --profile echo a=1 -f b=2", "POST /x"),
        ("request {}/x -- a=1", "POST /x"),
    ] {
        assert_eq!(asked(&words.replace("{}", &origin)), line, "{words}");
    }
    // Every one has help of its own, and the help of `request` names them.
    assert!(
        home.run("post --help")
            .done()
            .stdout
            .contains("gatepass request POST")
    );
    assert!(
        home.run("request --help")
            .done()
            .stdout
            .contains("get|head|post")
    );
    home.run("post").code(2);
    home.run("get GET https://a.example").code(2);
}

#[test]
fn files_are_sent_in_forms() {
    let (home, origin) = keyed();
    let file = home.path().join("sea.txt");
    std::fs::write(&file, "waves").expect("written");
    let told = run(
        &home,
        &format!("{origin}/x --form title=Sea photo@{}", file.display()),
    );
    let asked = told.done().stdout;
    let (head, body) = asked.split_once("\r\n\r\n").expect("a head");
    let head = head.to_ascii_lowercase();
    assert!(
        head.contains("content-type: multipart/form-data; boundary="),
        "{asked}"
    );
    assert!(
        head.contains(&format!("content-length: {}", body.len())),
        "{asked}"
    );
    assert!(
        body.contains("name=\"photo\"; filename=\"sea.txt\""),
        "{asked}"
    );
    run(&home, &format!("{origin}/x photo@{}", file.display()))
        .code(2)
        .complaining("--form");
    run(&home, &format!("{origin}/x --multipart a@- b@-"))
        .code(2)
        .complaining("once only");
}

/// What a large upload looks like to a server: how long it said it was, and how long it was.
fn counted(stream: TcpStream) -> (Option<u64>, u64) {
    let mut stream = BufReader::new(stream);
    let mut said = None;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).expect("a line");
        let line = line.to_ascii_lowercase();
        if let Some(length) = line.strip_prefix("content-length: ") {
            said = length.trim().parse().ok();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut counted = 0;
    let mut chunk = vec![0; 65_536];
    while said.is_some_and(|said| counted < said) {
        let count = stream.read(&mut chunk).expect("read");
        assert!(count > 0, "the body ended early");
        counted += u64::try_from(count).expect("small");
    }
    let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    stream.get_mut().write_all(answer).expect("answered");
    (said, counted)
}

#[test]
fn large_bodies_are_sent_as_they_are_read_and_their_length_is_known() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    home.run(&format!("profile add big --api {origin} --key-env KEY"))
        .done();
    let file = home.path().join("big");
    let length = 20_000_000;
    std::fs::File::create(&file)
        .and_then(|file| file.set_len(length))
        .expect("made");
    for words in [
        format!("{origin}/x @{}", file.display()),
        format!("{origin}/x --form a=b file@{}", file.display()),
    ] {
        let mut command = home.command(&format!("request {words}"));
        let child = piped(command.env("KEY", "k1"));
        let (said, counted) = counted(listener.accept().expect("a connection").0);
        Told::from(child.wait_with_output().expect("ended")).done();
        assert_eq!(said, Some(counted), "{words}");
        assert!(counted >= length, "{words}");
    }
}

#[test]
fn events_are_shown_as_they_come() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    home.run(&format!("profile add live --api {origin} --key-env KEY"))
        .done();
    let mut command = home.command(&format!("get {origin}/events"));
    let mut child = piped(command.env("KEY", "k1"));
    let mut stream = listener.accept().expect("a connection").0;
    let _ = stream.read(&mut [0; 2048]).expect("a request");
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("sent");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    for event in ["data: 1\n", "data: 2\n"] {
        stream.write_all(event.as_bytes()).expect("sent");
        let mut line = String::new();
        // The next is sent only after this was shown.
        stdout.read_line(&mut line).expect("a line");
        assert_eq!(line, event);
    }
    drop(stream);
    assert_eq!(child.wait().expect("ended").code(), Some(0));
}

#[test]
fn a_silent_server_is_waited_for_as_long_as_was_said() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    home.run(&format!("profile add mute --api {origin} --key-env KEY"))
        .done();
    let before = Instant::now();
    run(&home, &format!("{origin}/x --timeout 1"))
        .code(3)
        .complaining("timed out");
    assert!(before.elapsed() < Duration::from_secs(30));
}

#[test]
fn an_answer_that_breaks_off_is_the_networks_fault() {
    let (home, _) = keyed();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    home.run(&format!("profile add torn --api {origin} --key-env KEY"))
        .done();
    let torn = std::thread::spawn(move || {
        let mut stream = listener.accept().expect("a connection").0;
        let mut chunk = [0; 2048];
        let _ = stream.read(&mut chunk).expect("read");
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!")
            .expect("sent");
    });
    let told = run(&home, &format!("{origin}/x")).code(3);
    torn.join().expect("served");
    assert_eq!(told.stdout, "five!");
    assert!(told.stderr.contains("cannot be read"), "{told:?}");
}

#[test]
fn heads_are_a_result_when_they_are_asked_for() {
    let (home, _) = keyed();
    let api = Canned::start();
    api.answer("/x", "404 Not Found", "X-Trace: 7\r\n", "lost");
    home.run(&format!(
        "profile add canned --api {} --key-env KEY",
        api.origin
    ))
    .done();
    let told = run(&home, &format!("{}/x --headers", api.origin)).code(5);
    assert!(told.stdout.starts_with("HTTP 404 Not Found\n"), "{told:?}");
    assert!(
        told.stdout.contains("\nx-trace: 7") && !told.stdout.contains("lost"),
        "{told:?}"
    );
    assert!(told.stderr.is_empty(), "{told:?}");
    let mut head = home.command(&format!("head {}/x", api.origin));
    let told = Told::of(head.env("KEY", "k1")).code(5);
    assert!(told.stdout.contains("\nx-trace: 7"), "{told:?}");
    run(&home, &format!("{}/x --headers --download", api.origin)).code(2);
}

#[test]
fn the_last_word_about_the_status_counts() {
    let (home, origin) = keyed();
    let url = format!("{origin}/status/404");
    run(&home, &format!("{url} --check-status")).code(5);
    run(&home, &format!("{url} --ignore-status --check-status")).code(5);
    run(&home, &format!("{url} --check-status --ignore-status")).done();
    run(&home, &format!("{url} --no-check-status")).done();
}

#[test]
fn people_see_json_laid_out_and_in_colours() {
    let (home, _) = keyed();
    let api = Canned::start();
    api.answer(
        "/x",
        "200 OK",
        "Content-Type: application/problem+json\r\n",
        r#"{"a":[1,"b\u001b"]}"#,
    );
    api.answer(
        "/evil",
        "200 OK",
        "Content-Type: application/json\r\n",
        "{\"a\":\"\u{9b}31m\"} \x1b[2J",
    );
    api.answer("/bin", "200 OK", "", "a\0b");
    home.run(&format!(
        "profile add canned --api {} --key-env KEY",
        api.origin
    ))
    .done();
    let shown = |path: &str, no_colour: &str| {
        let mut command = home.command(&format!("get {}{path}", api.origin));
        let shown = Shown::of(command.env("KEY", "k1").env("NO_COLOR", no_colour));
        assert_eq!(shown.code, Some(0), "{}", shown.text);
        shown.text
    };
    let text = shown("/x", "");
    assert!(text.contains("HTTP \x1b[32m200 OK\x1b[0m"), "{text:?}");
    assert!(
        text.contains("\x1b[1;34m\"a\"\x1b[0m: [\r\n        \x1b[36m1\x1b[0m,"),
        "{text:?}"
    );
    let text = shown("/x", "1");
    assert!(
        text.contains("{\r\n    \"a\": [\r\n        1,\r\n        \"b\\u001b\"\r\n    ]\r\n}"),
        "{text:?}"
    );
    assert!(!text.contains('\x1b'), "{text:?}");
    // Nobody else steers the terminal.
    let text = shown("/evil", "1");
    assert!(
        !text.contains('\u{9b}') && !text.contains('\x1b'),
        "{text:?}"
    );
    assert!(shown("/bin", "1").contains("--output-file"));
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
    let asked = run(&home, &other).done().stdout;
    assert!(!asked.contains("k1"), "{asked}");
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
            format!("--login-url {issuer}/auth/token {credentials} --api {issuer}"),
            "/api/data",
        ),
        (
            "json",
            format!(
                "--login-url {issuer}/api/auth/jwt --login-style json {credentials} --api {issuer}"
            ),
            "/api/protected_data",
        ),
        (
            "basic-login",
            format!(
                "--login-url {issuer}/api/auth --login-style basic {credentials} --api {issuer}"
            ),
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
                "--issuer {issuer} --client-id {} --client-secret-env SECRET --grant password {credentials} --api {issuer}",
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
