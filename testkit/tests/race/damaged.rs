//! Token files that are not as this program leaves them: refused in clear words, and left as they are.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::Path;

use crate::authority::Authority;
use crate::desk::Desk;
use crate::home::Home;

/// What was done to the files of a home, and what the program says then.
type Damage = (&'static str, fn(&Home), &'static [&'static str]);

const DAMAGES: &[Damage] = &[
    (
        "empty",
        |home| write(&token(home), b""),
        &["work.json", "damaged", "log in again"],
    ),
    (
        "no token",
        |home| write(&token(home), b"hunter2"),
        &["work.json", "damaged"],
    ),
    (
        "another's JSON",
        |home| write(&token(home), b"{}"),
        &["work.json", "damaged"],
    ),
    (
        "cut short",
        |home| {
            let bytes = fs::read(token(home)).expect("read");
            write(&token(home), bytes.get(..bytes.len() / 2).expect("half"));
        },
        &["work.json", "damaged"],
    ),
    (
        "one byte changed",
        |home| {
            let text = fs::read_to_string(token(home)).expect("read");
            let (head, tail) = text.split_at(text.len() / 2);
            let changed = if tail.starts_with('A') { "B" } else { "A" };
            write(
                &token(home),
                format!("{head}{changed}{}", tail.get(1..).expect("more")).as_bytes(),
            );
        },
        &["work.json", "does not open"],
    ),
    (
        "another profile's",
        |home| {
            fs::rename(home.token_file("other"), token(home)).expect("renamed");
        },
        &["work.json", "altered or renamed"],
    ),
    (
        "a newer version's",
        |home| write(&token(home), br#"{"sealed":9,"token":""}"#),
        &["newer gatepass"],
    ),
    (
        "too long",
        |home| write(&token(home), &vec![b' '; 2 << 20]),
        &["work.json", "regular file"],
    ),
    (
        "a folder",
        |home| {
            fs::remove_file(token(home)).expect("removed");
            fs::create_dir(token(home)).expect("made");
            mode(&token(home), 0o700);
        },
        &["work.json", "regular file"],
    ),
    (
        "readable by others",
        |home| mode(&token(home), 0o644),
        &["work.json", "mode 644", "chmod 600"],
    ),
    (
        "writable by others",
        |home| mode(&token(home), 0o622),
        &["work.json", "mode 622", "chmod 600"],
    ),
    (
        "somebody else's",
        |home| somebody_elses(&token(home)),
        &["work.json", "belongs to user"],
    ),
    (
        "in an open folder",
        |home| mode(&home.paths().tokens(), 0o777),
        &["tokens", "mode 777", "chmod 700"],
    ),
    (
        "without its key",
        |home| fs::remove_file(data_key(home)).expect("removed"),
        &["work.json", "data.key", "missing"],
    ),
    (
        "with a damaged key",
        |home| write(&data_key(home), b"hunter2"),
        &["data.key", "damaged"],
    ),
    (
        "with another key",
        |home| {
            let other = format!("{{\"version\":1,\"key\":\"{}=\"}}", "A".repeat(43));
            write(&data_key(home), other.as_bytes());
        },
        &["work.json", "another key"],
    ),
    (
        "with a key that others may read",
        |home| mode(&data_key(home), 0o640),
        &["data.key", "mode 640"],
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_token_is_told_and_nothing_is_overwritten() {
    let desk = Desk::new();
    let authority = Authority::small(&desk);
    for (case, damage, words) in DAMAGES {
        let home = Home::new();
        authority.seed(&home, "work", -5).await;
        authority.seed(&home, "other", -5).await;
        damage(&home);
        let before = look(&home);
        for command in ["token work", "refresh work", "logout work"] {
            let mut told = home.run(command).await.code(1);
            for word in *words {
                told = told.complaining(word);
            }
            assert!(
                !told.stderr.contains("hunter2"),
                "{case}, {command}: {told:?}"
            );
            assert_eq!(look(&home), before, "{case}, {command}");
        }
    }
    assert_eq!(authority.front.refreshes(), 0, "nobody was asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_could_not_be_kept_is_not_begun() {
    let desk = Desk::new();
    let (authority, home) = (Authority::small(&desk), Home::new());
    let robot = "grant = \"client_credentials\"\nclient_secret = { env = \"SECRET\" }\n";
    let profile = authority.profile(&home, "work", robot);
    home.keep("work", &authority.token(&profile, -5)).await;
    write(&token(&home), b"hunter2");
    let before = look(&home);
    let told = home.run("login work").await.code(1);
    told.complaining("damaged");
    assert_eq!(look(&home), before);
    assert_eq!(desk.state().generation, 1, "no token was made in vain");
}

fn token(home: &Home) -> std::path::PathBuf {
    home.token_file("work")
}

fn data_key(home: &Home) -> std::path::PathBuf {
    home.paths().state.join("data.key")
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("written");
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("changed");
}

/// Root gives the file away; others put a link to one of root's there.
fn somebody_elses(path: &Path) {
    if rustix::process::geteuid().is_root() {
        chown(path, Some(65534), None).expect("given away");
    } else {
        fs::remove_file(path).expect("removed");
        symlink("/etc/passwd", path).expect("linked");
    }
}

/// Names, modes, owners, and what is in the files.
fn look(home: &Home) -> Vec<String> {
    let state = home.paths().state;
    let mut seen: Vec<String> = [state.clone(), state.join("tokens")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        // A lock's file may come into being; it says nothing.
        .filter(|path| path.extension().is_none_or(|ending| ending != "lock"))
        .map(|path| {
            let metadata = fs::symlink_metadata(&path).expect("there");
            let content = fs::read(&path).unwrap_or_default();
            format!(
                "{} {:o} {} {content:?}",
                path.display(),
                metadata.mode(),
                metadata.uid()
            )
        })
        .collect();
    seen.sort();
    seen
}
