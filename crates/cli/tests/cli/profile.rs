//! `gatepass profile`.

use crate::home::{Home, Told, text};
use crate::token::Robot;

#[test]
fn profiles_of_every_method_are_added_and_shown() {
    let home = Home::new();
    assert!(home.run("profile list").done().stdout.is_empty());
    for words in [
        "web --issuer https://as.example --client-id cl_1 --scope read --api https://api.example",
        "robot --issuer https://as.example/x --client-id cl_2 --client-secret-env S --grant client_credentials --api https://as.example",
        "old --token-endpoint https://as.example/t --client-id c --grant password --username u --password-env P --api https://as.example",
        "form --login-url https://shop.example/auth --username u --password-file p --token-pointer /data/token --api https://shop.example",
        "basic --api https://a.example --username u --password-env P",
        "bearer --api https://b.example --token-env T",
        "key --api https://c.example --key-env K --key-header X-Key",
    ] {
        let told = home.run(&format!("profile add {words}")).done();
        assert!(
            told.stdout.is_empty() && told.stderr.starts_with("Added profile "),
            "{told:?}"
        );
    }
    let listed = home.json("profile list --output json");
    let methods: Vec<&str> = listed
        .as_array()
        .expect("a list")
        .iter()
        .map(|own| text(own, "method"))
        .collect();
    assert_eq!(
        methods,
        [
            "basic", "bearer", "login", "api_key", "oauth", "oauth", "oauth"
        ]
    );

    // A profile is used from any folder.
    let form = home.json("profile show form --output json");
    assert!(text(&form["password"], "file").starts_with('/'));
    assert_eq!(form["api"], serde_json::json!(["https://shop.example"]));
    let robot = home.json("profile show robot --output json");
    assert_eq!(robot["api"], serde_json::json!(["https://as.example"]));
    assert_eq!(robot["client_secret"], serde_json::json!({"env": "S"}));
    let shown = home.run("profile show robot").done().stdout;
    assert!(shown.contains("client_secret  from env S\n"), "{shown}");

    home.run("profile remove basic").done();
    home.run("profile show basic")
        .code(1)
        .complaining("there is no profile \"basic\"");
    assert_eq!(home.run("profile list").done().stdout.lines().count(), 7);
}

/// A file that is gone is named, and keeps nobody from looking at a profile or getting rid of it.
#[test]
fn a_profile_whose_certificate_is_gone_is_shown_and_removed() {
    let robot = Robot::new();
    let home = &robot.home;
    let gone = home.path().join("gone.pem");
    let lost = |member: &str| format!("{member}: {}: No such file", gone.display());
    let edit = |changes: &[String]| {
        let mut command = home.command("profile edit robot");
        Told::of(command.args(changes)).done();
    };
    let path = gone.display();
    let key = format!("certificate_key={path}");
    for (member, changes, mended) in [
        ("ca", vec![format!("ca={path}")], vec!["ca=".to_owned()]),
        (
            "certificate",
            vec![format!("certificate={path}"), key],
            vec!["certificate=".to_owned(), "certificate_key=".to_owned()],
        ),
    ] {
        robot.run("token robot").done();
        edit(&changes);
        let shown = home.run("profile show robot").done();
        assert!(shown.stderr.contains(&lost(member)), "{shown:?}");
        assert!(shown.stdout.contains("client_id"), "{shown:?}");
        let shown = home.run("profile show robot --output json").done();
        assert!(shown.stderr.contains(&lost(member)), "{shown:?}");
        assert_eq!(text(&shown.json(), member), path.to_string());

        // What is kept here is forgotten, though the server cannot be told.
        let told = home.run("logout robot").code(1);
        let told = told.complaining("Forgot the token");
        assert!(told.stderr.contains("gone.pem"), "{told:?}");
        assert!(!home.state().join("tokens/robot.json").exists());
        edit(&mended);
    }
    robot.run("token robot").done();
    edit(&[format!("ca={path}")]);
    let told = home.run("profile remove robot").done();
    assert!(
        told.stderr.contains("gone.pem") && told.stderr.contains("Removed profile robot"),
        "{told:?}"
    );
    assert!(!home.state().join("tokens/robot.json").exists());
}

/// A secret that was put into the keyring for a profile goes with it; where there is no keyring, that is told, and the profile
/// is gone all the same. What somebody else has put there is not touched.
#[test]
fn a_secret_in_the_keyring_goes_with_its_profile() {
    let home = Home::new();
    let add = |name: &str, entry: &str| {
        let words = format!("profile add {name} --api https://a.example --username me");
        let mut command = home.command(&words);
        command.args(["--password-keyring", entry]);
        Told::from(command.output().expect("ran")).done();
    };
    let remove = |name: &str| {
        let mut command = home.command(&format!("profile remove {name}"));
        command.env_remove("DBUS_SESSION_BUS_ADDRESS");
        Told::from(command.output().expect("ran"))
    };
    add("ours", "gatepass/secret ours password");
    add("shared", "gatepass/secret shared password");
    add("too", "gatepass/secret shared password");
    add("theirs", "mail/me");
    for name in ["shared", "theirs"] {
        let told = remove(name).done();
        assert!(!told.stderr.contains("keyring"), "{told:?}");
    }
    let told = remove("ours");
    assert!(told.stderr.contains("Removed profile ours."), "{told:?}");
    assert!(
        told.stderr.contains("gatepass/secret ours password"),
        "{told:?}"
    );
    // On a machine with an open keyring it is removed.
    match told.stderr.contains("Removed its secret") {
        true => told.done(),
        false => told
            .code(1)
            .complaining("its secret is still in the keyring"),
    };
    assert_eq!(home.run("profile list").done().stdout.lines().count(), 2);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let home = Home::new();
    home.run("profile add a --api https://a.example --key-env K")
        .done();
    home.run("profile add a --api https://a.example --key-env K")
        .code(1)
        .complaining("already");
    for (words, complaint) in [
        ("b", "say how to log in"),
        ("b --issuer https://as.example", "--api is needed"),
        (
            "b --issuer https://as.example --grant client_credentials --api https://a.example",
            "--client-id",
        ),
        ("b --client-id x", "--issuer"),
        ("b --key-env K", "--api is needed"),
        ("b --api https://a.example --username u", "--password-env"),
        (
            "b --api https://a.example --key-env K --token-env T",
            "one method",
        ),
        (
            "b --api https://a.example --key-env K --username u",
            "username does not belong",
        ),
        (
            "b --issuer https://as.example --client-id x --username u",
            "username does not belong",
        ),
        ("b --issuer http://as.example --client-id x", "plain http"),
        ("b --api http://a.example --key-env K", "plain http"),
        ("b --api https://a.example/path --key-env K", "origin"),
        (
            "b --issuer https://as.example --client-id x --client-auth magic",
            "client_secret_basic",
        ),
        ("../b --api https://a.example --key-env K", "profile name"),
        (
            "b --api https://a.example --key-header A:B --key-env K",
            "not a header name",
        ),
        (
            "b --login-style json --api https://a.example --key-env K",
            "--login-url",
        ),
    ] {
        home.run(&format!("profile add {words}"))
            .code(2)
            .complaining(complaint);
    }
    assert_eq!(
        home.json("profile list --output json")
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[test]
fn there_is_no_option_for_a_secret_itself() {
    let home = Home::new();
    for option in ["--client-secret", "--password", "--token", "--key"] {
        home.run(&format!("profile add x {option} hunter2")).code(2);
    }
    // Nor does a fault in the file repeat what may be one.
    std::fs::create_dir_all(home.path().join("config/gatepass")).expect("a folder");
    let file = home.path().join("config/gatepass/config.toml");
    std::fs::write(
        file,
        "[profile.a]\nmethod = \"bearer\"\ntoken = \"hunter2\"\n",
    )
    .expect("written");
    let told = home.run("profile list").code(1).complaining("config.toml:");
    assert!(!told.stderr.contains("hunter2"), "{told:?}");
}
