//! `gatepass admin`.

use std::io::Write as _;

use crate::home::{Home, Told, text};

/// Good enough for anybody.
const PASSWORD: &str = "correct horse battery staple";

fn add_user(home: &Home, name: &str) -> Told {
    let mut command = home.command(&format!("admin user add {name} --password-env PASSWORD"));
    Told::of(command.env("PASSWORD", PASSWORD))
}

#[test]
fn users_are_added_once_and_listed() {
    let home = Home::new();
    assert!(
        add_user(&home, "alice")
            .done()
            .stdout
            .starts_with("added user alice (us_")
    );
    add_user(&home, "alice")
        .code(1)
        .complaining("exists already");
    add_user(&home, "al:ice").code(1).complaining("colon");
    let listed = home.run("admin user list").done().stdout;
    let [heading, row] = listed.lines().collect::<Vec<_>>()[..] else {
        panic!("{listed}")
    };
    assert_eq!(heading.find("ID"), row.find("us_"));
    let users = home.json("admin user list --output json");
    assert_eq!(text(&users[0], "username"), "alice");
    assert!(users[0]["created_at"].is_u64());
    assert!(!users.to_string().contains("argon2"));
}

#[test]
fn a_password_comes_from_everywhere_but_an_argument() {
    let home = Home::new();
    let file = home.path().join("password");
    std::fs::write(&file, format!("{PASSWORD}\nmore\n")).expect("written");
    home.run(&format!(
        "admin user add a --password-file {}",
        file.display()
    ))
    .done();
    let command = format!("--password-command=cat {}", file.display());
    Told::of(home.command("admin user add b").arg(command)).done();
    let mut child = home.start("admin user add c --password-stdin");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(format!("{PASSWORD}\n").as_bytes())
        .expect("written");
    Told::from(child.wait_with_output().expect("ended")).done();

    home.run("admin user add d")
        .code(2)
        .complaining("--password-stdin");
    home.run("admin user add d --password hunter2").code(2);
    home.run("admin user add d --password-stdin")
        .code(1)
        .complaining("standard input");
    home.run("admin user add d --password-env NOWHERE")
        .code(1)
        .complaining("NOWHERE is not set");
    home.run("admin user add d --password-env A --password-stdin")
        .code(2);
    assert_eq!(
        home.json("admin user list --output json")
            .as_array()
            .map(Vec::len),
        Some(3)
    );
}

#[test]
fn clients_get_a_secret_once() {
    let home = Home::new();
    let mut command = home
        .command("admin client add --redirect-uri https://shop.example/cb --id shop --output json");
    let client = Told::of(command.args([
        "Web shop",
        "--scope",
        "read write",
        "--default-scope",
        "read",
    ]))
    .done()
    .json();
    assert_eq!(text(&client, "client_id"), "shop");
    assert!(text(&client, "client_secret").starts_with("gp_cs_"));
    assert_eq!(
        client["grant_types"],
        serde_json::json!(["authorization_code", "refresh_token"])
    );
    assert_eq!(client["require_pkce"], true);
    assert_eq!(text(&client, "default_scope"), "read");

    let listed = home.run("admin client list --output json").done();
    assert!(
        !listed.stdout.contains("gp_cs_") && !listed.stdout.contains("client_secret\":"),
        "{}",
        listed.stdout
    );
    home.run("admin client add Other --id shop --grant client_credentials")
        .code(1)
        .complaining("exists already");

    let told = home
        .run("admin client add App --public --redirect-uri http://127.0.0.1/callback")
        .done();
    assert!(
        told.stdout.starts_with("client_id      cl_") && !told.stdout.contains("secret"),
        "{told:?}"
    );
    home.run("admin client add App --public").code(2);
    home.run("admin client add App --redirect-uri http://elsewhere.example/#x")
        .code(1);
    home.run("admin client add App --grant telepathy")
        .code(1)
        .complaining("telepathy");
}

#[test]
fn keys_belong_to_users() {
    let home = Home::new();
    home.run("admin key add report --user alice --scope read")
        .code(1)
        .complaining("does not exist");
    add_user(&home, "alice").done();
    let key = home
        .run("admin key add report --user alice --scope read")
        .done();
    assert!(key.line().starts_with("gp_ak_"));
    home.run("admin key add report --user alice --scope read")
        .code(1)
        .complaining("exists already");
    let listed = home.run("admin key list").done().stdout;
    assert!(
        listed.contains("report") && !listed.contains(key.line()),
        "{listed}"
    );
}

#[test]
fn the_database_is_the_one_that_serve_has() {
    let home = Home::new();
    add_user(&home, "alice").done();
    assert!(home.state().join("gatepass.db").exists());
    let other = home.path().join("other.db");
    let list = format!(
        "admin user list --output json --database {}",
        other.display()
    );
    assert_eq!(home.json(&list), serde_json::json!([]));
    assert_eq!(
        home.json("admin user list --output json --dev"),
        serde_json::json!([])
    );
    home.run("admin user list --database /no/such/folder/x.db")
        .code(1)
        .complaining("/no/such/folder/x.db");
}
