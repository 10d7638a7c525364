use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::FileTokens;
use crate::tokens::contract::{key, sample};
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
    let store = FileTokens::new(&path);
    Here {
        _folder: folder,
        path,
        store,
        key: key("work"),
    }
}

impl Here {
    fn file(&self) -> PathBuf {
        self.path.join("work.json")
    }

    fn data_key(&self) -> PathBuf {
        self.path.with_file_name("data.key")
    }

    /// What a program that starts now has: nothing in memory.
    fn anew(&self) -> FileTokens {
        FileTokens::new(&self.path)
    }

    async fn save(&self) -> Result<(), StoreError> {
        self.store.save(&self.key, &sample("one")).await
    }

    /// Neither reads nor changes what is there, in a program that starts now.
    async fn refuses(&self) -> StoreError {
        let before = fs::read(self.file()).ok();
        let store = self.anew();
        let [loaded, saved, forgotten] = [
            store.load(&self.key).await.map(drop),
            store.save(&self.key, &sample("two")).await,
            store.forget(&self.key).await,
        ];
        let error = loaded.expect_err("refused");
        assert_eq!(saved.as_ref(), Err(&error));
        assert_eq!(forgotten.as_ref(), Err(&error));
        assert_eq!(fs::read(self.file()).ok(), before, "untouched");
        let shown = error.to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
        error
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").mode() & 0o777
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn files_and_folder_are_private_and_nothing_lies_about() {
    let here = here();
    here.save().await.expect("saved");
    here.save().await.expect("saved again");
    let lock = here.store.lock(&here.key, Duration::ZERO).await;
    drop(lock.expect("locked"));
    let lock_file = here.path.join("work.lock");
    for (path, expected) in [
        (&here.path, 0o700),
        (&here.file(), 0o600),
        (&lock_file, 0o600),
        (&here.data_key(), 0o600),
    ] {
        assert_eq!(mode(path), expected, "{}", path.display());
    }
    assert_eq!(names(&here.path), ["work.json", "work.lock"]);
    let state = here.path.parent().expect("a folder");
    assert_eq!(names(state), ["data.key", "data.key.lock", "tokens"]);
}

#[tokio::test]
async fn what_lies_on_disk_is_sealed() {
    let here = here();
    let token = sample("hunter2");
    let saved = here.store.save(&here.key, &token).await;
    saved.expect("saved");
    let bytes = fs::read_to_string(here.file()).expect("text");
    for clear in ["hunter2", "Bearer", "as.example", "from_the_future"] {
        assert!(!bytes.contains(clear), "{clear}");
    }
    assert_eq!(here.anew().load(&here.key).await, Ok(Some(token)));
    let place = here.anew().place(&here.key);
    let expected = format!(
        "{} (sealed; the key is in {}, readable by this user only)",
        here.file().display(),
        here.data_key().display()
    );
    assert_eq!(place, expected);
}

#[tokio::test]
async fn a_file_in_clear_is_read_and_sealed_when_it_is_saved() {
    let here = here();
    here.store
        .save(&key("other"), &sample("x"))
        .await
        .expect("saved");
    fs::write(here.file(), &*sample("hunter2").to_json()).expect("written");
    set_mode(&here.file(), 0o600);
    let place = here.store.place(&here.key);
    assert!(
        place.ends_with("(in clear until it is next saved)"),
        "{place}"
    );
    let loaded = here.store.load(&here.key).await;
    assert_eq!(loaded, Ok(Some(sample("hunter2"))));
    here.save().await.expect("saved");
    let place = here.store.place(&here.key);
    assert!(place.contains("(sealed; "), "{place}");
    assert_eq!(here.anew().load(&here.key).await, Ok(Some(sample("one"))));
}

#[tokio::test]
async fn damaged_files_are_neither_used_nor_overwritten() {
    let here = here();
    here.save().await.expect("saved");
    let sealed = fs::read(here.file()).expect("readable");
    let clear = sample("hunter2").to_json();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let newer = text(&sealed).replace("\"sealed\":1", "\"sealed\":2");
    let newer_clear = text(&clear).replace("\"version\": 1", "\"version\": 2");
    assert_ne!(
        (newer.as_bytes(), newer_clear.as_bytes()),
        (&*sealed, &**clear)
    );
    for content in [
        &sealed[..sealed.len() / 2],
        &clear[..clear.len() / 2],
        b"",
        b"null",
        b"{}",
        b"\xff\xfe",
        b"{\"access_token\":\"hunter2\"}",
        b"{\"sealed\":1,\"token\":\"\"}",
        b"{\"sealed\":1,\"token\":\"hunter2\"}",
        newer.as_bytes(),
        newer_clear.as_bytes(),
        &vec![b' '; 2_000_000],
    ] {
        fs::write(here.file(), content).expect("written");
        let error = here.refuses().await;
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
    fs::write(here.file(), newer).expect("written");
    let error = here.refuses().await.to_string();
    assert!(error.contains("newer gatepass (version 2)"), "{error}");
    fs::remove_file(here.file()).expect("removed");
    here.save().await.expect("a way out: move it away");
}

#[tokio::test]
async fn a_file_under_another_name_does_not_open() {
    let here = here();
    let saved = here.store.save(&key("play"), &sample("hunter2")).await;
    saved.expect("saved");
    fs::rename(here.path.join("play.json"), here.file()).expect("renamed");
    let error = here.refuses().await;
    assert!(error.to_string().contains("altered or renamed"), "{error}");
}

#[tokio::test]
async fn what_others_can_read_is_refused() {
    let here = here();
    here.save().await.expect("saved");
    for (path, bad, good) in [
        (here.file(), 0o640, 0o600),
        (here.file(), 0o604, 0o600),
        (here.path.clone(), 0o755, 0o700),
        (here.data_key(), 0o640, 0o600),
    ] {
        set_mode(&path, bad);
        let error = here.anew().load(&here.key).await.expect_err("refused");
        assert!(
            matches!(&error, StoreError::Exposed { path: own, .. } if *own == path),
            "{error}"
        );
        assert!(here.anew().save(&here.key, &sample("two")).await.is_err());
        set_mode(&path, good);
        let mended = here.anew().load(&here.key).await;
        assert_eq!(mended, Ok(Some(sample("one"))));
    }
}

/// Only root can give files away, and the tests in containers run as root.
#[tokio::test]
async fn what_others_own_is_refused() {
    let here = here();
    here.save().await.expect("saved");
    for path in [here.file(), here.data_key()] {
        if std::os::unix::fs::chown(&path, Some(12345), None).is_ok() {
            let error = here.refuses().await.to_string();
            assert!(error.contains("belongs to user 12345"), "{error}");
            std::os::unix::fs::chown(&path, Some(0), None).expect("given back");
        }
    }
}

/// Opening a pipe would wait for its other end.
#[tokio::test]
async fn what_is_no_file_is_refused() {
    let here = here();
    here.save().await.expect("saved");
    fs::remove_file(here.file()).expect("removed");
    let socket = std::os::unix::net::UnixListener::bind(here.file());
    set_mode(&here.file(), 0o600);
    let error = here.anew().load(&here.key).await.expect_err("refused");
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    drop(socket);
}

#[tokio::test]
async fn a_failed_write_leaves_the_old_token() {
    let here = here();
    here.save().await.expect("saved");
    fs::create_dir(here.path.join("other.json")).expect("made");
    let saved = here.store.save(&key("other"), &sample("x")).await;
    let error = saved.expect_err("a folder is in the way").to_string();
    assert!(error.contains("other.json"), "{error}");
    assert_eq!(names(&here.path), ["other.json", "work.json"]);
    let loaded = here.store.load(&here.key).await;
    assert_eq!(loaded, Ok(Some(sample("one"))));
}

#[tokio::test]
async fn without_its_key_nothing_is_read_overwritten_or_made() {
    let here = here();
    here.save().await.expect("saved");
    let kept = fs::read(here.data_key()).expect("readable");
    fs::remove_file(here.data_key()).expect("removed");
    let error = here.refuses().await.to_string();
    assert!(
        error.contains("data.key with its key is missing"),
        "{error}"
    );
    assert!(!here.data_key().exists());
    fs::write(here.data_key(), kept).expect("written");
    set_mode(&here.data_key(), 0o600);
    assert!(here.anew().load(&here.key).await.is_ok());
}

#[tokio::test]
async fn a_damaged_key_is_refused_and_left_alone() {
    let here = here();
    here.save().await.expect("saved");
    let whole = fs::read_to_string(here.data_key()).expect("text");
    for content in [
        "",
        "hunter2",
        "{}",
        &whole[..whole.len() / 2],
        &whole.replace("\"version\": 1", "\"version\": 2"),
        "{\"version\":1,\"key\":\"hunter2\"}",
        "{\"version\":1,\"keyring\":\"hunter2\"}",
        &" ".repeat(5000),
    ] {
        fs::write(here.data_key(), content).expect("written");
        let error = here.refuses().await;
        assert!(
            matches!(&error, StoreError::Damaged { place, .. } if place.ends_with("data.key")),
            "{error}"
        );
        let left = fs::read_to_string(here.data_key()).expect("there");
        assert_eq!(left, content);
    }
}

#[tokio::test]
async fn another_key_opens_nothing() {
    let here = here();
    here.save().await.expect("saved");
    let other = here_with_a_token().await;
    fs::copy(other.data_key(), here.data_key()).expect("copied");
    let error = here.refuses().await.to_string();
    assert!(error.contains("does not open"), "{error}");
}

async fn here_with_a_token() -> Here {
    let here = here();
    here.save().await.expect("saved");
    here
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_first_use_end_with_one_key() {
    let here = here();
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..16 {
        let store = here.anew();
        tasks.spawn(async move {
            let key = key(&n.to_string());
            store.save(&key, &sample("x")).await.expect("saved");
        });
    }
    tasks.join_all().await;
    let store = here.anew();
    for n in 0..16 {
        let loaded = store.load(&key(&n.to_string())).await;
        assert_eq!(loaded, Ok(Some(sample("x"))));
    }
}
