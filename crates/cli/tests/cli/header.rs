//! `gatepass header`.

use std::process::Stdio;

use crate::echo;
use crate::home::{Home, Told, piped};
use crate::token::Robot;

#[test]
fn a_header_is_printed_as_curl_reads_it() {
    let robot = Robot::new();
    let token = robot.run("token").done().line().to_owned();
    let line = robot.home.run("header robot").done().line().to_owned();
    assert_eq!(line, format!("Authorization: Bearer {token}"));
    let json = robot.home.json("header --output json");
    assert_eq!(
        json,
        serde_json::json!({ "Authorization": format!("Bearer {token}") })
    );

    let url = format!("{}/api/data", robot.server.issuer());
    assert_eq!(
        robot
            .home
            .run(&format!("header robot --url {url}"))
            .done()
            .line(),
        line
    );
    robot
        .home
        .run("header robot --url https://elsewhere.example/")
        .code(1)
        .complaining("this credential is not for https://elsewhere.example");
    robot.home.run("header robot --method POST").code(2);
}

#[test]
fn curl_takes_it_from_a_pipe() {
    let home = Home::new();
    let origin = echo::start();
    home.run(&format!("profile add key --api {origin} --key-env KEY"))
        .done();
    let mut header = piped(home.command("header key").env("KEY", "k1"));
    let mut curl = std::process::Command::new("curl");
    curl.args(["-sS", "-H", "@-", &origin])
        .stdin(Stdio::from(header.stdout.take().expect("a pipe")));
    let told = Told::of(&mut curl).done();
    assert!(told.stdout.contains("X-Api-Key: k1\r\n"), "{told:?}");
    assert!(header.wait().expect("ended").success());
}

#[test]
fn what_goes_into_no_header_is_said() {
    let home = Home::new();
    let folder = home.path().join("config/gatepass");
    std::fs::create_dir_all(&folder).expect("made");
    let config = "[profile.query]\nmethod = \"api_key\"\napi = [\"https://a.example\"]\nkey = { env = \"K\" }\nquery = \"key\"\n\
                  [profile.digest]\nmethod = \"digest\"\napi = [\"https://a.example\"]\nusername = \"u\"\npassword = { env = \"K\" }\n\
                  [profile.cookie]\nmethod = \"api_key\"\napi = [\"https://a.example\"]\nkey = { env = \"K\" }\ncookie = \"sid\"\n";
    std::fs::write(folder.join("config.toml"), config).expect("written");
    let run = |words: &str| Told::of(home.command(words).env("K", "k1"));
    run("header query").code(2).complaining("goes into the URL");
    run("header digest").code(2).complaining("challenge");
    assert_eq!(run("header cookie").done().line(), "Cookie: sid=k1");
    assert_eq!(run("token query").done().line(), "k1");
    run("token digest")
        .code(2)
        .complaining("HTTP Digest has no token");
}
