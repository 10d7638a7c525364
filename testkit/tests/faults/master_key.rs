//! The file of the master key: without the right one nothing opens, and no other takes its place.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::site::{Site, changed};

/// What was done to the file, and what is said then.
type Damage = (&'static str, fn(&Path), &'static [&'static str]);

const DAMAGES: [Damage; 6] = [
    (
        "lost",
        |key| fs::remove_file(key).expect("removed"),
        &["master key", "is not there", "restore it from a backup"],
    ),
    (
        "another",
        |key| write(key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"),
        &["master key is not the one", "right master key file"],
    ),
    (
        "no key",
        |key| write(key, "hunter2\n"),
        &["does not hold a key", "restore it from a backup"],
    ),
    (
        "empty",
        |key| write(key, ""),
        &["does not hold a key", "restore it from a backup"],
    ),
    (
        "cut short",
        |key| {
            let text = fs::read_to_string(key).expect("read");
            write(key, text.get(..20).expect("a key"));
        },
        &["does not hold a key", "restore it from a backup"],
    ),
    (
        "open to others",
        |key| fs::set_permissions(key, Permissions::from_mode(0o644)).expect("changed"),
        &["0644", "chmod 600"],
    ),
];

fn write(key: &Path, text: &str) {
    fs::write(key, text).expect("written");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_its_master_key_makes_no_other() {
    let site = Site::sqlite();
    site.start().await.end().await;
    let key = site.key();
    let right = fs::read(&key).expect("read");
    for (what, damage, words) in DAMAGES {
        damage(&key);
        let before = site.contents();
        let said = site.refused().await;
        for word in words {
            assert!(said.contains(word), "{what}: {said}");
        }
        assert!(!said.contains("hunter2"), "{said}");
        assert_eq!(changed(&before, &site.contents()), [""; 0], "{what}");
        fs::write(&key, &right).expect("written");
        fs::set_permissions(&key, Permissions::from_mode(0o600)).expect("changed");
    }
    site.start().await.end().await;
}
