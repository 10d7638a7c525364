//! `gatepass refresh`.

use crate::token::Robot;

#[test]
fn a_renewal_is_forced() {
    let robot = Robot::new();
    let token = robot.run("token").done().line().to_owned();
    assert_eq!(robot.run("token").done().line(), token);
    let told = robot.run("refresh robot").done();
    assert!(told.stdout.is_empty(), "{told:?}");
    assert!(
        told.stderr
            .starts_with("Renewed the token of robot; it expires in "),
        "{told:?}"
    );
    let renewed = robot.run("token").done().line().to_owned();
    assert_ne!(renewed, token);
    let json = robot.run("refresh --output json").done().json();
    assert_eq!(json["profile"], "robot");
    assert!(
        json["expires_in"]
            .as_u64()
            .is_some_and(|seconds| seconds > 100),
        "{json}"
    );
    assert_ne!(robot.run("token").done().line(), renewed);
}

#[test]
fn where_nothing_can_be_renewed_the_exit_code_says_why() {
    let robot = Robot::new();
    let home = &robot.home;
    crate::login::web(home, &robot.server, "");
    home.run("refresh web")
        .code(4)
        .complaining("gatepass login web");
    home.run("profile add key --api https://a.example --key-env KEY")
        .done();
    home.run("refresh key")
        .code(2)
        .complaining("method api_key");
    home.run("refresh nobody").code(1).complaining("nobody");
    robot.run("refresh robot").done();
    let Robot { home, server } = robot;
    let secret = server.get("client_secret").to_owned();
    drop(server);
    let mut command = home.command("refresh robot");
    crate::home::Told::of(command.env("SECRET", secret)).code(3);
    // The old token is not lost.
    home.run("token robot").done();
}
