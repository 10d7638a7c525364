use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::{StoreError, StoredToken, TokenKey, TokenLock, TokenStore};
use crate::disk;

/// The largest token file that is read, in bytes.
const MAX_LEN: u64 = 1024 * 1024;
/// How often a lock that somebody holds is tried.
const LOCK_POLL: Duration = Duration::from_millis(5);

/// Keeps each token in a file `<key>.json` of its own, in a folder (0700) that is only this user's, with mode
/// 0600. A file is replaced as a whole: written under another name, synced, renamed, the folder synced. Files
/// that others own or can read, and damaged ones, are neither used nor overwritten.
///
/// The tokens lie in it in clear. On Windows the folder's inherited rules protect it.
#[derive(Clone, Debug)]
pub struct FileTokens {
    folder: PathBuf,
}

impl FileTokens {
    /// The store in `folder`, which is made when the first token is saved.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The keys that have a token, in order.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| fault(&self.folder, &error))?,
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut keys: Vec<TokenKey> = names
            .filter_map(|name| TokenKey::new(name.strip_suffix(".json")?))
            .collect();
        keys.sort();
        Ok(keys)
    }

    fn path(&self, key: &TokenKey) -> PathBuf {
        self.folder.join(format!("{}.json", key.as_str()))
    }

    /// Runs file work off the runtime.
    async fn off<T: Send + 'static>(
        &self,
        key: &TokenKey,
        work: impl FnOnce(&Self, &TokenKey) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (own, key) = (self.clone(), key.clone());
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || work(&own, &key))
            .await
            .map_err(|error| StoreError::Io {
                path: folder,
                reason: error.to_string(),
            })?
    }

    fn read(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        let path = self.path(key);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|error| fault(&path, &error))?,
        };
        owned(
            &self.folder,
            &fs::metadata(&self.folder).map_err(|error| fault(&self.folder, &error))?,
            "700",
        )?;
        let metadata = file.metadata().map_err(|error| fault(&path, &error))?;
        owned(&path, &metadata, "600")?;
        if !metadata.is_file() || metadata.len() > MAX_LEN {
            let reason = "not a regular file of at most 1 MiB".to_owned();
            return Err(StoreError::Damaged { path, reason });
        }
        let mut bytes = Zeroizing::new(Vec::new());
        file.take(MAX_LEN)
            .read_to_end(&mut bytes)
            .map_err(|error| fault(&path, &error))?;
        let token =
            StoredToken::parse(&bytes).map_err(|reason| StoreError::Damaged { path, reason })?;
        Ok(Some(token))
    }

    fn write(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        self.prepare()?;
        // What is damaged or somebody else's is not ours to overwrite.
        self.read(key)?;
        let path = self.path(key);
        disk::replace(&path, &token.to_json()).map_err(|error| fault(&path, &error))
    }

    fn remove(&self, key: &TokenKey) -> Result<(), StoreError> {
        if self.read(key)?.is_none() {
            return Ok(());
        }
        let path = self.path(key);
        fs::remove_file(&path)
            .and_then(|()| disk::sync_folder(&self.folder))
            .map_err(|error| fault(&path, &error))
    }

    /// The lock has a file of its own, which is never removed: a lock on a removed file excludes nobody.
    fn take_lock(&self, key: &TokenKey, patience: Duration) -> Result<File, StoreError> {
        self.prepare()?;
        let path = self.folder.join(format!("{}.lock", key.as_str()));
        let file = disk::private(OpenOptions::new().write(true).create(true).truncate(false))
            .open(&path)
            .map_err(|error| fault(&path, &error))?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(fault(&path, &error)),
                Err(TryLockError::WouldBlock) if began.elapsed() >= patience => {
                    return Err(StoreError::Busy {
                        key: key.as_str().to_owned(),
                        waited: patience,
                    });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_POLL),
            }
        }
    }

    fn prepare(&self) -> Result<(), StoreError> {
        let path = &self.folder;
        disk::make_folder(path).map_err(|error| fault(path, &error))?;
        let metadata = fs::metadata(path).map_err(|error| fault(path, &error))?;
        owned(path, &metadata, "700")
    }
}

#[async_trait]
impl TokenStore for FileTokens {
    /// The file is small and read at once, on the caller's thread: handing it over would take longer.
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        self.read(key)
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        let token = token.clone();
        self.off(key, move |own, key| own.write(key, &token)).await
    }

    async fn forget(&self, key: &TokenKey) -> Result<(), StoreError> {
        self.off(key, Self::remove).await
    }

    async fn lock(&self, key: &TokenKey, patience: Duration) -> Result<TokenLock, StoreError> {
        self.off(key, move |own, key| own.take_lock(key, patience))
            .await
            .map(TokenLock::new)
    }

    fn place(&self, key: &TokenKey) -> String {
        format!(
            "{} (in clear, readable by this user only)",
            self.path(key).display()
        )
    }
}

fn fault(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Io {
        path: path.to_owned(),
        reason: error.to_string(),
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

#[cfg(all(test, unix))]
#[path = "file_tests.rs"]
mod tests;
