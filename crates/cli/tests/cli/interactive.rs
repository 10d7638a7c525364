//! When `gatepass request` asks somebody, and when it must not.

use std::io::Write as _;

use crate::agent::Agent;
use crate::home::{Home, Told, text};
use crate::login;
use crate::pty::Shown;
use crate::server::Server;

#[test]
fn nobody_is_asked_where_that_is_not_wanted() {
    let home = Home::new();
    let server = Server::dev(&home);
    login::web(&home, &server, "");
    let url = format!("{}/api/data", server.issuer());
    for (option, variable) in [
        (" --no-interactive", ""),
        ("", "1"),
        ("", "true"),
        (" --no-interactive", "0"),
    ] {
        let mut command = home.command(&format!("get {url}{option}"));
        let shown = Shown::of(command.env("GATEPASS_NO_INTERACTIVE", variable));
        assert_eq!(shown.code, Some(4), "{}", shown.text);
        assert!(shown.text.contains("gatepass login web"), "{}", shown.text);
        assert!(
            !shown.text.contains("Log in with your browser"),
            "{}",
            shown.text
        );
    }
}

#[test]
fn a_browser_opens_without_a_terminal_too() {
    let home = Home::new();
    let server = Server::dev(&home);
    login::web(&home, &server, "");
    let words = format!("get {}/api/data", server.issuer());
    let mut agent = Agent::of(&server);
    let variables = [("GATEPASS_NO_INTERACTIVE", "0")];
    let (page, told) = login::log_in(&home, &words, &mut agent, &variables);
    assert_eq!(page.status, 200, "{}", page.body);
    let told = told.done();
    assert_eq!(
        text(&told.json(), "client_id"),
        server.get("public_client_id")
    );
    // The link stands in full on a line of its own, for whoever opens it elsewhere.
    let link = told
        .stderr
        .lines()
        .find(|line| line.trim().starts_with("http"));
    let link: url::Url = link.expect("a link").trim().parse().expect("a URL");
    assert_eq!(link.path(), "/oauth/authorize");
}

#[test]
fn standard_input_is_for_the_body_and_not_for_a_login() {
    let home = Home::new();
    let server = Server::dev(&home);
    login::web(&home, &server, "--redirect-uri urn:ietf:wg:oauth:2.0:oob");
    let mut child = home.start(&format!("post {}/api/data @-", server.issuer()));
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(b"a-code\n").expect("written");
    drop(stdin);
    let told = Told::from(child.wait_with_output().expect("ended")).code(4);
    told.complaining("run `gatepass login");
}
