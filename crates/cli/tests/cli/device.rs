//! `gatepass login` where the server is one of the test's own: on another device, as somebody else, for less.

use serde_json::{Value, json};

use crate::authority::{Asked, Authority, key, metadata, nothing};
use crate::home::{Home, Told};
use crate::typist::Typist;

/// A server that people log in at on another device; whose token it gives, each time it is asked again.
fn authority(accounts: &'static [&'static str], granted: &'static str) -> Authority {
    let key = key();
    let keys = json!({"keys": [key.jwk()]});
    Authority::start(move |asked, origin| match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => metadata(
            origin,
            &json!({
                "device_authorization_endpoint": format!("{origin}/device"),
                "jwks_uri": format!("{origin}/keys"),
            }),
        ),
        "/keys" => (200, keys.clone()),
        "/device" => (
            200,
            json!({
                "device_code": "the-device-code",
                "user_code": "WDJB-MJHT",
                "verification_uri": "https://as.example/device",
                "verification_uri_complete": "https://as.example/device?user_code=WDJB-MJHT",
                "expires_in": 600,
                "interval": 1,
            }),
        ),
        "/token" => token(asked, origin, &key, accounts, granted),
        _ => nothing(),
    })
}

/// Everybody takes their time: the first question of each login comes too early.
fn token(
    asked: &Asked,
    origin: &str,
    key: &gatepass_proto::jose::SigningKey,
    accounts: &[&str],
    granted: &str,
) -> (u16, Value) {
    if asked.before.is_multiple_of(2) {
        return (400, json!({"error": "authorization_pending"}));
    }
    let account = accounts[(asked.before / 2).min(accounts.len() - 1)];
    let claims = json!({
        "iss": origin,
        "sub": format!("id-of-{account}"),
        "aud": "cl_1",
        "iat": now(),
        "exp": now() + 600,
        "preferred_username": account,
    });
    let answer = json!({
        "access_token": format!("token-of-{account}"),
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": granted,
        "id_token": key.sign("JWT", &claims).expect("signed"),
    });
    (200, answer)
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_secs()
}

fn add(home: &Home, authority: &Authority, more: &str) {
    let issuer = &authority.origin;
    let words = format!(
        "profile add web --issuer {issuer} --api {issuer} --client-id cl_1 --set scope=openid {more}"
    );
    home.run(&words).done();
}

#[test]
fn a_code_is_typed_elsewhere() {
    let home = Home::new();
    let authority = authority(&["first"], "openid");
    add(&home, &authority, "");
    let told = home.run("login web --device").done();
    for text in [
        "https://as.example/device\n",
        "WDJB-MJHT",
        "?user_code=WDJB-MJHT",
    ] {
        assert!(told.stderr.contains(text), "{text}: {told:?}");
    }
    // Nobody looks, so nothing is drawn.
    assert!(!told.stderr.contains(['█', '┌', '\x1b']), "{told:?}");
    assert!(
        told.stderr
            .contains("Logged in to web as first, scope openid;"),
        "{told:?}"
    );
    assert!(told.stderr.contains("It is kept in "), "{told:?}");
    assert_eq!(home.run("token web").done().line(), "token-of-first");
    let asked = authority.asked("/token");
    assert_eq!(asked.len(), 2, "once too early, and once more");
    assert_eq!(
        asked[1].param("device_code").as_deref(),
        Some("the-device-code")
    );
}

#[test]
fn a_terminal_shows_a_box_and_a_qr_code() {
    let home = Home::new();
    let authority = authority(&["first"], "openid");
    add(&home, &authority, "--grant device_code");
    let mut wide = Typist::at(&mut home.command("login web"), 100, 60);
    wide.sees("https://as.example/device")
        .sees("│    WDJB-MJHT    │")
        .sees("Or scan it")
        .sees("█▀▀▀▀▀█");
    wide.sees("Waiting for you")
        .sees("Logged in to web as first");
    assert_eq!(wide.ends(), Some(0));

    // A part of it would be none, and without colours it may be the wrong way round.
    let mut narrow = Typist::at(&mut home.command("login web"), 30, 60);
    let mut low = Typist::at(&mut home.command("login web"), 100, 20);
    let mut grey = Typist::at(home.command("login web").env("NO_COLOR", "1"), 100, 60);
    for terminal in [&mut narrow, &mut low, &mut grey] {
        terminal.sees("WDJB-MJHT").sees("Logged in");
        assert_eq!(terminal.ends(), Some(0));
        assert!(!terminal.text().contains("█▀▀▀▀▀█"), "{}", terminal.text());
    }
    assert!(!grey.raw().contains("\x1b["), "{:?}", grey.raw());
}

#[test]
fn another_account_and_a_smaller_scope_are_told() {
    let home = Home::new();
    let authority = authority(&["first", "second"], "openid read");
    add(&home, &authority, "--grant device_code");
    let told = home.run("login web --scope openid").done();
    assert!(!told.stderr.contains("another account"), "{told:?}");
    let mut command = home.command("login web");
    command.args(["--scope", "openid read write admin"]);
    let told = Told::of(&mut command).done();
    assert!(
        told.stderr
            .contains("This is another account than before, which was first."),
        "{told:?}"
    );
    assert!(
        told.stderr
            .contains("Asked for, but not granted: write admin."),
        "{told:?}"
    );
    assert!(!told.stderr.contains("WARN"), "it is said once: {told:?}");
    let scopes: Vec<_> = authority
        .asked("/device")
        .iter()
        .map(|own| own.param("scope"))
        .collect();
    assert_eq!(
        scopes,
        [
            Some("openid".to_owned()),
            Some("openid read write admin".to_owned())
        ]
    );
}

#[test]
fn what_needs_a_person_is_for_profiles_that_do() {
    let home = Home::new();
    home.run("profile add robot --issuer https://as.example --client-id c --client-secret-env S --grant client_credentials --api https://a.example").done();
    for words in [
        "--device",
        "--paste",
        "--scope read",
        "--prompt login",
        "--param a=b",
    ] {
        home.run(&format!("login robot {words}"))
            .code(2)
            .complaining("needs no person");
    }
    home.run("login robot --param nothing")
        .code(2)
        .complaining("NAME=VALUE");
    // The profile of another origin is not meant.
    home.run("login http://127.0.0.1:9/x")
        .code(3)
        .complaining("cannot connect");
}
