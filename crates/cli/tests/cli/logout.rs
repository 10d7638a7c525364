//! `gatepass logout`: all at once, at the browser too, with the client itself; and what a refused request advises.

use serde_json::{Value, json};

use crate::authority::{Asked, Authority, key, metadata, nothing};
use crate::home::{Home, Told};
use crate::login::{browser, wait_for};

/// A server at which clients register themselves, people log in on another device, and everything can be ended.
fn authority() -> Authority {
    let key = key();
    let keys = json!({"keys": [key.jwk()]});
    Authority::start(move |asked, origin| match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => doors(origin),
        "/keys" => (200, keys.clone()),
        "/register" => (
            201,
            json!({
                "client_id": "made",
                "registration_client_uri": format!("{origin}/register/made"),
                "registration_access_token": "manage-it",
            }),
        ),
        "/register/made" if asked.method == "DELETE" => (204, json!({})),
        "/device" => (
            200,
            json!({"device_code": "d", "user_code": "WDJB-MJHT", "verification_uri": "https://as.example/d", "interval": 1}),
        ),
        "/token" => (200, token(asked, origin, &key)),
        "/revoke" => (200, json!({})),
        _ => nothing(),
    })
}

fn doors(origin: &str) -> (u16, Value) {
    let at = |path: &str| format!("{origin}/{path}");
    let more = json!({
        "registration_endpoint": at("register"),
        "device_authorization_endpoint": at("device"),
        "revocation_endpoint": at("revoke"),
        "end_session_endpoint": at("end"),
        "jwks_uri": at("keys"),
    });
    metadata(origin, &more)
}

fn token(asked: &Asked, origin: &str, key: &gatepass_proto::jose::SigningKey) -> Value {
    let claims = json!({
        "iss": origin,
        "sub": "s",
        "aud": asked.param("client_id"),
        "iat": 1_700_000_000,
        "exp": 4_000_000_000_u64,
    });
    json!({
        "access_token": "t",
        "token_type": "Bearer",
        "scope": "openid",
        "id_token": key.sign("JWT", &claims).expect("signed"),
    })
}

fn log_in(home: &Home, authority: &Authority, name: &str) {
    let issuer = &authority.origin;
    home.run(&format!(
        "profile add {name} --issuer {issuer} --api {issuer} --grant device_code --scope openid"
    ))
    .done();
    home.run(&format!("login {name}")).done();
}

#[test]
fn the_browser_and_the_client_are_logged_out_too() {
    let home = Home::new();
    let authority = authority();
    log_in(&home, &authority, "web");
    let (program, link) = browser(&home);
    let mut command = home.command("logout web --browser --unregister");
    let told = Told::of(command.env("BROWSER", program)).done();
    // The page hears whose session it is, which only the token told.
    let page: url::Url = wait_for(&link).parse().expect("a URL");
    assert_eq!(page.path(), "/end");
    let hint = page.query_pairs().find(|(name, _)| name == "id_token_hint");
    assert_eq!(hint.expect("a hint").1.split('.').count(), 3);
    assert!(told.stderr.contains("revoked at the server"), "{told:?}");
    assert!(
        told.stderr
            .contains("Deleted the client made at the server."),
        "{told:?}"
    );
    let deleted = authority.asked("/register/made").pop().expect("asked");
    assert_eq!(deleted.method, "DELETE");
    assert!(
        deleted
            .head
            .to_ascii_lowercase()
            .contains("authorization: bearer manage-it")
    );
    assert_eq!(authority.asked("/revoke").len(), 1);
    home.run("logout web --unregister")
        .done()
        .complaining("no client that registered itself");
}

#[test]
fn a_client_that_several_profiles_share_is_said_to_be_gone_for_all() {
    let home = Home::new();
    let authority = authority();
    log_in(&home, &authority, "one");
    log_in(&home, &authority, "two");
    assert_eq!(authority.asked("/register").len(), 1);
    let told = home.run("logout one --unregister").done();
    assert!(
        told.stderr.contains("It was the client of two too"),
        "{told:?}"
    );
}

#[test]
fn everybody_is_logged_out_at_once() {
    let home = Home::new();
    let authority = authority();
    log_in(&home, &authority, "one");
    log_in(&home, &authority, "two");
    home.run("profile add key --api https://a.example --key-env K")
        .done();
    let told = home.run("logout --all").done();
    assert_eq!(
        told.stderr.matches("revoked at the server").count(),
        2,
        "{told:?}"
    );
    assert!(!told.stderr.contains("key"), "it has no token: {told:?}");
    home.run("token one").code(4);
    home.run("logout one --all").code(2);
}

#[test]
fn a_refused_request_says_which_login_would_help() {
    let home = Home::new();
    let authority = authority();
    let api = crate::canned::Canned::start();
    let issuer = &authority.origin;
    home.run(&format!(
        "profile add web --issuer {issuer} --api {} --grant device_code --scope openid",
        api.origin
    ))
    .done();
    home.run("login web").done();
    let challenge = |text: &str| format!("WWW-Authenticate: Bearer {text}\r\n");
    api.answer(
        "/more",
        "403 Forbidden",
        &challenge("error=\"insufficient_scope\", scope=\"write\""),
        "",
    );
    api.answer(
        "/better",
        "401 Unauthorized",
        &challenge("error=\"insufficient_user_authentication\", acr_values=\"gold silver\", max_age=\"60\""),
        "",
    );
    let told = home
        .run(&format!("get {}/more --no-interactive", api.origin))
        .code(5);
    assert!(
        told.stderr
            .contains("gatepass login web --scope 'openid write'\n"),
        "{told:?}"
    );
    let told = home
        .run(&format!("get {}/better --no-interactive", api.origin))
        .code(4);
    let command = "gatepass login web --acr-values 'gold silver' --max-age 60\n";
    assert!(told.stderr.contains(command), "{told:?}");
    home.run(&format!("request --ignore-status {}/more", api.origin))
        .done();
}
