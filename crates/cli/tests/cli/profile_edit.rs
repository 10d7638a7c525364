//! `gatepass profile edit` and `gatepass profile use`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use crate::home::{Home, Told, text};
use crate::pty;

const CONFIG: &str = "\
# mine

[profile.work] # the important one
method = \"oauth\"
api = [\"https://api.example.com\"]
issuer = \"https://login.example.com\"
client_id = \"cl_1\" # as they told us
scope = \"read\"

[profile.maps]
method = \"api_key\"
api = [\"https://maps.example.com\"]
key = { env = \"MAPS\" }
";

fn written() -> (Home, PathBuf) {
    let home = Home::new();
    let folder = home.path().join("config/gatepass");
    fs::create_dir_all(&folder).expect("made");
    let file = folder.join("config.toml");
    fs::write(&file, CONFIG).expect("written");
    (home, file)
}

fn read(file: &PathBuf) -> String {
    fs::read_to_string(file).expect("readable")
}

#[test]
fn members_change_and_all_else_stays() {
    let (home, file) = written();
    let mut command = home.command("profile edit work client_id=cl_2 client_secret.env=S");
    let told = Told::of(command.args(["scope=read write", "params.prompt=consent"])).done();
    assert!(
        told.stdout.is_empty() && told.stderr.starts_with("Changed profile work.\n"),
        "{told:?}"
    );
    assert!(
        told.stderr.contains("gatepass login work"),
        "another client has another token: {told:?}"
    );
    let expected = CONFIG
        .replace("\"cl_1\"", "\"cl_2\"")
        .replace("scope = \"read\"\n", "scope = \"read write\"\nclient_secret = { env = \"S\" }\nparams = { prompt = \"consent\" }\n");
    assert_eq!(read(&file), expected);
    let shown = home.run("profile show work").done().stdout;
    assert!(shown.contains("client_secret  from env S\n"), "{shown}");
    assert!(shown.contains("params         prompt=consent\n"), "{shown}");
    home.run("profile edit work client_secret= params=").done();
    let told = home.run("profile edit work scope=read").done();
    assert!(!told.stderr.contains("gatepass login"), "{told:?}");
    home.run("profile edit work client_id=cl_1").done();
    assert_eq!(read(&file), CONFIG);
}

#[test]
fn what_makes_no_sense_changes_nothing() {
    let (home, file) = written();
    for (words, complaint) in [
        ("work scope", "MEMBER=VALUE"),
        ("work scop=x", "scop"),
        ("work api=http://x.example", "plain http"),
        ("work client_secret=hunter2", "does not belong in this file"),
        ("work redirect_uri=", "no such member"),
        ("maps scope=x", "does not belong to method api_key"),
        ("../x scope=x", "profile name"),
    ] {
        let told = home.run(&format!("profile edit {words}")).code(2);
        assert!(
            told.stderr.contains(complaint) && !told.stderr.contains("hunter2"),
            "{words}: {told:?}"
        );
        assert_eq!(read(&file), CONFIG, "{words}");
    }
    home.run("profile edit none scope=x")
        .code(1)
        .complaining("none");
}

/// A program for `EDITOR`.
fn editor(home: &Home, script: &str) -> PathBuf {
    let program = home.path().join("my editor");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("changed");
    program
}

fn edit(home: &Home, words: &str, script: &str) -> Told {
    let program = editor(home, script);
    let mut command = home.command(&format!("profile edit {words}"));
    command.env("EDITOR", "false");
    Told::of(command.env("VISUAL", format!("'{}' --wait", program.display())))
}

#[test]
fn an_editor_works_on_a_copy() {
    let (home, file) = written();
    let told = edit(
        &home,
        "",
        "[ \"$1\" = --wait ] && sed -i s/mine/ours/ \"$2\"",
    )
    .done();
    assert!(told.stderr.starts_with("Changed "), "{told:?}");
    assert_eq!(read(&file), CONFIG.replace("mine", "ours"));
    let told = edit(&home, "work", "true").done();
    assert_eq!(told.stderr, "Nothing was changed.\n");
    edit(&home, "none", "true").code(1).complaining("none");
    edit(&home, "", "exit 3")
        .code(1)
        .complaining("nothing was changed");
    let mut command = home.command("profile edit");
    Told::of(command.env("EDITOR", "/no/such/editor")).code(1);
    assert_eq!(read(&file), CONFIG.replace("mine", "ours"));
}

#[test]
fn what_was_written_badly_is_kept_elsewhere() {
    let (home, file) = written();
    let told = edit(&home, "", "sed -i 4s/method/metod/ \"$2\"").code(1);
    let complaint = ":4:1: unknown member \"metod\"; did you mean \"method\"?";
    assert!(told.stderr.contains(complaint), "{told:?}");
    assert_eq!(read(&file), CONFIG);
    let copy = told
        .stderr
        .trim_end()
        .rsplit("what you wrote is in ")
        .next()
        .expect("a place");
    assert_eq!(
        read(&PathBuf::from(copy)),
        CONFIG.replacen("method", "metod", 1)
    );
    fs::remove_file(copy).expect("removed");
    // Somebody else was faster.
    let other = format!(
        "echo '# other' >> '{}'; sed -i s/mine/ours/ \"$2\"",
        file.display()
    );
    edit(&home, "", &other).code(1).complaining("somebody else");
    assert_eq!(read(&file), format!("{CONFIG}# other\n"));
}

#[test]
fn a_person_may_edit_again() {
    use std::io::{Read as _, Write as _};
    let (home, file) = written();
    let program = editor(
        &home,
        "if grep -q metod \"$1\"; then sed -i s/metod/method/ \"$1\"; else sed -i s/method/metod/ \"$1\"; fi",
    );
    let mut command = home.command("profile edit");
    let (mut child, mut terminal) =
        pty::start(command.env("EDITOR", format!("'{}'", program.display())));
    let mut said = String::new();
    let mut chunk = [0; 1024];
    while !said.contains("Edit again?") {
        let count = terminal.read(&mut chunk).expect("a question");
        said.push_str(&String::from_utf8_lossy(&chunk[..count]));
    }
    terminal.write_all(b"y\n").expect("answered");
    while let Ok(count @ 1..) = terminal.read(&mut chunk) {
        said.push_str(&String::from_utf8_lossy(&chunk[..count]));
    }
    assert_eq!(child.wait().expect("ended").code(), Some(0), "{said}");
    assert!(
        said.contains("unknown member") && said.contains("Nothing was changed.\r\n"),
        "{said}"
    );
    assert_eq!(read(&file), CONFIG);
}

#[test]
fn the_default_is_the_one_that_is_used() {
    let (home, file) = written();
    home.run("token")
        .code(1)
        .complaining("there are maps, work");
    home.run("profile use maps").done();
    assert_eq!(read(&file), format!("default = \"maps\"\n\n{CONFIG}"));
    let listed = home.json("profile list --output json");
    assert_eq!(
        (text(&listed[0], "name"), &listed[0]["default"]),
        ("maps", &serde_json::json!(true))
    );
    assert!(home.run("profile list").done().stdout.contains("maps*"));
    let mut command = home.command("token");
    assert_eq!(Told::of(command.env("MAPS", "k1")).done().line(), "k1");
    home.run("profile use work").done();
    assert_eq!(read(&file), format!("default = \"work\"\n\n{CONFIG}"));
    home.run("profile use none").code(1).complaining("none");
    home.run("profile use").code(2);
}

#[test]
fn a_bad_new_profile_is_told_without_a_line() {
    let (home, file) = written();
    let words = "profile add bad --api https://a.example --login-url http://x.example/ --username u --password-env P";
    let told = home.run(words).code(2).complaining("plain http");
    assert!(!told.stderr.contains("config.toml"), "{told:?}");
    assert_eq!(read(&file), CONFIG);
}
