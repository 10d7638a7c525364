//! What lives for a while and is looked up by a secret or a code: a pushed request, a device's login, a login on another
//! channel. To stores they are all alike, so that another kind needs nothing of them.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::change::Change;
use super::record::{Key, Record};
use super::{Facts, Halt};
use crate::{Digest, Timestamp};

/// A kind of item: its body is this type's JSON.
pub trait Kept: Serialize + DeserializeOwned {
    /// The name of the kind; each has digests of its own.
    const SPACE: &'static str;
}

/// An item as stores keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its kind.
    pub space: &'static str,
    /// What it is found by.
    pub digest: Digest,
    /// How often it was replaced, from 1 on.
    pub version: u32,
    /// Whose it is, where somebody's are listed.
    pub owner: Option<String>,
    /// What it holds, as JSON.
    pub body: String,
    /// After this it is worth nothing, and may go.
    pub expires_at: Timestamp,
}

impl Item {
    /// A first version.
    pub fn new<T: Kept>(digest: Digest, body: &T, expires_at: Timestamp) -> Self {
        Self {
            space: T::SPACE,
            digest,
            version: 1,
            owner: None,
            body: written(body),
            expires_at,
        }
    }

    /// The same, of somebody.
    #[must_use]
    pub fn owned_by(self, owner: impl Into<String>) -> Self {
        Self {
            owner: Some(owner.into()),
            ..self
        }
    }

    /// Where it is found.
    pub fn key(&self) -> Key {
        Key::Item {
            space: self.space,
            digest: self.digest,
        }
    }

    /// What it holds; `None` when that is not of this kind.
    pub fn read<T: Kept>(&self) -> Option<T> {
        (self.space == T::SPACE)
            .then(|| serde_json::from_str(&self.body).ok())
            .flatten()
    }

    /// Adds it.
    pub fn insert(self) -> Change {
        Change::Insert(Record::Item(self))
    }

    /// Puts `body` in its place, unless somebody was faster.
    pub fn replace<T: Kept>(&self, body: &T) -> Change {
        Change::Replace(Self {
            version: self.version.saturating_add(1),
            body: written(body),
            ..self.clone()
        })
    }

    /// Takes it away, unless somebody was faster: of two who do, one fails.
    pub fn take(&self) -> Change {
        Change::Take {
            space: self.space,
            digest: self.digest,
            version: self.version,
        }
    }
}

impl Facts {
    /// An item that has not expired, with what it holds.
    ///
    /// # Errors
    ///
    /// [`Halt::Need`] while it is not known.
    pub fn item<T: Kept>(
        &self,
        digest: Digest,
        now: Timestamp,
    ) -> Result<Option<(&Item, T)>, Halt> {
        let key = Key::Item {
            space: T::SPACE,
            digest,
        };
        let Some(Record::Item(item)) = self.record(key)? else {
            return Ok(None);
        };
        let live = Some(item).filter(|item| now < item.expires_at);
        Ok(live.and_then(|item| Some((item, item.read()?))))
    }
}

fn written<T: Kept>(body: &T) -> String {
    serde_json::to_string(body).unwrap_or_default()
}
