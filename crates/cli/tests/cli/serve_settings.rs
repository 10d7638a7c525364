//! Where `gatepass serve` has its settings from, and what `--check` makes of them.

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;

use crate::home::{Home, Told, text};
use crate::server::Server;

/// A configuration file, in the place where it is looked for.
fn write(home: &Home, settings: &str) -> PathBuf {
    let folder = home.path().join("config/gatepass");
    std::fs::create_dir_all(&folder).expect("made");
    let file = folder.join("server.toml");
    std::fs::write(&file, settings).expect("written");
    file
}

/// What `--check` says of a setting: its verdict and its words.
fn said<'a>(found: &'a Value, setting: &str) -> Vec<(&'a str, &'a str)> {
    let all = found.as_array().expect("a list").iter();
    all.filter(|own| own["setting"] == setting)
        .map(|own| (text(own, "verdict"), text(own, "text")))
        .collect()
}

fn checked(home: &Home, more: &str, code: i32) -> Value {
    home.run(&format!("serve --check --output json {more}"))
        .code(code)
        .json()
}

#[test]
fn flags_come_before_the_environment_and_that_before_the_file() {
    let home = Home::new();
    let database = home.path().join("own.db");
    write(
        &home,
        &format!(
            "database = '{}'\nlisten = '127.0.0.1:0'\nissuer = 'https://file.example'\n",
            database.display()
        ),
    );
    let issuer = |words: &str, variable: Option<&str>| {
        let mut command = home.command(&format!("serve --output json {words}"));
        if let Some(issuer) = variable {
            command.env("GATEPASS_SERVE_ISSUER", issuer);
        }
        Server::with(&mut command).issuer().to_owned()
    };
    let (file, environment) = ("https://file.example", "https://environment.example");
    assert_eq!(issuer("", None), file);
    assert_eq!(issuer("", Some(environment)), environment);
    let flag = "--issuer https://flag.example";
    assert_eq!(issuer(flag, Some(environment)), "https://flag.example");
    assert!(database.exists() && !home.state().exists());

    // `admin` works on the same database, wherever the file is.
    let mut add = home.command("admin user add alice --password-env PASSWORD");
    Told::of(add.env("PASSWORD", "correct horse battery staple")).done();
    let elsewhere = home.path().join("elsewhere.toml");
    std::fs::rename(home.path().join("config/gatepass/server.toml"), &elsewhere).expect("moved");
    let listed = |more: &str| home.json(&format!("admin user list --output json {more}"));
    assert_eq!(listed("").as_array().map(Vec::len), Some(0));
    let there = listed(&format!("--config {}", elsewhere.display()));
    assert_eq!(there[0]["username"], "alice");
}

#[test]
fn what_makes_no_sense_is_told_where_it_stands() {
    let home = Home::new();
    let file = write(&home, "\nlisen = '127.0.0.1:0'\n");
    let told = home.run("serve").code(2);
    let place = format!(
        "{}:2:1: unknown setting \"lisen\"; did you mean",
        file.display()
    );
    assert!(told.stderr.contains(&place), "{told:#?}");
    home.run("admin user list").code(2).complaining("lisen");
    home.run("serve --check --config /no/such/file")
        .code(2)
        .complaining("/no/such/file");
    write(&home, "");
    let mut command = home.command("serve --check");
    Told::of(command.env("GATEPASS_SERVE_LIFETIMES__CODE", "soon"))
        .code(2)
        .complaining("GATEPASS_SERVE_LIFETIMES__CODE");
    // What is made ready is for this machine, whatever the file is for.
    write(&home, "lisen = 1");
    Server::dev(&home);
}

#[test]
fn the_settings_are_printed_without_secrets() {
    let home = Home::new();
    write(&home, "[lifetimes]\naccess_token = '5m'\n");
    let mut command = home.command("serve --print-config --master-key-env KEY");
    command.env(
        "GATEPASS_SERVE_DATABASE",
        "postgres://me:hunter2@db.example/x",
    );
    let printed = Told::of(&mut command).done().stdout;
    assert!(!printed.contains("hunter2"), "{printed}");
    let table: toml::Table = printed.parse().expect("TOML");
    assert_eq!(
        table["database"].as_str(),
        Some("postgres://me@db.example/x")
    );
    assert_eq!(table["master_key"]["env"].as_str(), Some("KEY"));
    assert_eq!(table["lifetimes"]["access_token"].as_str(), Some("5m"));
    assert_eq!(table["lifetimes"]["code"].as_str(), Some("1m"));
    assert!(!home.state().exists(), "nothing is made");

    // What is printed is a file that says the same.
    std::fs::remove_file(write(&home, "")).expect("removed");
    let file = home.path().join("printed.toml");
    std::fs::write(&file, &printed).expect("written");
    let again = home.run(&format!("serve --print-config --config {}", file.display()));
    assert_eq!(again.done().stdout, printed);
}

#[test]
fn a_check_changes_nothing_and_finds_what_is_wrong() {
    let home = Home::new();
    let found = checked(&home, "", 1);
    let [("fault", words)] = said(&found, "database")[..] else {
        panic!("{found}")
    };
    assert!(words.contains("its folder is not there"), "{words}");
    assert!(!home.state().exists(), "nothing is made");

    let database = home.path().join("own.db");
    let database = format!("--database {}", database.display());
    let found = checked(&home, &database, 0);
    assert!(
        said(&found, "database")[0].1.contains("first start"),
        "{found}"
    );
    assert!(
        said(&found, "master_key")[0].1.contains("first start"),
        "{found}"
    );
    assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 0);

    let server = Server::with(&mut home.command(&format!(
        "serve --listen 127.0.0.1:0 --output json {database}"
    )));
    let found = checked(&home, &database, 0);
    assert!(
        said(&found, "database")[0].1.contains("of this gatepass"),
        "{found}"
    );
    assert!(
        said(&found, "master_key")[0].1.contains("opens the"),
        "{found}"
    );
    server.end(Signal::TERM).done();

    let key = home.path().join("own.db.key");
    let away = home.path().join("away");
    std::fs::rename(&key, &away).expect("moved");
    let found = checked(&home, &database, 1);
    assert!(
        said(&found, "master_key")[0].1.contains("bring it back"),
        "{found}"
    );
    let other = home.path().join("other.key");
    home.run(&format!(
        "serve --check --master-key-file {}",
        other.display()
    ));
    std::fs::write(&key, "not a key").expect("written");
    checked(&home, &database, 1);
    let text = home
        .run(&format!("serve --check {database}"))
        .code(1)
        .stdout;
    assert!(
        text.starts_with("SETTING") && text.contains("fault"),
        "{text}"
    );
    assert!(!other.exists());
}

#[test]
fn a_check_reads_every_file_that_is_named() {
    let home = Home::new();
    let nothing = home.path().join("nothing.pem");
    std::fs::write(&nothing, "nothing\n").expect("written");
    let nothing = nothing.display();
    let database = format!("--database {}", home.path().join("x.db").display());
    for (setting, flags) in [
        ("tls", format!("--tls-cert {nothing} --tls-key {nothing}")),
        ("tls", "--tls-cert /no/such --tls-key /no/such".to_owned()),
        ("outbound", format!("--outbound-ca {nothing}")),
        ("outbound", "--outbound-ca /no/such".to_owned()),
        (
            "trusted_issuers",
            format!("--trusted-issuer https://a.example={nothing}"),
        ),
        ("issuer", "--issuer http://login.example.com".to_owned()),
        ("mtls", "--mtls-listen 127.0.0.1:0".to_owned()),
        ("master_key", "--master-key-env NOWHERE".to_owned()),
        ("master_key", "--master-key-command false".to_owned()),
    ] {
        let found = checked(&home, &format!("{flags} {database}"), 1);
        let faults = said(&found, setting);
        assert!(
            faults.iter().any(|(verdict, _)| *verdict == "fault"),
            "{flags}: {found}"
        );
    }
    let found = checked(&home, &format!("--database {nothing}"), 1);
    assert!(
        said(&found, "database")[0]
            .1
            .contains("not a SQLite database"),
        "{found}"
    );
    let found = checked(
        &home,
        "--database postgres://me:hunter2@127.0.0.1:1/x --master-key-env NOWHERE",
        1,
    );
    assert_eq!(said(&found, "database")[0].0, "fault", "{found}");
    assert!(!found.to_string().contains("hunter2"));
}

#[test]
fn the_master_key_comes_from_where_it_is_said_to_be() {
    let home = Home::new();
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let file = home.path().join("key");
    std::fs::write(&file, format!("{key}\n")).expect("written");
    let printing = Path::new("/bin/cat").display();
    let serve = |source: &str| {
        let mut command = home.command("serve --listen 127.0.0.1:0 --output json");
        command.env("KEY", key).args(source.split('|'));
        command
    };
    for source in [
        "--master-key-env|KEY".to_owned(),
        format!("--master-key-command|{printing} {}", file.display()),
        format!("--master-key-command|{printing} {}", file.display()),
        "--master-key-env|KEY".to_owned(),
    ] {
        Server::with(&mut serve(&source)).end(Signal::TERM).done();
    }
    assert!(!home.state().join("gatepass.db.key").exists());
    // Another key opens nothing, and is not taken for a new one.
    Told::of(&mut serve(
        "--master-key-command|echo MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWE=",
    ))
    .code(1)
    .complaining("does not open");
    for (source, words) in [
        ("--master-key-env|NOWHERE", "NOWHERE, which is not set"),
        ("--master-key-command|echo hunter2", "gives no key"),
        ("--master-key-command|/no/such/program", "cannot be run"),
        ("--master-key-command|false", "failed with"),
    ] {
        let told = Told::of(&mut serve(source)).code(1).complaining(words);
        assert!(!told.stderr.contains("hunter2"), "{told:#?}");
    }
}

/// What is sealed for a server has to be sealed by its own key.
#[test]
fn a_client_is_sealed_with_the_key_that_the_server_has() {
    let home = Home::new();
    let key = home.path().join("own.key");
    let words = format!(
        "serve --listen 127.0.0.1:0 --output json --master-key-file {}",
        key.display()
    );
    Server::with(&mut home.command(&words))
        .end(Signal::TERM)
        .done();
    let add = "admin client add Bank --auth-method client_secret_jwt";
    home.run(add).code(1).complaining("name it");
    assert!(!home.state().join("gatepass.db.key").exists());
    home.run(&format!("{add} --master-key-file {}", key.display()))
        .done();
    write(
        &home,
        &format!("master_key = {{ file = '{}' }}", key.display()),
    );
    home.run(add).done();
    std::fs::write(&key, "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").expect("written");
    home.run(add).code(1).complaining("does not open");
}
