use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::{StoreError, TokenKey};
use crate::disk;

/// How often a lock that somebody holds is tried.
const LOCK_POLL: Duration = Duration::from_millis(5);

/// A folder (0700) that is only this user's, with files (0600) that are only this user's. It is made when it is
/// first needed. On Windows the rules that it inherits protect it.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file of `key` with this ending.
    pub(super) fn file(&self, key: &TokenKey, ending: &str) -> PathBuf {
        self.path.join(format!("{}{ending}", key.as_str()))
    }

    /// Makes the folder, unless it is there; somebody else's is refused.
    pub(super) fn prepare(&self) -> Result<(), StoreError> {
        disk::make_folder(&self.path).map_err(|error| StoreError::io(&self.path, &error))?;
        self.check()
    }

    /// What a file in it holds; `None` when it is not there.
    pub(super) fn read(
        &self,
        path: &Path,
        max: u64,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        let found = read_private(path, max)?;
        if found.is_some() {
            self.check()?;
        }
        Ok(found)
    }

    /// The keys that have a file with this ending, in order.
    pub(super) fn keys(&self, ending: &str) -> Result<Vec<TokenKey>, StoreError> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| StoreError::io(&self.path, &error))?,
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut keys: Vec<TokenKey> = names
            .filter_map(|name| TokenKey::kept(name.strip_suffix(ending)?))
            .collect();
        keys.sort();
        Ok(keys)
    }

    /// The lock file of `key`, which is never removed: a lock on a removed file excludes nobody.
    pub(super) fn lock_file(&self, key: &TokenKey) -> Result<File, StoreError> {
        self.prepare()?;
        open_lock(&self.file(key, LOCK))
    }

    /// Waits for the lock of `key`; it is free again when the file is dropped or the process is gone.
    pub(super) fn lock(&self, key: &TokenKey, patience: Duration) -> Result<File, StoreError> {
        let file = self.lock_file(key)?;
        wait(file, &self.file(key, LOCK), key.as_str(), patience)
    }

    fn check(&self) -> Result<(), StoreError> {
        let metadata =
            fs::metadata(&self.path).map_err(|error| StoreError::io(&self.path, &error))?;
        owned(&self.path, &metadata, "700")
    }
}

/// The ending of lock files.
pub(super) const LOCK: &str = ".lock";

/// Waits for the lock whose file is `path`, as [`Folder::lock`] does; `name` is for people.
pub(super) fn lock_at(path: &Path, name: &str, patience: Duration) -> Result<File, StoreError> {
    wait(open_lock(path)?, path, name, patience)
}

/// Runs work on the files of `path` off the runtime.
pub(super) async fn off<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(crashed) => Err(StoreError::Io {
            path: path.to_owned(),
            reason: crashed.to_string(),
        }),
    }
}

/// What a file that is only this user's holds; `None` when it is not there.
pub(super) fn read_private(
    path: &Path,
    max: u64,
) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    let unreadable = |error: io::Error| StoreError::io(path, &error);
    // Asked before opening, for opening a pipe would wait for its other end.
    let metadata = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(unreadable)?,
    };
    owned(path, &metadata, "600")?;
    if !metadata.is_file() || metadata.len() > max {
        let reason = format!("not a regular file of at most {max} bytes");
        return Err(StoreError::damaged(path.display(), reason));
    }
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(unreadable)?,
    };
    // What was asked about may have been replaced since.
    owned(path, &file.metadata().map_err(unreadable)?, "600")?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(metadata.len() as usize + 1));
    file.take(max).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(Some(bytes))
}

fn open_lock(path: &Path) -> Result<File, StoreError> {
    disk::private(OpenOptions::new().write(true).create(true).truncate(false))
        .open(path)
        .map_err(|error| StoreError::io(path, &error))
}

fn wait(file: File, path: &Path, name: &str, patience: Duration) -> Result<File, StoreError> {
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(StoreError::io(path, &error)),
            Err(TryLockError::WouldBlock) if began.elapsed() >= patience => {
                return Err(StoreError::Busy {
                    key: name.to_owned(),
                    waited: patience,
                });
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_POLL),
        }
    }
}

/// Whether only this user can read and replace it.
#[cfg(unix)]
fn owned(path: &Path, metadata: &fs::Metadata, mode: &str) -> Result<(), StoreError> {
    use std::os::unix::fs::MetadataExt as _;

    let exposed = |reason: String| {
        Err(StoreError::Exposed {
            path: path.to_owned(),
            reason,
        })
    };
    let own = rustix::process::geteuid().as_raw();
    if metadata.uid() != own {
        return exposed(format!(
            "belongs to user {}, expected {own}; move it away, then log in again",
            metadata.uid()
        ));
    }
    if metadata.mode() & 0o077 != 0 {
        let shown = metadata.mode() & 0o777;
        return exposed(format!(
            "other users have access (mode {shown:o}); run `chmod {mode}` on it, or log in again if they may have read it"
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn owned(_: &Path, _: &fs::Metadata, _: &str) -> Result<(), StoreError> {
    Ok(())
}
