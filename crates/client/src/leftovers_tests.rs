use std::fs::{self, File};
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use super::leftovers;
use crate::tokens::contract::{key, sample};
use crate::tokens::{FileTokens, TokenStore as _};
use crate::{Config, Paths, disk};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// What a writer that was killed has left in the folder, so many seconds ago.
fn left(folder: &Path, name: &str, age: u64) -> PathBuf {
    let path = folder.join(name);
    let file = File::create(&path).expect("made");
    let then = SystemTime::now() - Duration::from_secs(age);
    file.set_modified(then).expect("dated");
    path
}

struct Here {
    _folder: tempfile::TempDir,
    path: PathBuf,
    store: FileTokens,
}

/// A store with a token, in a folder that is there.
async fn here() -> Here {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tokens");
    let here = Here {
        store: FileTokens::new(&path),
        _folder: folder,
        path,
    };
    here.save().await;
    here
}

impl Here {
    async fn save(&self) {
        let saved = self.store.save(&key("work"), &sample("one")).await;
        saved.expect("saved");
    }
}

#[tokio::test]
async fn what_a_killed_writer_left_goes_when_the_token_is_next_written() {
    let here = here().await;
    let old = [
        left(&here.path, ".work.json.0123456789abcdef.tmp", HOUR + MINUTE),
        left(&here.path, ".work.json.ffffffffffffffff.tmp", 900 * HOUR),
    ];
    assert_eq!(leftovers(&here.path), old);
    here.save().await;
    assert!(old.iter().all(|path| !path.exists()));
    assert_eq!(leftovers(&here.path), [""; 0].map(PathBuf::from));
    let loaded = here.store.load(&key("work")).await;
    assert_eq!(loaded, Ok(Some(sample("one"))));
}

#[tokio::test]
async fn what_may_still_be_written_and_what_is_not_ours_stays() {
    let here = here().await;
    let other = left(&here.path, ".play.json.0123456789abcdef.tmp", 2 * HOUR);
    let kept = [
        left(&here.path, ".work.json.0000000000000001.tmp", HOUR - MINUTE),
        left(&here.path, ".work.json.0000000000000002.tmp", 0),
        left(&here.path, ".work.json.0000000000000003.tmp~", 2 * HOUR),
        left(&here.path, ".work.json.000000000000000G.tmp", 2 * HOUR),
        left(&here.path, ".work.json.0004.tmp", 2 * HOUR),
        left(&here.path, "work.json.0000000000000005.tmp", 2 * HOUR),
        left(&here.path, ".workx.json.tmp", 2 * HOUR),
        left(&here.path, "work.lock", 2 * HOUR),
    ];
    let folder = here.path.join(".work.json.0000000000000006.tmp");
    fs::create_dir(&folder).expect("made");
    here.save().await;
    for path in kept.iter().chain([&other, &folder]) {
        assert!(path.exists(), "{}", path.display());
    }
    // That of another token is found, though it is not this one's to remove.
    assert_eq!(leftovers(&here.path), [other]);
}

#[tokio::test]
async fn links_and_the_files_of_others_stay() {
    let here = here().await;
    let target = left(&here.path, "target", 2 * HOUR);
    let link = here.path.join(".work.json.0000000000000001.tmp");
    symlink(&target, &link).expect("linked");
    // As old as the file that it leads to.
    let mut touch = Command::new("touch");
    let touched = touch.arg("-h").arg("-r").args([&target, &link]).status();
    assert!(touched.expect("run").success());
    let foreign = left(&here.path, ".work.json.0000000000000002.tmp", 2 * HOUR);
    // Only root can give files away, and the tests in containers run as root.
    let given_away = chown(&foreign, Some(12345), None).is_ok();
    here.save().await;
    assert!(link.is_symlink() && target.exists());
    assert_eq!(foreign.exists(), given_away);
    assert!(leftovers(&here.path).is_empty());
}

#[test]
fn the_configuration_is_swept_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = Paths::under(folder.path());
    fs::create_dir_all(&paths.config).expect("made");
    let old = left(&paths.config, ".config.toml.0123456789abcdef.tmp", 2 * HOUR);
    Config::install(&paths, "", "# empty\n").expect("written");
    assert!(!old.exists() && paths.config_file().exists());
}

#[test]
fn the_name_for_the_meantime_is_known_again() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, random) in [("work.json", 0), ("a.b~c", u64::MAX)] {
        let meantime = super::meantime(name, random);
        let path = left(folder.path(), &meantime, 2 * HOUR);
        assert_eq!(leftovers(folder.path()), [path]);
        disk::replace(&folder.path().join(name), b"whole").expect("written");
        assert!(leftovers(folder.path()).is_empty(), "{meantime}");
    }
    assert!(leftovers(&folder.path().join("none")).is_empty());
}
