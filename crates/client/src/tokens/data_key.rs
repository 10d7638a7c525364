use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatepass_http::OsEntropy;
use gatepass_proto::Entropy as _;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

use super::folder::{LOCK, lock_at, off, read_private};
use super::seal::{KEY_LEN, Seal, decode_key};
use super::{Keyring, StoreError};
use crate::disk;

/// How long another process may take to make the key: a person may have to unlock the keyring meanwhile.
const PATIENCE: Duration = Duration::from_secs(75);
/// The record takes less than a hundred bytes; a file with more is not one.
const MAX_LEN: u64 = 1024;
/// The version of the record; one with a higher version is not read.
const VERSION: u32 = 1;

/// The key that the tokens of a folder are sealed with.
///
/// A record, the file `data.key` beside the folder, holds the key, or says under which name the OS keyring has it. The
/// record is made once, under a lock, and never changed: so there is one key, and a keyring that is away for a while
/// is waited for, not replaced.
#[derive(Clone, Debug)]
pub(super) struct DataKey {
    path: PathBuf,
    /// Where a new key goes, if it answers.
    preferred: Option<Keyring>,
    /// Where a recorded key is looked for.
    keyring: Keyring,
    known: Arc<OnceLock<Known>>,
}

struct Known {
    seal: Arc<Seal>,
    home: Home,
}

/// Where the key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    File,
    Keyring,
}

impl DataKey {
    /// The key of the tokens in `folder`; a new one is kept in a file.
    pub(super) fn beside(folder: &Path) -> Self {
        Self {
            path: folder.with_file_name("data.key"),
            preferred: None,
            keyring: Keyring::of_this_user(),
            known: Arc::default(),
        }
    }

    /// A new key is kept in this keyring, if it answers.
    pub(super) fn preferring(self, keyring: Keyring) -> Self {
        Self {
            preferred: Some(keyring.clone()),
            keyring,
            ..self
        }
    }

    /// The record's file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the key lives; `None` when there is none yet, or its record cannot be read.
    pub(super) fn home(&self) -> Option<Home> {
        if let Some(known) = self.known.get() {
            return Some(known.home);
        }
        Some(match self.record().ok()?? {
            Record::Key(_) => Home::File,
            Record::Keyring(_) => Home::Keyring,
        })
    }

    /// The key; `None` when there is none yet.
    ///
    /// A key in a file takes one read, once; the keyring is asked once.
    pub(super) async fn existing(&self) -> Result<Option<Arc<Seal>>, StoreError> {
        if let Some(known) = self.known.get() {
            return Ok(Some(known.seal.clone()));
        }
        let (key, home) = match self.record()? {
            None => return Ok(None),
            Some(Record::Key(key)) => (key, Home::File),
            Some(Record::Keyring(id)) => (self.ask(id).await?, Home::Keyring),
        };
        let seal = Seal::new(&key).map_err(|reason| self.damaged(reason))?;
        let known = self.known.get_or_init(|| Known {
            seal: Arc::new(seal),
            home,
        });
        Ok(Some(known.seal.clone()))
    }

    /// The key, made now if there is none yet. The folder of the record must be there.
    pub(super) async fn made(&self) -> Result<Arc<Seal>, StoreError> {
        if let Some(seal) = self.existing().await? {
            return Ok(seal);
        }
        let name = self.path.with_extension(format!("key{LOCK}"));
        let _lock = off(&self.path, move || lock_at(&name, "the data key", PATIENCE)).await?;
        // Another process may have been faster.
        if self.record()?.is_none() {
            self.make().await?;
        }
        let made = self.existing().await?;
        made.ok_or_else(|| self.damaged("it vanished while it was made"))
    }

    async fn make(&self) -> Result<(), StoreError> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        OsEntropy.fill(&mut *key);
        let record = match self.entrust(&key).await {
            Some(id) => Record::Keyring(id),
            None => Record::Key(key),
        };
        let (path, bytes) = (self.path.clone(), record.to_json());
        off(&self.path, move || {
            disk::replace(&path, &bytes).map_err(|error| StoreError::io(&path, &error))
        })
        .await
    }

    /// Gives the key to the keyring, and makes sure that it gives it back; the name it has there.
    async fn entrust(&self, key: &Zeroizing<[u8; KEY_LEN]>) -> Option<String> {
        let mut id = [0; 8];
        OsEntropy.fill(&mut id);
        let id = format!("{:016x}", u64::from_ne_bytes(id));
        let (name, key) = (entry(&id), key.clone());
        let kept = self.preferred.as_ref()?.ask(move |entries| {
            entries.write(&name, &*key)?;
            match entries.read(&name)? {
                Some(back) if *back == *key => Ok(()),
                _ => Err("it does not give back what it was given".to_owned()),
            }
        });
        match kept.await {
            Ok(()) => Some(id),
            Err(reason) => {
                tracing::info!(
                    reason,
                    "no OS keyring: the key that tokens are sealed with is kept in a file"
                );
                None
            }
        }
    }

    async fn ask(&self, id: String) -> Result<Zeroizing<[u8; KEY_LEN]>, StoreError> {
        let name = entry(&id);
        let found = self.keyring.ask(move |entries| entries.read(&name));
        let secret = found.await.map_err(|reason| StoreError::Keyring {
            wanted: format!(
                "the key that the tokens are sealed with is in the OS keyring, as {} says",
                self.path.display()
            ),
            reason,
            instead: "; nothing was changed",
        })?;
        let key = secret.and_then(|secret| <[u8; KEY_LEN]>::try_from(secret.as_slice()).ok());
        key.map(Zeroizing::new).ok_or_else(|| {
            self.damaged(format!(
                "the key that it says is in the OS keyring, as {:?} of \"gatepass\", is not there; what was sealed \
                 with it is lost, unless the keyring is restored",
                entry(&id)
            ))
        })
    }

    fn record(&self) -> Result<Option<Record>, StoreError> {
        let Some(bytes) = read_private(&self.path, MAX_LEN)? else {
            return Ok(None);
        };
        Record::parse(&bytes)
            .map(Some)
            .map_err(|reason| self.damaged(reason))
    }

    fn damaged(&self, reason: impl Into<String>) -> StoreError {
        StoreError::damaged(self.path.display(), reason)
    }
}

/// The name of the keyring's entry. Tokens have other ones: no key of theirs has a space in it.
fn entry(id: &str) -> String {
    format!("data key {id}")
}

/// What the file says.
enum Record {
    Key(Zeroizing<[u8; KEY_LEN]>),
    Keyring(String),
}

#[derive(Serialize, Deserialize)]
struct Wire {
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keyring: Option<String>,
}

impl Record {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut wire: Wire =
            serde_json::from_slice(bytes).map_err(|_| "not the record of a data key")?;
        if wire.version > VERSION {
            return Err(format!(
                "written by a newer gatepass (version {})",
                wire.version
            ));
        }
        match (wire.key.take(), wire.keyring.take()) {
            (Some(key), None) => decode_key(&Zeroizing::new(key))
                .map(Self::Key)
                .ok_or_else(|| "the key in it is not 32 bytes in base64".to_owned()),
            (None, Some(id)) if id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()) => {
                Ok(Self::Keyring(id))
            }
            _ => Err("expected a key, or its name in the keyring".to_owned()),
        }
    }

    fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let (key, keyring) = match self {
            Self::Key(key) => (Some(STANDARD.encode(**key)), None),
            Self::Keyring(id) => (None, Some(id.clone())),
        };
        let mut wire = Wire {
            version: VERSION,
            key,
            keyring,
        };
        let bytes = Zeroizing::new(serde_json::to_vec_pretty(&wire).unwrap_or_default());
        wire.key.zeroize();
        bytes
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Known({:?})", self.home)
    }
}

#[cfg(test)]
#[path = "data_key_tests.rs"]
mod tests;
