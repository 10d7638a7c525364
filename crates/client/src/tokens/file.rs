use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::data_key::{DataKey, Home};
use super::folder::{Folder, off};
use super::seal::{Envelope, Seal};
use super::{Keyring, StoreError, StoredToken, TokenKey, TokenLock, TokenStore};
use crate::disk;

/// The largest token file that is read or written, in bytes.
const MAX_LEN: usize = 1024 * 1024;
/// The ending of token files.
const TOKEN: &str = ".json";

/// Keeps each token in a file `<key>.json` of its own, in a folder (0700) that is only this user's, with mode
/// 0600. A file is replaced as a whole: written under another name, synced, renamed, the folder synced. Files
/// that others own or can read, and damaged ones, are neither used nor overwritten.
///
/// What is in the files is sealed (AES-256-GCM) with a data key that is made when the first token is saved, and kept
/// in `data.key` beside the folder or in the OS keyring. A file in clear, which older versions wrote, is still read, and
/// sealed when its token is next saved. On Windows the folder's inherited rules protect it.
#[derive(Clone, Debug)]
pub struct FileTokens {
    folder: Folder,
    data_key: DataKey,
}

impl FileTokens {
    /// The store in `folder`, which is made when the first token is saved; its data key is kept in a file.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Self {
            data_key: DataKey::beside(&folder),
            folder: Folder::new(folder),
        }
    }

    /// Keeps the data key in `keyring` instead, if that answers when the key is made. Once made, the key stays where
    /// it is: `data.key` remembers.
    #[must_use]
    pub fn key_in(self, keyring: Keyring) -> Self {
        Self {
            data_key: self.data_key.preferring(keyring),
            ..self
        }
    }

    fn path(&self, key: &TokenKey) -> PathBuf {
        self.folder.file(key, TOKEN)
    }

    fn read(&self, key: &TokenKey) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
        self.folder.read(&self.path(key), MAX_LEN as u64)
    }

    /// The token in these bytes of its file.
    async fn open(&self, key: &TokenKey, bytes: &[u8]) -> Result<StoredToken, StoreError> {
        let damaged = |reason: String| StoreError::damaged(self.path(key).display(), reason);
        let Some(envelope) = Envelope::parse(bytes) else {
            return StoredToken::parse(bytes).map_err(damaged);
        };
        let seal = self.data_key.existing().await?.ok_or_else(|| {
            damaged(format!(
                "it is sealed, and {} with its key is missing",
                self.data_key.path().display()
            ))
        })?;
        seal.open(key, &envelope).map_err(damaged)
    }

    /// Replaces the file, which is known to be ours to replace.
    fn write(&self, key: &TokenKey, token: &StoredToken, seal: &Seal) -> Result<(), StoreError> {
        let path = self.path(key);
        let bytes = seal.seal(key, token).map_err(|reason| StoreError::Io {
            path: path.clone(),
            reason,
        })?;
        if bytes.len() > MAX_LEN {
            return Err(StoreError::TooLong {
                key: key.as_str().to_owned(),
                len: bytes.len(),
                place: "a token file",
                max: MAX_LEN,
            });
        }
        disk::replace(&path, &bytes).map_err(|error| StoreError::io(&path, &error))
    }

    fn remove(&self, key: &TokenKey) -> Result<(), StoreError> {
        let path = self.path(key);
        fs::remove_file(&path)
            .and_then(|()| disk::sync_folder(self.folder.path()))
            .map_err(|error| StoreError::io(&path, &error))
    }

    /// Runs file work off the runtime.
    async fn off<T: Send + 'static>(
        &self,
        key: &TokenKey,
        work: impl FnOnce(&Self, &TokenKey) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (own, key) = (self.clone(), key.clone());
        off(self.folder.path(), move || work(&own, &key)).await
    }
}

#[async_trait]
impl TokenStore for FileTokens {
    /// The file is small and read at once, on the caller's thread: handing it over would take longer.
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        match self.read(key)? {
            None => Ok(None),
            Some(bytes) => self.open(key, &bytes).await.map(Some),
        }
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        self.off(key, |own, _| own.folder.prepare()).await?;
        // What is damaged or somebody else's is not ours to overwrite.
        self.load(key).await?;
        let (token, seal): (_, Arc<Seal>) = (token.clone(), self.data_key.made().await?);
        self.off(key, move |own, key| own.write(key, &token, &seal))
            .await
    }

    async fn forget(&self, key: &TokenKey) -> Result<(), StoreError> {
        if self.load(key).await?.is_none() {
            return Ok(());
        }
        self.off(key, Self::remove).await
    }

    async fn lock(&self, key: &TokenKey, patience: Duration) -> Result<TokenLock, StoreError> {
        self.off(key, move |own, key| own.folder.lock(key, patience))
            .await
            .map(TokenLock::new)
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        self.folder.keys(TOKEN)
    }

    fn place(&self, key: &TokenKey) -> String {
        let in_clear = || {
            let bytes = self.read(key).ok()??;
            Envelope::parse(&bytes).is_none().then_some(())
        };
        let how = match self.data_key.home() {
            _ if in_clear().is_some() => "in clear until it is next saved".to_owned(),
            Some(Home::Keyring) => "sealed; the key is in the OS keyring".to_owned(),
            Some(Home::File) => sealed_by(self.data_key.path()),
            None => "sealed".to_owned(),
        };
        format!("{} ({how})", self.path(key).display())
    }
}

fn sealed_by(path: &Path) -> String {
    format!(
        "sealed; the key is in {}, readable by this user only",
        path.display()
    )
}

#[cfg(all(test, unix))]
#[path = "file_tests.rs"]
mod tests;
