//! `gatepass exec` and `gatepass env`.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use crate::home::{Home, Told, piped};
use crate::token::Robot;

/// `exec` with a small script.
fn script(robot: &Robot, words: &str, script: &str) -> Command {
    let mut command = robot.command(&format!("exec {words} -- sh -c"));
    command.arg(script);
    command
}

#[test]
fn the_program_gets_the_token_and_nobody_else() {
    let robot = Robot::new();
    let token = robot.run("token robot").done().line().to_owned();
    let told = Told::of(&mut script(&robot, "robot", "echo $GATEPASS_TOKEN")).done();
    assert_eq!(told.line(), token);
    let told = Told::of(&mut script(
        &robot,
        "robot --name MY_TOKEN",
        "echo $MY_TOKEN$GATEPASS_TOKEN",
    ));
    assert_eq!(told.done().line(), token);
    let told = Told::of(&mut script(
        &robot,
        "robot",
        "tr '\\0' ' ' < /proc/$$/cmdline",
    ))
    .done();
    assert!(
        told.stdout.starts_with("sh -c ") && !told.stdout.contains(&token),
        "{told:?}"
    );
}

#[test]
fn the_program_takes_our_place() {
    let robot = Robot::new();
    robot.run("token robot").done();
    let mut child = piped(&mut script(&robot, "robot", "echo $$; cat; exit 7"));
    let id = child.id();
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"for the program")
        .expect("written");
    let told = Told::from(child.wait_with_output().expect("ended")).code(7);
    assert_eq!(told.stdout, format!("{id}\nfor the program"));
    assert!(told.stderr.is_empty(), "{told:?}");

    let status = script(&robot, "robot", "kill -TERM $$")
        .status()
        .expect("run");
    assert_eq!(status.signal(), Some(15), "as if we were not there");
}

#[test]
fn what_the_parent_ignores_stays_ignored() {
    let robot = Robot::new();
    robot.run("token robot").done();
    // A shell ignores Ctrl-C for what it runs in the background.
    let program = env!("CARGO_BIN_EXE_gatepass");
    let line =
        format!("trap '' INT; exec {program} exec robot -- sh -c 'kill -INT $$; echo alive'");
    let mut shell = Command::new("sh");
    for (name, value) in robot.command("").get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    let told = Told::of(shell.args(["-c", &line]).stdin(Stdio::null())).done();
    assert_eq!(told.line(), "alive");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let robot = Robot::new();
    robot
        .run("exec robot -- /no/such/program")
        .code(1)
        .complaining("/no/such/program");
    robot.run("exec robot sh").code(2);
    robot.run("exec robot --").code(2);
    robot
        .run("exec robot --name 1A -- true")
        .code(2)
        .complaining("--name");
    robot.run("exec robot --name A=B -- true").code(2);
    robot
        .run("exec nobody -- true")
        .code(1)
        .complaining("nobody");
    let home = &robot.home;
    home.run("profile add basic --api https://a.example --username u --password-env P")
        .done();
    home.run("exec basic -- true")
        .code(2)
        .complaining("gatepass header basic");
    crate::login::web(home, &robot.server, "");
    home.run("exec web -- true")
        .code(4)
        .complaining("gatepass login web");
}

#[test]
fn a_secret_that_is_sent_as_it_is_goes_along_too() {
    let home = Home::new();
    home.run("profile add key --api https://a.example --key-env KEY")
        .done();
    let mut command = home.command("exec key --name OUT -- sh -c");
    let told = Told::of(command.arg("printf %s \"$OUT\"").env("KEY", "k 1'x")).done();
    assert_eq!(told.stdout, "k 1'x");
}

#[test]
fn a_shell_reads_the_assignment() {
    let home = Home::new();
    home.run("profile add key --api https://a.example --key-env KEY")
        .done();
    let secret = "a'b \"c\" $d \\ `e`";
    let env = |words: &str| Told::of(home.command(words).env("KEY", secret)).done();
    let line = env("env key --name OUT").line().to_owned();
    let mut shell = Command::new("sh");
    let told = Told::of(shell.args(["-c", &format!("{line}; sh -c 'printf %s \"$OUT\"'")]));
    assert_eq!(told.done().stdout, secret);
    assert_eq!(env("env").line(), line.replace("OUT", "GATEPASS_TOKEN"));
    let json = env("env key --name OUT --output json").json();
    assert_eq!(json, serde_json::json!({ "OUT": secret }));
    assert!(
        env("env key --shell fish")
            .line()
            .starts_with("set -gx GATEPASS_TOKEN '")
    );
    assert!(
        env("env key --shell powershell")
            .line()
            .starts_with("$env:GATEPASS_TOKEN = '")
    );
    home.run("env key --shell csh").code(2);
    home.run("env key").code(1).complaining("KEY is not set");
}
