//! `gatepass helper git`, alone and under the real git.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::git_server::GitServer;
use super::{Robot, given};
use crate::home::{Home, Told};

const BASIC: &str = "Basic realm=\"git\"";
const BEARER: &str = "Bearer realm=\"git\"";

/// git with the helper, and nothing of this machine's own settings.
fn git(robot: &Robot, folder: &Path, words: &[&str]) -> Command {
    let helper = format!("!'{}' helper git", env!("CARGO_BIN_EXE_gatepass"));
    let mut git = Command::new("git");
    let usual = robot.command("");
    git.env_clear();
    git.envs(
        usual
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    git.env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .args([
            "-c",
            "init.defaultBranch=main",
            "-c",
            "user.name=n",
            "-c",
            "user.email=e@localhost",
        ])
        .args(["-c", &format!("credential.helper={helper}")])
        .args(words)
        .current_dir(folder);
    git
}

fn done(mut command: Command) -> String {
    Told::of(&mut command).done().stdout
}

/// A robot whose credential is for a git server with this challenge, and one repository with one commit in it.
fn served(challenge: &'static str) -> (Robot, GitServer) {
    let server = GitServer::start(challenge);
    let robot = Robot::of(&[&server.origin]);
    let (home, root) = (robot.home.path(), server.root.path());
    done(git(&robot, root, &["init", "--quiet", "--bare", "x.git"]));
    let bare = root.join("x.git");
    done(git(&robot, &bare, &["config", "http.receivepack", "true"]));
    let source = bare.display().to_string();
    done(git(&robot, home, &["clone", "--quiet", &source, "first"]));
    commit(&robot, &home.join("first"), "one");
    done(git(
        &robot,
        &home.join("first"),
        &["push", "--quiet", "origin", "HEAD:main"],
    ));
    done(git(
        &robot,
        &bare,
        &["symbolic-ref", "HEAD", "refs/heads/main"],
    ));
    (robot, server)
}

fn commit(robot: &Robot, folder: &Path, name: &str) {
    std::fs::write(folder.join(name), name).expect("written");
    done(git(robot, folder, &["add", name]));
    done(git(robot, folder, &["commit", "--quiet", "-m", name]));
}

fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}

/// What is in the served repository.
fn log(robot: &Robot, server: &GitServer) -> String {
    done(git(
        robot,
        &server.root.path().join("x.git"),
        &["log", "--format=%s"],
    ))
}

#[test]
fn clone_push_and_renewal_behind_basic() {
    let (robot, server) = served(BASIC);
    let token = robot.token();
    server.accept(&basic("oauth2", &token));
    let url = format!("{}/x.git", server.origin);
    let (home, second) = (robot.home.path(), robot.home.path().join("second"));
    done(git(&robot, home, &["clone", "--quiet", &url, "second"]));
    commit(&robot, &second, "two");
    done(git(
        &robot,
        &second,
        &["push", "--quiet", "origin", "HEAD:main"],
    ));
    assert_eq!(server.seen(), [basic("oauth2", &token)]);
    assert_eq!(log(&robot, &server), "two\none\n");

    // The server forgets the token: git says so, and the next one is another.
    server.accept("nothing");
    let told = Told::of(&mut git(&robot, &second, &["fetch", "--quiet"]));
    assert!(
        told.code != Some(0) && !told.stderr.contains(&token),
        "{told:?}"
    );
    let renewed = robot.token();
    assert_ne!(renewed, token);
    server.accept(&basic("oauth2", &renewed));
    done(git(&robot, &second, &["fetch", "--quiet"]));
}

/// git speaks Bearer since 2.46. An older one is given the header, as the helper's own help says.
#[test]
fn clone_and_push_behind_bearer() {
    let (robot, server) = served(BEARER);
    let token = robot.token();
    server.accept(&format!("Bearer {token}"));
    let header = robot
        .run("token robot --output header")
        .done()
        .line()
        .to_owned();
    let speaks = version() >= (2, 46);
    let run = |folder: &Path, words: &[&str]| {
        let mut command = git(&robot, folder, words);
        if !speaks {
            command
                .env("GIT_CONFIG_COUNT", "1")
                .env("GIT_CONFIG_KEY_0", "http.extraHeader")
                .env("GIT_CONFIG_VALUE_0", &header);
        }
        done(command)
    };
    let url = format!("{}/x.git", server.origin);
    let second = robot.home.path().join("second");
    run(robot.home.path(), &["clone", "--quiet", &url, "second"]);
    commit(&robot, &second, "two");
    run(&second, &["push", "--quiet", "origin", "HEAD:main"]);
    assert_eq!(server.seen(), [format!("Bearer {token}")]);
    assert_eq!(log(&robot, &server), "two\none\n");
}

fn version() -> (u32, u32) {
    let told = Command::new("git").arg("--version").output().expect("git");
    let told = String::from_utf8(told.stdout).expect("text");
    let numbers = told.split(' ').nth(2).expect("a version").split('.');
    let mut numbers = numbers.map(|number| number.trim().parse().expect("a number"));
    (numbers.next().expect("one"), numbers.next().expect("two"))
}

const API: &str = "https://git.example:8443";

#[test]
fn the_answer_is_to_the_letter() {
    let robot = Robot::of(&[API]);
    let (token, end) = (robot.token(), robot.end());
    let asked = |words: &str, input: &str| given(&mut robot.command(words), input).done();
    let host = "protocol=https\nhost=git.example:8443\npath=a/b.git\n";
    let bearer = format!(
        "capability[]=authtype\nauthtype=Bearer\ncredential={token}\npassword_expiry_utc={end}\n\n"
    );
    let password =
        |name: &str| format!("username={name}\npassword={token}\npassword_expiry_utc={end}\n\n");
    let new = format!("capability[]=authtype\ncapability[]=state\n{host}\n");
    for (words, input, expected) in [
        ("helper git get", new.clone(), bearer.clone()),
        ("helper git --profile robot get", new, bearer),
        ("helper git get", host.to_owned(), password("oauth2")),
        (
            "helper git get",
            format!("username=me\n{host}"),
            password("me"),
        ),
        (
            "helper git get",
            "protocol=https\nhost=other.example\n".to_owned(),
            String::new(),
        ),
        (
            "helper git get",
            "protocol=http\nhost=git.example:8443\n".to_owned(),
            String::new(),
        ),
        ("helper git get", "nonsense\n".to_owned(), String::new()),
        ("helper git get", String::new(), String::new()),
        (
            "helper git store",
            format!("{host}username=u\npassword=p\n"),
            String::new(),
        ),
        ("helper git frobnicate", "x".to_owned(), String::new()),
        (
            "helper git capability",
            String::new(),
            "version 0\ncapability authtype\n".to_owned(),
        ),
    ] {
        let told = asked(words, &input);
        assert_eq!(
            (told.stdout, told.stderr),
            (expected, String::new()),
            "{words} {input}"
        );
    }
}

#[test]
fn an_erased_token_is_renewed_and_no_other() {
    let robot = Robot::of(&[API]);
    let token = robot.token();
    let erase = |secret: &str| {
        let input = format!("protocol=https\nhost=git.example:8443\nusername=oauth2\n{secret}\n");
        let told = given(&mut robot.command("helper git erase"), &input).done();
        assert!(told.stdout.is_empty() && told.stderr.is_empty(), "{told:?}");
        robot.token()
    };
    assert_eq!(erase("password=something else"), token);
    assert_eq!(erase("x=y"), token);
    let second = erase(&format!("password={token}"));
    assert_ne!(second, token);
    // Whoever comes late with the first one changes nothing.
    assert_eq!(erase(&format!("password={token}")), second);
    assert_ne!(
        erase(&format!("authtype=Bearer\ncredential={second}")),
        second
    );
}

#[test]
fn a_password_goes_to_its_own_user_and_host() {
    let home = Home::new();
    home.run(&format!(
        "profile add old --api {API} --username me --password-env P"
    ))
    .done();
    home.run("profile add key --api https://key.example --key-env P")
        .done();
    let get = |words: &str, input: &str| given(home.command(words).env("P", "p w"), input);
    let host = "protocol=https\nhost=git.example:8443\n";
    assert_eq!(
        get("helper git get", host).done().stdout,
        "username=me\npassword=p w\n\n"
    );
    let other = format!("{host}username=somebody\n");
    assert_eq!(get("helper git get", &other).done().stdout, "");
    get(
        "helper git --profile old get",
        "protocol=https\nhost=evil.example\n",
    )
    .code(1)
    .complaining("not for https://evil.example");
    get("helper git get", "protocol=https\nhost=key.example\n")
        .code(1)
        .complaining("another program cannot send");
    home.run(&format!("profile add twin --api {API} --token-env P"))
        .done();
    get("helper git get", host).code(1).complaining("--profile");
}

#[test]
fn a_needed_login_is_said_on_standard_error() {
    let home = Home::new();
    home.run(&format!(
        "profile add web --issuer https://as.invalid --client-id c --api {API}"
    ))
    .done();
    let input = "protocol=https\nhost=git.example:8443\n\n";
    given(&mut home.command("helper git get"), input)
        .code(4)
        .complaining("run `gatepass login web`");
}
