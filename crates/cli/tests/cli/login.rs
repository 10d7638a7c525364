//! `gatepass login`, `status` and `logout`, with somebody at a browser.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use crate::agent::{Agent, Page};
use crate::home::{Home, Told, piped, text};
use crate::server::Server;

/// The public client's profile, `web`.
pub(crate) fn web(home: &Home, server: &Server, more: &str) {
    let words = format!(
        "profile add web --issuer {0} --api {0} --client-id {1} {more}",
        server.issuer(),
        server.get("public_client_id")
    );
    home.run(&words).done();
}

/// A program for `BROWSER` that writes down the link; where it does.
pub(crate) fn browser(home: &Home) -> (PathBuf, PathBuf) {
    let (program, link) = (home.path().join("browser"), home.path().join("link"));
    let script = format!(
        "#!/bin/sh\nprintf %s \"$1\" > {0}.new && mv {0}.new {0}\n",
        link.display()
    );
    std::fs::write(&program, script).expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).expect("changed");
    (program, link)
}

/// Logs in by the browser; where the browser ended, and what the program said.
pub(crate) fn log_in(
    home: &Home,
    words: &str,
    agent: &mut Agent,
    variables: &[(&str, &str)],
) -> (Page, Told) {
    let (program, link) = browser(home);
    let mut command = home.command(words);
    let child = piped(
        command
            .env("BROWSER", program)
            .envs(variables.iter().copied()),
    );
    let page = agent.visit(&wait_for(&link));
    (page, child.wait_with_output().expect("ended").into())
}

/// The link, as soon as the browser was opened.
pub(crate) fn wait_for(link: &Path) -> String {
    let end = Instant::now() + Duration::from_secs(20);
    while Instant::now() < end {
        if let Ok(url) = std::fs::read_to_string(link) {
            std::fs::remove_file(link).expect("removed");
            return url;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the browser was not opened");
}

/// The link that the program prints, and the rest of what it says.
pub(crate) fn link(child: &mut Child) -> (String, BufReader<std::process::ChildStderr>) {
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.trim_start().starts_with("http") {
        line.clear();
        assert!(stderr.read_line(&mut line).expect("a line") > 0, "no link");
    }
    (line.trim().to_owned(), stderr)
}

#[test]
fn from_login_to_logout() {
    let home = Home::new();
    let server = Server::dev(&home);
    web(&home, &server, "--scope read");
    home.run("token web")
        .code(4)
        .complaining("gatepass login web");
    let before = home.run("status --output json").code(4).json();
    assert_eq!(text(&before[0], "state"), "login_needed");
    assert!(before[0]["stored_in"].is_null());

    let (page, told) = log_in(&home, "login web", &mut Agent::of(&server), &[]);
    assert_eq!(page.status, 200, "{}", page.body);
    assert_eq!(page.url.path(), "/callback");
    let told = told.done();
    assert!(
        told.stdout.is_empty() && told.stderr.contains("Logged in to web, scope read;"),
        "{told:?}"
    );

    let status = home.json("status web --output json");
    assert_eq!(text(&status[0], "state"), "valid");
    assert_eq!(text(&status[0], "scope"), "read");
    assert!(text(&status[0], "stored_in").contains("tokens/web.json"));
    let end = status[0]["expires_at"].as_u64().expect("a moment");
    assert!(
        end > 1_700_000_000 && end < 10_000_000_000,
        "seconds: {end}"
    );
    let shown = home.run("status web").done().stdout;
    assert!(
        shown.contains("web  oauth\n  token     valid\n  expires   2"),
        "{shown}"
    );

    let token = home.run("token web").done().line().to_owned();
    let answer = home.json(&format!("request {}/api/data", server.issuer()));
    assert_eq!(text(&answer, "client_id"), server.get("public_client_id"));

    home.run("logout web")
        .done()
        .complaining("revoked at the server");
    home.run("logout web").done().complaining("no token");
    home.run("token web").code(4);
    // Revoked, not only forgotten.
    home.run(&format!(
        "profile add copy --api {} --token-env TOKEN",
        server.issuer()
    ))
    .done();
    let mut copy = home.command(&format!("request -p copy {}/api/data", server.issuer()));
    let told = Told::of(copy.env("TOKEN", token)).code(4);
    assert!(told.stderr.contains("HTTP 401"), "{told:?}");
}

#[test]
fn a_denial_is_a_refusal() {
    let home = Home::new();
    let server = Server::dev(&home);
    web(&home, &server, "");
    let (_, told) = log_in(&home, "login", &mut Agent::of(&server).denying(), &[]);
    told.code(5).complaining("denied");
    home.run("status").code(4);
}

#[test]
fn nobody_comes() {
    let home = Home::new();
    let server = Server::dev(&home);
    web(&home, &server, "");
    let told = home.run("login web --timeout 1").code(3);
    // The server shows an error page and redirects nowhere, say.
    for words in [
        "If the page shows an error",
        "the redirect URI",
        "Ctrl-C",
        "after 1 s",
        "--timeout",
    ] {
        assert!(told.stderr.contains(words), "{words}: {told:?}");
    }
    assert!(
        told.stderr.contains("open the link yourself"),
        "BROWSER does not exist here: {told:?}"
    );
}

#[test]
fn a_code_is_pasted() {
    let home = Home::new();
    let server = Server::dev(&home);
    web(&home, &server, "--redirect-uri urn:ietf:wg:oauth:2.0:oob");
    let mut child = home.start("login web --no-browser");
    let (url, mut stderr) = link(&mut child);
    let code = Agent::of(&server).visit(&url).code().to_owned();
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(format!("{code}\n").as_bytes())
        .expect("pasted");
    assert_eq!(child.wait().expect("ended").code(), Some(0));
    let mut said = String::new();
    stderr.read_to_string(&mut said).expect("text");
    assert!(
        said.contains("Paste the code") && said.contains("Logged in to web"),
        "{said}"
    );
    home.run(&format!("request {}/api/data", server.issuer()))
        .done();
}

#[test]
fn an_address_is_pasted() {
    let home = Home::new();
    let server = Server::dev(&home);
    web(&home, &server, "--redirect-uri https://localhost");
    let mut child = home.start("login web --paste --no-browser");
    let (_, _stderr) = link(&mut child);
    // What is pasted for another login, or no code at all, is refused.
    let pasted = "https://localhost/?code=x&state=other\n";
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(pasted.as_bytes())
        .expect("pasted");
    assert_eq!(child.wait().expect("ended").code(), Some(1));
}

#[test]
fn a_profile_takes_its_token_with_it() {
    let home = Home::new();
    let server = Server::dev(&home);
    web(&home, &server, "");
    log_in(&home, "login", &mut Agent::of(&server), &[])
        .1
        .done();
    let file = home.state().join("tokens/web.json");
    assert!(file.exists());
    let told = home.run("profile remove web").done();
    assert!(told.stderr.contains("revoked at the server"), "{told:?}");
    assert!(!file.exists());
}
