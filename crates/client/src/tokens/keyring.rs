use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use gatepass_http::OsEntropy;
use gatepass_proto::Entropy as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::folder::{Folder, LOCK, off};
use super::os_keyring::Entries;
use super::{Keyring, StoreError, StoredToken, TokenKey, TokenLock, TokenStore};

/// The longest token, in bytes: no keyring is made for more.
const MAX_LEN: usize = 64 * 1024;
/// The longest entry that the keyring takes, in bytes.
const ENTRY_LEN: usize = if cfg!(windows) { 2560 } else { MAX_LEN };
/// How often a token is read again that somebody replaces meanwhile.
const ATTEMPTS: usize = 1000;

/// Keeps tokens in the OS keyring, each as the entry `token <key>` of `gatepass`. Its locks are files in a folder,
/// which programs that share tokens have to share.
///
/// Windows takes no entry longer than 2560 bytes, so there a long token is cut into parts. They are entries of their
/// own, written before the entry that names them, and never changed: a reader finds a whole token at any moment.
#[derive(Clone, Debug)]
pub struct KeyringTokens {
    keyring: Keyring,
    /// Has the locks. Every key that ever had a token has one, so they also tell which keys there may be.
    folder: Folder,
    entry_len: usize,
}

impl KeyringTokens {
    /// The store in `keyring`, with its locks in `folder`, which is made when it is first needed.
    pub fn new(keyring: Keyring, folder: impl Into<PathBuf>) -> Self {
        Self {
            keyring,
            folder: Folder::new(folder),
            entry_len: ENTRY_LEN,
        }
    }

    /// With shorter entries, as on Windows.
    #[cfg(test)]
    pub(super) fn with_entries_of(self, entry_len: usize) -> Self {
        Self { entry_len, ..self }
    }

    async fn ask<T: Send + 'static>(
        &self,
        key: &TokenKey,
        work: impl FnOnce(&Entries, &TokenKey) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let own = key.clone();
        let asked = self.keyring.ask(move |entries| match work(entries, &own) {
            Ok(done) => Ok(Ok(done)),
            Err(Fault::Damaged(reason)) => Ok(Err(reason)),
            Err(Fault::Keyring(reason)) => Err(reason),
        });
        match asked.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(reason)) => Err(StoreError::damaged(entry_for_people(key), reason)),
            Err(reason) => Err(StoreError::Keyring {
                wanted: format!("the token of {:?} is to be in the OS keyring", key.as_str()),
                reason,
                instead: ", or keep this profile's tokens in files",
            }),
        }
    }
}

#[async_trait]
impl TokenStore for KeyringTokens {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        self.ask(key, |entries, key| {
            Ok(read(entries, key)?.map(|kept| kept.token))
        })
        .await
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        let bytes = token.to_json();
        if bytes.len() > MAX_LEN {
            return Err(StoreError::TooLong {
                key: key.as_str().to_owned(),
                len: bytes.len(),
                place: "the OS keyring",
                max: MAX_LEN,
            });
        }
        let (folder, own) = (self.folder.clone(), key.clone());
        off(self.folder.path(), move || folder.lock_file(&own)).await?;
        let entry_len = self.entry_len;
        self.ask(key, move |entries, key| {
            // What is damaged is not ours to overwrite.
            let old = read(entries, key)?;
            write(entries, key, &bytes, entry_len)?;
            sweep(entries, key, old)
        })
        .await
    }

    async fn forget(&self, key: &TokenKey) -> Result<(), StoreError> {
        self.ask(key, |entries, key| {
            let old = read(entries, key)?;
            entries.remove(&entry(key))?;
            sweep(entries, key, old)
        })
        .await
    }

    async fn lock(&self, key: &TokenKey, patience: Duration) -> Result<TokenLock, StoreError> {
        let (folder, own) = (self.folder.clone(), key.clone());
        off(self.folder.path(), move || folder.lock(&own, patience))
            .await
            .map(TokenLock::new)
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        let keys = self.folder.keys(LOCK)?;
        let asked = self.keyring.ask(move |entries| {
            let mut found = Vec::new();
            for key in keys {
                if entries.read(&entry(&key))?.is_some() {
                    found.push(key);
                }
            }
            Ok(found)
        });
        asked.await.map_err(|reason| StoreError::Keyring {
            wanted: "the tokens are in the OS keyring".to_owned(),
            reason,
            instead: "",
        })
    }

    fn place(&self, key: &TokenKey) -> String {
        entry_for_people(key)
    }
}

/// What went wrong on the keyring's thread.
enum Fault {
    Keyring(String),
    Damaged(String),
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Self::Keyring(reason)
    }
}

/// A token that was read, and the parts it was in.
struct Kept {
    token: StoredToken,
    parts: Option<Parts>,
}

/// What the entry of a long token holds: how many parts there are, and the random word in their names.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    parts: usize,
    of: String,
}

impl Parts {
    fn names<'a>(&'a self, key: &'a TokenKey) -> impl Iterator<Item = String> + 'a {
        (0..self.parts).map(move |n| format!("{} part {} {n}", entry(key), self.of))
    }
}

fn read(entries: &Entries, key: &TokenKey) -> Result<Option<Kept>, Fault> {
    let mut before = None;
    for _ in 0..ATTEMPTS {
        let Some(head) = entries.read(&entry(key))? else {
            return Ok(None);
        };
        let Ok(parts) = serde_json::from_slice::<Parts>(&head) else {
            return kept(&head, None).map(Some);
        };
        if let Some(bytes) = join(entries, key, &parts)? {
            return kept(&bytes, Some(parts)).map(Some);
        }
        // A part that is missing belongs to a token that was replaced meanwhile; unless the head is still the same.
        if before.as_ref() == Some(&parts) {
            break;
        }
        before = Some(parts);
    }
    Err(Fault::Damaged("a part of it is missing".to_owned()))
}

fn kept(bytes: &[u8], parts: Option<Parts>) -> Result<Kept, Fault> {
    let token = StoredToken::parse(bytes).map_err(Fault::Damaged)?;
    Ok(Kept { token, parts })
}

fn join(
    entries: &Entries,
    key: &TokenKey,
    parts: &Parts,
) -> Result<Option<Zeroizing<Vec<u8>>>, Fault> {
    if parts.parts > MAX_LEN {
        return Err(Fault::Damaged("it is said to have too many parts".into()));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_LEN));
    for name in parts.names(key) {
        let Some(part) = entries.read(&name)? else {
            return Ok(None);
        };
        if bytes.len() + part.len() > MAX_LEN {
            return Err(Fault::Damaged("it is too long".to_owned()));
        }
        bytes.extend_from_slice(&part);
    }
    Ok(Some(bytes))
}

fn write(entries: &Entries, key: &TokenKey, bytes: &[u8], entry_len: usize) -> Result<(), Fault> {
    if bytes.len() <= entry_len {
        return Ok(entries.write(&entry(key), bytes)?);
    }
    let mut word = [0; 8];
    OsEntropy.fill(&mut word);
    let parts = Parts {
        parts: bytes.len().div_ceil(entry_len),
        of: format!("{:016x}", u64::from_ne_bytes(word)),
    };
    for (name, part) in parts.names(key).zip(bytes.chunks(entry_len)) {
        entries.write(&name, part)?;
    }
    let head = serde_json::to_vec(&parts).map_err(|error| error.to_string())?;
    Ok(entries.write(&entry(key), &head)?)
}

/// Removes the parts of a token that was replaced.
fn sweep(entries: &Entries, key: &TokenKey, old: Option<Kept>) -> Result<(), Fault> {
    let Some(parts) = old.and_then(|kept| kept.parts) else {
        return Ok(());
    };
    for name in parts.names(key) {
        entries.remove(&name)?;
    }
    Ok(())
}

/// The name of the entry. No key has a space in it, so no two names are the same.
fn entry(key: &TokenKey) -> String {
    format!("token {}", key.as_str())
}

fn entry_for_people(key: &TokenKey) -> String {
    format!("entry {:?} of \"gatepass\" in the OS keyring", entry(key))
}

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
