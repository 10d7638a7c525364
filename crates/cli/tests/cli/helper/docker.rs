//! `gatepass helper docker`.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::{Robot, given};
use crate::home::{Home, Told};

const NOT_FOUND: &str = "credentials not found in native keychain\n";

/// The helper under the name that docker looks for.
fn helper(home: &Home) -> Command {
    let link = home.path().join("docker-credential-gatepass");
    if !link.exists() {
        symlink(env!("CARGO_BIN_EXE_gatepass"), &link).expect("linked");
    }
    let mut same = Command::new(link);
    let usual = home.command("");
    same.env_clear();
    same.envs(
        usual
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    same.env("T", "abc");
    same
}

fn said(home: &Home, action: &str, input: &str) -> Told {
    given(helper(home).arg(action), input)
}

fn registries() -> Home {
    let home = Home::new();
    for words in [
        "hub --api https://registry.example --username me --password-env T",
        "cloud --api https://eu.gcr.io --token-env T",
        "local --api http://127.0.0.1:5000 --api https://ghcr.example:8443 --token-env T",
        "maps --api https://maps.example --key-env T",
        "web --api https://web.example --issuer https://as.invalid --client-id c",
    ] {
        home.run(&format!("profile add {words}")).done();
    }
    home
}

#[test]
fn a_registrys_credential_is_given_to_the_letter() {
    let home = registries();
    for (server, username) in [
        ("registry.example", "me"),
        ("https://registry.example", "me"),
        ("https://registry.example/v1/", "me"),
        ("eu.gcr.io", "oauth2accesstoken"),
        ("127.0.0.1:5000", "oauth2"),
        ("ghcr.example:8443", "oauth2"),
    ] {
        let expected = format!(
            "{{\"ServerURL\":\"{server}\",\"Username\":\"{username}\",\"Secret\":\"abc\"}}\n"
        );
        let told = said(&home, "get", &format!("{server}\n")).done();
        assert_eq!((told.stdout, told.stderr), (expected, String::new()));
    }
    let told = given(
        home.command("helper docker get").env("T", "abc"),
        "registry.example",
    )
    .done();
    assert!(told.stdout.contains("\"Secret\":\"abc\""), "{told:?}");
}

#[test]
fn docker_hears_on_standard_output_why_not() {
    let home = registries();
    for (action, input, expected) in [
        ("get", "unknown.example", NOT_FOUND),
        ("get", "registry.example:444", NOT_FOUND),
        ("get", "ftp://registry.example", NOT_FOUND),
        ("get", "http://registry.example", NOT_FOUND),
        ("get", "", "no credentials server URL\n"),
        ("erase", " \n", "no credentials server URL\n"),
        ("frob", "", "Unknown credential action `frob`\n"),
        (
            "store",
            "{}",
            "expected an object with ServerURL, Username and Secret\n",
        ),
        (
            "store",
            r#"{"ServerURL":"","Username":"u","Secret":"s"}"#,
            "no credentials server URL\n",
        ),
        (
            "store",
            r#"{"ServerURL":"x","Username":"","Secret":"s"}"#,
            "no credentials username\n",
        ),
    ] {
        let told = said(&home, action, input).code(1);
        assert_eq!(
            (told.stdout.as_str(), told.stderr.as_str()),
            (expected, ""),
            "{action}"
        );
    }
    let told = said(&home, "get", "maps.example").code(1);
    assert!(
        told.stdout.contains("another program cannot send"),
        "{told:?}"
    );
    let told = said(&home, "get", "web.example").code(1);
    assert!(told.stdout.contains("gatepass login web"), "{told:?}");
}

#[test]
fn only_what_is_here_already_is_stored() {
    let home = registries();
    let wire = |secret: &str| {
        format!(r#"{{"ServerURL":"registry.example","Username":"me","Secret":"{secret}"}}"#)
    };
    let told = said(&home, "store", &wire("abc")).done();
    assert!(told.stdout.is_empty() && told.stderr.is_empty(), "{told:?}");
    let told = said(&home, "store", &wire("hunter2")).code(1);
    assert!(told.stdout.contains("gatepass profile add"), "{told:?}");
    assert!(!told.stdout.contains("hunter2"), "{told:?}");
}

#[test]
fn a_logout_of_dockers_forgets_nothing_and_says_so() {
    let home = registries();
    let told = said(&home, "erase", "registry.example").code(1);
    assert!(told.stdout.contains("gatepass logout hub"), "{told:?}");
    assert_eq!(said(&home, "erase", "unknown.example").done().stdout, "");
    assert!(
        said(&home, "get", "registry.example")
            .done()
            .stdout
            .contains("abc")
    );
}

#[test]
fn the_list_has_what_can_be_given_now() {
    let home = registries();
    let told = said(&home, "list", "").done();
    assert_eq!(
        told.stdout,
        "{\"http://127.0.0.1:5000\":\"oauth2\",\"https://eu.gcr.io\":\"oauth2accesstoken\",\
         \"https://ghcr.example:8443\":\"oauth2\",\"https://registry.example\":\"me\"}\n"
    );
    assert_eq!(said(&Home::new(), "list", "").done().stdout, "{}\n");
    assert!(
        said(&home, "version", "")
            .done()
            .stdout
            .starts_with("docker-credential-gatepass (gatepass) v")
    );
}

#[test]
fn a_token_is_renewed_on_the_way() {
    let robot = Robot::of(&["https://registry.example"]);
    let mut command = helper(&robot.home);
    command
        .env("SECRET", robot.server.get("client_secret"))
        .arg("get");
    let told = given(&mut command, "registry.example").done();
    let answer: serde_json::Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert_eq!(answer["Secret"], robot.token());
}
