//! `gatepass status`.

use crate::home::{Home, text};
use crate::login;
use crate::token::Robot;

#[test]
fn all_profiles_are_in_one_table() {
    let robot = Robot::new();
    let home = &robot.home;
    home.run("profile add old --api https://old.example --username me --password-env P")
        .done();
    robot.run("token robot").done();
    let told = home.run("status").done();
    let [heading, old, own, "", way] = told.stdout.lines().collect::<Vec<_>>()[..] else {
        panic!("{told:?}")
    };
    assert!(heading.starts_with("PROFILE  TOKEN  EXPIRES"), "{heading}");
    assert_eq!(heading.find("ACCOUNT"), old.find("me"), "{told:?}");
    assert!(old.starts_with("old      basic  -"), "{old}");
    assert!(own.starts_with("robot    valid  in "), "{own}");
    assert!(
        own.contains("  write  ") && own.ends_with("  ~/state/gatepass/tokens/robot.json"),
        "{own}"
    );
    assert!(way.starts_with("robot: "), "{way}");
    let path = home.path().to_str().expect("UTF-8");
    assert!(!told.stdout.contains(path), "{told:?}");

    login::web(home, &robot.server, "");
    assert!(home.run("status").code(4).stdout.contains("login needed"));
    // Only those that are named count.
    home.run("status robot").done();
    home.run("status robot old").done();
    home.run("status robot web").code(4);
    home.run("status robot none").code(1).complaining("none");
    let json = home.run("status --output json").code(4).json();
    let states: Vec<&str> = json
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| text(one, "state"))
        .collect();
    assert_eq!(states, ["not_needed", "valid", "login_needed"]);
    assert_eq!(text(&json[0], "account"), "me");
}

#[test]
fn without_profiles_there_is_a_hint() {
    let home = Home::new();
    let told = home.run("status").done();
    assert!(
        told.stdout.is_empty() && told.stderr.contains("gatepass profile add"),
        "{told:?}"
    );
    assert_eq!(home.json("status --output json"), serde_json::json!([]));
}
