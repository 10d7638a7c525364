//! Databases that are not as a server leaves them: refused in clear words, and left as they are.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;

use crate::database;
use crate::desk::Desk;
use crate::server::Server;
use crate::site::{Files, Site, changed};

/// What was done to them, and what is said then.
type Damage = (&'static str, fn(&mut Vec<u8>), &'static [&'static str]);

const PAGE: usize = 4096;

const DAMAGES: [Damage; 8] = [
    (
        "another kind of file",
        |file| *file = b"my diary\n".repeat(1000),
        &["not a SQLite database", "left as it is"],
    ),
    (
        "its first bytes changed",
        |file| overwrite(file, 0, 1),
        &["not a SQLite database", "left as it is"],
    ),
    (
        "its header changed",
        |file| overwrite(file, 16, 84),
        &["damaged"],
    ),
    (
        "its first page changed",
        |file| overwrite(file, 100, PAGE - 100),
        &["damaged"],
    ),
    (
        "a page in the middle changed",
        |file| {
            let middle = file.len() / PAGE / 2 * PAGE;
            overwrite(file, middle, PAGE);
        },
        &["damaged", "restore a backup"],
    ),
    (
        "cut in half",
        |file| file.truncate(file.len() / PAGE / 2 * PAGE),
        &["damaged"],
    ),
    (
        "cut within a page",
        |file| file.truncate(file.len() - 1000),
        &["damaged"],
    ),
    (
        "nothing left but its header",
        |file| file.truncate(100),
        &["damaged"],
    ),
];

fn overwrite(file: &mut [u8], from: usize, bytes: usize) {
    let part = file.iter_mut().skip(from).take(bytes);
    part.for_each(|byte| *byte = 0xa5);
}

/// A server with a login or two.
async fn used() -> (Site, Server) {
    let site = Site::sqlite();
    site.furnish().await;
    let server = site.start().await;
    let desk = Desk::open(&site).await;
    for _ in 0..3 {
        desk.tokens().await;
    }
    (site, server)
}

/// A site with these files.
fn site(files: &Files) -> Site {
    let site = Site::sqlite();
    for (name, bytes) in files {
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600);
        let file = file.open(site.path(name));
        std::io::Write::write_all(&mut file.expect("made"), bytes).expect("written");
    }
    site
}

/// Asserts that no server starts over these files, that it says why, and that it leaves them alone.
async fn refused(what: &str, files: &Files, words: &[&str]) {
    let site = site(files);
    println!("{what}");
    let said = site.refused().await;
    for word in words {
        assert!(said.contains(word), "{what}: {said}");
    }
    assert_eq!(changed(files, &site.contents()), [""; 0], "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_damaged_is_refused_and_left_alone() {
    let (whole, server) = used().await;
    server.end().await;
    let files = whole.contents();
    for (what, damage, words) in DAMAGES {
        let mut files = files.clone();
        damage(files.get_mut("gatepass.db").expect("it is there"));
        refused(what, &files, words).await;
    }

    let future = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                  VALUES (9999, 'from the future', TRUE, x'00', 0)";
    let newer = site(&files);
    database::run(&newer.path("gatepass.db"), future.to_owned()).await;
    refused("newer", &newer.contents(), &["newer gatepass", "9999"]).await;

    site(&files).start().await.end().await;
}

/// The newest commits of a server that was killed are in the write-ahead log alone. SQLite throws that away where the
/// database beside it is empty.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_without_its_database_is_not_thrown_away() {
    let (whole, server) = used().await;
    server.kill().await;
    let files = whole.contents();
    assert!(
        files
            .get("gatepass.db-wal")
            .is_some_and(|log| !log.is_empty())
    );
    let mut empty = files.clone();
    empty.insert("gatepass.db".to_owned(), Vec::new());
    let words = ["damaged", "write-ahead log", "restore a backup"];
    refused("empty, with its log", &empty, &words).await;
    empty.remove("gatepass.db");
    refused("gone, but for its log", &empty, &words).await;

    site(&files).start().await.end().await;
}
