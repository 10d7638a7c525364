//! OpenID Connect between our own two halves: the client checks what the server writes.

use serde_json::json;

use crate::agent::Agent;
use crate::home::{Home, Told, text};
use crate::login::log_in;
use crate::server::Server;

/// The public client's profile, `web`, for OpenID Connect.
fn web(home: &Home, server: &Server) {
    let words = format!(
        "profile add web --issuer {0} --api {0} --client-id {1}",
        server.issuer(),
        server.get("public_client_id")
    );
    let mut command = home.command(&words);
    Told::of(command.args(["--scope", "openid profile email offline_access"])).done();
}

#[test]
fn a_login_gives_an_id_token_that_our_client_believes_and_userinfo_that_fits_it() {
    let home = Home::new();
    let server = Server::dev(&home);
    web(&home, &server);
    let (page, told) = log_in(&home, "login web", &mut Agent::of(&server), &[]);
    assert_eq!(page.status, 200, "{}", page.body);
    told.done();
    let claims = home.json("userinfo web --output json");
    assert!(text(&claims, "sub").starts_with("us_"));
    assert_eq!(text(&claims, "email"), "dev@example.com");
    assert_eq!(text(&claims, "preferred_username"), server.get("user"));
    let told = home.run("userinfo web").done().stdout;
    assert!(
        told.starts_with("sub  ") && told.contains("dev@example.com"),
        "{told}"
    );
    // The ID token that comes with a refresh is checked against the one of the login.
    home.run("refresh web").done();
    assert_eq!(home.json("userinfo web --output json"), claims);
}

#[test]
fn what_an_operator_sets_is_what_clients_are_told() {
    let home = Home::new();
    let server = Server::dev(&home);
    web(&home, &server);
    let (_, told) = log_in(&home, "login web", &mut Agent::of(&server), &[]);
    told.done();
    let user = server.get("user");
    let words = format!("admin user set {user} --dev --email new@example.com --unset nickname");
    let mut command = home.command(&words);
    Told::of(command.args(["--name", "New Name"])).done();
    let claims = home.json("userinfo web --output json");
    assert_eq!(text(&claims, "email"), "new@example.com");
    assert_eq!(text(&claims, "name"), "New Name");
    assert_eq!(claims["email_verified"], false);
    assert_eq!(claims.get("nickname"), None);
}

#[test]
fn claims_are_read_as_what_they_are() {
    let home = Home::new();
    let mut command = home.command("admin user add ann --password-env PASSWORD --output json");
    let command = command.env("PASSWORD", "correct horse battery staple");
    let args = [
        "--claim",
        "birthdate=1990",
        "--claim",
        r#"address={"country":"DE"}"#,
        "--claim",
        "team=blue",
        "--email",
        "ann@example.com",
    ];
    let user = Told::of(command.args(args)).done().json();
    assert_eq!(user["claims"]["birthdate"], "1990");
    assert_eq!(user["claims"]["address"], json!({ "country": "DE" }));
    home.run("admin user set ann --claim email_verified=true")
        .done();
    let users = home.json("admin user list --output json");
    let claims = &users[0]["claims"];
    assert_eq!(claims["email_verified"], true);
    assert_eq!(claims["team"], "blue");
    assert!(claims["updated_at"].is_u64());
    for (words, why) in [
        ("admin user set ann --claim sub=us_1", "cannot be set"),
        (
            "admin user set ann --claim email_verified=yes",
            "true or false",
        ),
        (
            "admin user set ann --email nowhere",
            "not an e-mail address",
        ),
        ("admin user set bob --claim team=red", "does not exist"),
    ] {
        home.run(words).code(1).complaining(why);
    }
    home.run("admin user set ann").code(2);
    home.run("admin user set ann --claim team")
        .code(2)
        .complaining("NAME=VALUE");
    home.run("admin user add cid --password-env NONE --claim iss=x")
        .code(1)
        .complaining("cannot be set");
    assert_eq!(home.json("admin user list --output json"), users);
}
