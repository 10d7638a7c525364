//! `gatepass provider`.

use crate::home::{Home, text};

#[test]
fn every_provider_is_listed_and_shown() {
    let home = Home::new();
    let listed = home.json("provider list --output json");
    let all = listed.as_array().expect("a list");
    assert!(all.len() >= 15, "{}", all.len());
    for provider in all {
        let id = text(provider, "id");
        let told = home.run(&format!("provider show {id}")).done().stdout;
        assert!(told.contains(text(provider, "docs")), "{told}");
        assert_eq!(
            home.json(&format!("provider show {id} --output json")),
            *provider
        );
    }
    let table = home.run("provider list").done().stdout;
    assert!(
        table.starts_with("ID  ") && table.contains("\ngithub "),
        "{table}"
    );
    assert_eq!(table.lines().count(), all.len() + 1);
}

#[test]
fn the_command_that_is_shown_makes_a_profile() {
    let home = Home::new();
    let listed = home.json("provider list --output json");
    for provider in listed.as_array().expect("a list") {
        let id = text(provider, "id");
        let line = text(provider, "command")
            .replace("\\\n", " ")
            .replace("=HOST", "=acme.example.com")
            .replace("=URL", "=https://sso.example.org")
            .replace("=NAME", "=acme")
            .replace("--api ORIGIN", "--api https://api.example.com");
        let mut words = words_of(&line);
        assert_eq!(words.remove(0), "gatepass");
        let mut command = home.command("");
        let told = crate::home::Told::of(command.args(words)).done();
        assert!(
            told.stderr.contains(&format!("Added profile {id}")),
            "{told:?}"
        );
        let shown = home.json(&format!("profile show {id} --output json"));
        assert_eq!(text(&shown, "provider"), id);
    }
}

/// The words of a line as a shell has them.
fn words_of(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(own)) if c == own => quote = None,
            (' ', None) => words.push(String::new()),
            (c, _) => words.last_mut().expect("one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn one_that_is_not_known_is_helped() {
    let home = Home::new();
    home.run("provider show git")
        .code(1)
        .complaining("did you mean github or gitlab?");
    home.run("provider show nobody")
        .code(1)
        .complaining("provider list");
    home.run("profile add x --provider nobody --client-id c --api https://a.example")
        .code(2)
        .complaining("provider \"nobody\" is not known");
    home.run("profile add x --provider okta --client-id c --api https://a.example")
        .code(2)
        .complaining("okta needs domain");
}
