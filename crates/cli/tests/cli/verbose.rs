//! `gatepass request --verbose`.

use crate::canned::Canned;
use crate::home::Told;
use crate::pty::Shown;
use crate::request::keyed;

/// What stands for every secret here.
const KEY: &str = "hunter2/key";

#[test]
fn everything_is_told_but_the_secrets() {
    let (home, origin) = keyed();
    let words = format!(
        "post {origin}/x?code=hunter2-code -v X-Trace:7 X-Auth-Token:hunter2-header user=me password=hunter2-body a[secret]=hunter2-nested"
    );
    let told = Told::of(home.command(&words).env("KEY", KEY)).done();
    let (asked, said) = (&told.stdout, &told.stderr);
    assert!(
        asked.contains(KEY) && asked.contains("hunter2-body"),
        "a program gets what there is: {asked}"
    );
    assert!(!said.contains("hunter2"), "{said}");
    for line in [
        "POST /x?code=[redacted]\n",
        "host: 127.0.0.1:",
        "x-trace: 7\n",
        "x-auth-token: [redacted]\n",
        "x-api-key: [redacted]\n",
        "\"user\": \"me\"",
        "\"password\": \"[redacted]\"",
        "HTTP 200 OK\n",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn forms_files_and_cookies_too() {
    let (home, _) = keyed();
    let api = Canned::start();
    let cookie =
        "Set-Cookie: sid=hunter2-cookie; Path=/; HttpOnly\r\nLocation: /next?token=hunter2-url\r\n";
    api.answer("/x", "200 OK", cookie, "");
    home.run(&format!(
        "profile add canned --api {} --key-env KEY",
        api.origin
    ))
    .done();
    let run = |words: &str| {
        let mut command = home.command(&format!("post {}/x -v {words}", api.origin));
        Told::of(command.env("KEY", KEY)).done().stderr
    };
    let said = run("--form client_secret=hunter2-form scope=read");
    assert!(
        said.contains("client_secret=[redacted]&scope=read"),
        "{said}"
    );
    assert!(
        said.contains("set-cookie: sid=[redacted]; Path=/; HttpOnly\n"),
        "{said}"
    );
    assert!(!said.contains("hunter2"), "{said}");
    let said = run("@/dev/null");
    assert!(!said.contains("hunter2"), "{said}");
    let file = home.path().join("bytes");
    std::fs::write(&file, b"\xff\xfe").expect("written");
    let said = run(&format!("@{}", file.display()));
    assert!(said.contains("(2 bytes that are no text)"), "{said}");
}

#[test]
fn on_a_terminal_the_answer_has_none_either() {
    let (home, origin) = keyed();
    let api = Canned::start();
    let body =
        format!(r#"{{"access_token":"hunter2-token","token_type":"Bearer","echo":"{KEY}"}}"#);
    api.answer(
        "/json",
        "200 OK",
        "Content-Type: application/json\r\n",
        &body,
    );
    home.run(&format!(
        "profile add canned --api {} --key-env KEY",
        api.origin
    ))
    .done();
    for url in [format!("{origin}/x"), format!("{}/json", api.origin)] {
        let mut command = home.command(&format!("get -v {url}"));
        let shown = Shown::of(command.env("KEY", KEY).env("NO_COLOR", "1"));
        assert_eq!(shown.code, Some(0), "{}", shown.text);
        assert!(!shown.text.contains("hunter2"), "{}", shown.text);
        assert!(shown.text.contains("[redacted]"), "{}", shown.text);
    }
}

#[test]
fn a_redirect_is_told() {
    let (home, _) = keyed();
    let api = Canned::start();
    api.answer("/x", "302 Found", "Location: /y?token=hunter2\r\n", "");
    api.answer("/y?token=hunter2", "200 OK", "", "there");
    home.run(&format!(
        "profile add canned --api {} --key-env KEY",
        api.origin
    ))
    .done();
    let mut command = home.command(&format!("get -v {}/x", api.origin));
    let told = Told::of(command.env("KEY", KEY)).done();
    assert_eq!(told.stdout, "there");
    assert!(told.stderr.contains("/y?token=[redacted]\n"), "{told:?}");
    assert!(!told.stderr.contains("hunter2"), "{told:?}");
}
