//! `gatepass admin backup` and `restore`: beside a server that works, and where it must not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::agent::Agent;
use crate::home::{Home, Told, text};
use crate::login::{log_in, web};
use crate::serve_signals::register;
use crate::server::Server;

fn database(home: &Home) -> PathBuf {
    home.state().join("dev.db")
}

fn users(home: &Home) -> Vec<String> {
    let listed = home.json("admin user list --dev --output json");
    let users = listed.as_array().expect("a list").iter();
    users
        .map(|user| text(user, "username").to_owned())
        .collect()
}

fn add_user(home: &Home, name: &str) {
    let mut command = home.command(&format!(
        "admin user add {name} --dev --password-env PASSWORD"
    ));
    Told::of(command.env("PASSWORD", "correct horse battery staple")).done();
}

/// A database with this user, and a copy of it.
fn with_copy(home: &Home, name: &str) -> PathBuf {
    add_user(home, name);
    let copy = home.path().join("copy.db");
    home.run(&format!("admin backup {} --dev", copy.display()))
        .done();
    copy
}

fn only_file_in(folder: &Path) -> bool {
    fs::read_dir(folder).expect("a folder").count() == 1
}

#[test]
fn a_copy_under_load_gives_back_what_was_acknowledged() {
    let home = Home::new();
    let server = Server::dev(&home);
    let address = server.issuer().trim_start_matches("http://").to_owned();
    web(&home, &server, "--scope read");
    let (_, told) = log_in(&home, "login web", &mut Agent::of(&server), &[]);
    told.done();
    let token = home.run("token web").done().line().to_owned();
    let before = register(&address).expect("registered");
    let clients = [(), ()].map(|()| {
        let address = address.clone();
        thread::spawn(move || while register(&address).is_some() {})
    });
    let folder = home.path().join("copies");
    fs::create_dir(&folder).expect("made");
    let copy = folder.join("copy.db");
    let words = format!("admin backup {} --dev", copy.display());
    let told = home.json(&format!("{words} --output json"));
    server.end(Signal::TERM).done();
    for client in clients {
        client.join().expect("no panic");
    }
    assert!(told["bytes"].as_u64() == Some(fs::metadata(&copy).expect("there").len()));
    assert!(told["rows"]["clients"].as_u64() >= Some(3), "{told}");
    assert!(text(&told, "master_key").contains("dev.db.key"), "{told}");
    let mode = fs::metadata(&copy).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(only_file_in(&folder), "nothing else is left");
    home.run(&words).code(1).complaining("--force");
    home.run(&format!("{words} --force")).done();

    let restore = format!("admin restore {} --dev", copy.display());
    home.run(&restore).code(1).complaining("exists already");
    let restored = home.json(&format!("{restore} --force --output json"));
    assert_eq!(restored["rows"]["sessions"], 0, "{restored}");
    let again = format!("serve --dev --listen {address} --output json");
    let server = Server::with(&mut home.command(&again));
    let kept = home.json("admin client list --dev --output json");
    assert!(kept.to_string().contains(&before));
    let answer = home.json(&format!("request {}/api/data", server.issuer()));
    assert_eq!(text(&answer, "client_id"), server.get("public_client_id"));
    home.run("refresh web").done();
    assert_ne!(home.run("token web").done().line(), token);

    home.run(&format!("{restore} --force"))
        .code(1)
        .complaining("open in another process");
    server.end(Signal::TERM).done();
    // The refresh token in hand is newer than any that the backup knows of, and is taken for a stolen one.
    home.run(&format!("{restore} --force")).done();
    let _server = Server::with(&mut home.command(&again));
    home.run("refresh web").code(4);
}

#[test]
fn what_is_no_backup_changes_nothing() {
    let home = Home::new();
    let copy = with_copy(&home, "old");
    add_user(&home, "new");
    let whole = fs::read(&copy).expect("readable");
    let log = home.state().join("dev.db-wal");
    let content = || {
        (
            fs::read(database(&home)).expect("readable"),
            fs::read(&log).ok(),
        )
    };
    let (half, _) = whole.split_at(whole.len() / 8192 * 4096);
    let mut scribbled = whole.clone();
    scribbled
        .iter_mut()
        .skip(4096)
        .take(8 * 4096)
        .for_each(|byte| *byte = 0xa5);
    let mut elses = whole.clone();
    elses[68..72].fill(1);
    for (bytes, why) in [
        (half, "damaged"),
        (&scribbled, "damaged"),
        (&elses, "another program"),
        (b"my diary", "not a SQLite database"),
        (b"", "no gatepass database"),
    ] {
        fs::write(&copy, bytes).expect("written");
        let before = content();
        let told = home.run(&format!("admin restore {} --dev --force", copy.display()));
        assert!(content() == before, "{told:?}");
        let told = told.code(1);
        assert!(told.stderr.contains(why), "{why}: {told:?}");
        assert_eq!(users(&home), ["new", "old"]);
    }
    fs::write(&copy, &whole).expect("written");
    home.run(&format!("admin restore {} --dev --force", copy.display()))
        .done();
    assert_eq!(users(&home), ["old"]);
    assert!(
        fs::read(&copy).expect("readable") == whole,
        "it stays as it is"
    );
}

/// Killed at any moment, it leaves the old database or the new one.
#[test]
fn a_restore_that_is_killed_leaves_one_of_the_two() {
    let home = Home::new();
    let copy = with_copy(&home, "old");
    add_user(&home, "new");
    let words = format!("admin restore {} --dev --force", copy.display());
    for pause in (0..60).step_by(3) {
        let mut child = home.start(&words);
        thread::sleep(Duration::from_millis(pause));
        child.kill().expect("told");
        child.wait().expect("ended");
        match &users(&home)[..] {
            [new, old] if new == "new" && old == "old" => {}
            [old] if old == "old" => add_user(&home, "new"),
            others => panic!("{pause}: {others:?}"),
        }
    }
    home.run(&words).done();
    assert_eq!(users(&home), ["old"]);
}

#[test]
fn a_damaged_database_is_set_aside() {
    let home = Home::new();
    let copy = with_copy(&home, "old");
    let path = database(&home);
    // Whole in its one file, but for a page.
    let mut content = fs::read(&copy).expect("readable");
    content[100..4096].fill(0xa5);
    fs::write(&path, &content).expect("written");
    let _ = fs::remove_file(home.state().join("dev.db-wal"));
    let words = format!("admin restore {} --dev", copy.display());
    home.run(&words).code(1).complaining("--force");
    home.run(&format!("{words} --force")).done();
    assert_eq!(users(&home), ["old"]);
    let aside = fs::read(home.state().join("dev.db.damaged")).expect("kept");
    assert!(aside == content);
}

#[test]
fn a_database_behind_a_server_has_tools_of_its_own() {
    let home = Home::new();
    let url = "--database postgres://nobody@localhost/gatepass";
    let file = home.path().join("copy.db");
    home.run(&format!("admin backup {} {url}", file.display()))
        .code(1)
        .complaining("pg_dump");
    home.run(&format!("admin restore {} {url}", file.display()))
        .code(1)
        .complaining("pg_restore");
    home.run(&format!("admin backup {}", file.display()))
        .code(1)
        .complaining("no gatepass database");
    assert!(!file.exists());
}
