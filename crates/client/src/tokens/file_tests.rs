use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::FileTokens;
use crate::tokens::contract::token;
use crate::tokens::{StoreError, TokenKey, TokenStore as _};

struct Here {
    _folder: tempfile::TempDir,
    path: PathBuf,
    store: FileTokens,
    key: TokenKey,
}

fn here() -> Here {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state/tokens");
    let (store, key) = (
        FileTokens::new(&path),
        TokenKey::new("work").expect("a key"),
    );
    Here {
        _folder: folder,
        path,
        store,
        key,
    }
}

impl Here {
    fn file(&self) -> PathBuf {
        self.path.join("work.json")
    }

    async fn save(&self) -> Result<(), StoreError> {
        self.store.save(&self.key, &token("one")).await
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").mode() & 0o777
}

#[tokio::test]
async fn files_and_folder_are_private_and_nothing_lies_about() {
    let here = here();
    here.save().await.expect("saved");
    here.save().await.expect("saved again");
    drop(
        here.store
            .lock(&here.key, Duration::ZERO)
            .await
            .expect("locked"),
    );
    assert_eq!((mode(&here.path), mode(&here.file())), (0o700, 0o600));
    assert_eq!(mode(&here.path.join("work.lock")), 0o600);
    let mut names: Vec<String> = fs::read_dir(&here.path)
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort();
    assert_eq!(names, ["work.json", "work.lock"]);
    assert_eq!(here.store.keys().expect("readable"), [here.key]);
}

#[tokio::test]
async fn damaged_files_are_neither_used_nor_overwritten() {
    let here = here();
    here.save().await.expect("saved");
    let whole = fs::read(here.file()).expect("readable");
    let torn = whole.get(..whole.len() / 2).expect("half");
    let newer = String::from_utf8(whole.clone())
        .expect("UTF-8")
        .replace("\"version\": 1", "\"version\": 2");
    for content in [
        torn,
        b"",
        b"null",
        b"{}",
        b"\xff\xfe",
        b"{\"access_token\":\"hunter2\"}",
        newer.as_bytes(),
        &vec![b' '; 2_000_000],
    ] {
        fs::write(here.file(), content).expect("written");
        for outcome in [
            here.store.load(&here.key).await.map(drop),
            here.save().await,
            here.store.forget(&here.key).await,
        ] {
            let error = outcome.expect_err("refused");
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert_eq!(fs::read(here.file()).expect("there"), content, "untouched");
    }
    fs::remove_file(here.file()).expect("removed");
    here.save().await.expect("a way out: move it away");
}

#[tokio::test]
async fn what_others_can_read_is_refused() {
    let here = here();
    here.save().await.expect("saved");
    for (path, bad, good) in [
        (here.file(), 0o640, 0o600),
        (here.file(), 0o604, 0o600),
        (here.path.clone(), 0o755, 0o700),
    ] {
        set_mode(&path, bad);
        let error = here.store.load(&here.key).await.expect_err("refused");
        assert!(
            matches!(&error, StoreError::Exposed { path: own, .. } if *own == path),
            "{error}"
        );
        assert!(here.save().await.is_err());
        set_mode(&path, good);
        assert!(here.store.load(&here.key).await.expect("mended").is_some());
    }
}

/// Only root can give files away, and the tests in containers run as root.
#[tokio::test]
async fn what_others_own_is_refused() {
    let here = here();
    here.save().await.expect("saved");
    if std::os::unix::fs::chown(here.file(), Some(12345), None).is_ok() {
        let error = here.store.load(&here.key).await.expect_err("refused");
        assert!(
            error.to_string().contains("belongs to user 12345"),
            "{error}"
        );
        assert!(here.save().await.is_err());
    }
}

#[tokio::test]
async fn a_failed_write_leaves_the_old_token() {
    let here = here();
    here.save().await.expect("saved");
    let blocker = here.path.join("other.json");
    fs::create_dir(&blocker).expect("made");
    let other = TokenKey::new("other").expect("a key");
    let error = here
        .store
        .save(&other, &token("x"))
        .await
        .expect_err("a folder is in the way");
    assert!(error.to_string().contains("other.json"), "{error}");
    let leftovers = fs::read_dir(&here.path).expect("a folder").filter(|entry| {
        entry
            .as_ref()
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .ends_with(".tmp")
    });
    assert_eq!(leftovers.count(), 0);
    assert!(
        here.store
            .load(&here.key)
            .await
            .expect("readable")
            .is_some()
    );
}

#[tokio::test]
async fn readers_never_see_half_a_token() {
    let here = here();
    here.save().await.expect("saved");
    let (store, key) = (here.store.clone(), here.key.clone());
    let writer = tokio::spawn(async move {
        for n in 0..50 {
            store
                .save(&key, &token(&format!("{n}{}", "x".repeat(5000))))
                .await
                .expect("saved");
        }
    });
    while !writer.is_finished() {
        assert!(here.store.load(&here.key).await.expect("whole").is_some());
        tokio::task::yield_now().await;
    }
    writer.await.expect("no panic");
}
