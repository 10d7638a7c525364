//! The server's own keys.

use std::time::Duration;

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::record::{Key, Record, SealedKey};
use gatepass_proto::id_token::ALGORITHMS;
use gatepass_proto::{Digest, Timestamp};
use gatepass_store::CommitError;

use super::{Admin, AdminError};
use crate::keys::schedule::{Line, State};
use crate::keys::{KeyRotation, KeysError, TOGETHER, Use, new_key, sealed_keys};
use crate::seal::MasterKey;

/// One of the server's own keys, without anything secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerKey {
    /// Its `kid`, or `refresh-` and a version.
    pub key_id: String,
    /// What it is for: `sign` or `refresh`.
    pub purpose: String,
    /// Its algorithm.
    pub alg: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it is used.
    pub activates_at: Timestamp,
    /// Since when another one is used in its place.
    pub retired_at: Option<Timestamp>,
    /// `published`, `active` or `retired`.
    pub state: &'static str,
}

impl ServerKey {
    fn of((key, state): (&SealedKey, State)) -> Self {
        let (state, retired_at) = match state {
            State::Published => ("published", None),
            State::Signs => ("active", None),
            State::Retired(since) => ("retired", Some(since)),
            State::Over => ("over", None),
        };
        Self {
            key_id: key.key_id.clone(),
            purpose: key.purpose.clone(),
            alg: key.alg.clone(),
            created_at: key.created_at,
            activates_at: key.activates_at,
            retired_at,
            state,
        }
    }
}

impl Admin {
    /// The server's own keys: by use, and in the order in which they are used.
    ///
    /// # Errors
    ///
    /// The database's.
    pub async fn server_keys(&self) -> Result<Vec<ServerKey>, AdminError> {
        let keys = sealed_keys(&*self.store).await?;
        let now = SystemClock.now();
        let shown = Use::all().flat_map(|wanted| shown(&keys, wanted, now));
        Ok(shown.collect())
    }

    /// How often the server replaces its keys, where that is not as usual.
    #[must_use]
    pub fn key_rotation(self, key_rotation: KeyRotation) -> Self {
        Self {
            key_rotation,
            ..self
        }
    }

    /// Sees to it that another key is used for `name`, an algorithm or `refresh`: a new one, after it has been published
    /// for the usual time. Or `at_once`: the one that is published already if there is one, which all know by now, else a
    /// new one, which those who check signatures have to fetch first.
    ///
    /// # Errors
    ///
    /// There is no such use; a key is published already; the master key or the database cannot be used.
    pub async fn rotate_server_key(
        &self,
        name: &str,
        at_once: bool,
    ) -> Result<ServerKey, AdminError> {
        let wanted = named(name)?;
        let keys = sealed_keys(&*self.store).await?;
        let line = line(&keys, wanted);
        let now = SystemClock.now();
        let waiting = line.newest().filter(|key| now < key.activates_at);
        let (next, mut changes) = match (waiting, at_once) {
            (Some(key), true) => moved_up(key, now),
            (Some(key), false) => {
                return Err(AdminError::Invalid(format!(
                    "{} is published already and will be used soon; to use it now, rotate at once",
                    key.key_id
                )));
            }
            (None, true) => self.added(wanted, &line, now, now).await?,
            (None, false) => {
                let publish_before = self.key_rotation.publish_before;
                self.added(wanted, &line, now, now + publish_before).await?
            }
        };
        changes.push(Change::Audit(AuditEvent::new(now, "server_key.rotated")));
        self.commit_keys(changes).await?;
        let state = match at_once {
            true => State::Signs,
            false => State::Published,
        };
        Ok(ServerKey::of((&next, state)))
    }

    /// Takes a key away that somebody else may have: nothing that was made with it is good any more. Says which key is used
    /// in its place, if it was in use.
    ///
    /// # Errors
    ///
    /// There is no such key; the master key or the database cannot be used.
    pub async fn retire_server_key(&self, key_id: &str) -> Result<Option<ServerKey>, AdminError> {
        let keys = sealed_keys(&*self.store).await?;
        let found = keys.iter().find(|key| key.key_id == key_id);
        let found = found.and_then(|key| Some((key, Use::of(key)?)));
        let (key, wanted) =
            found.ok_or_else(|| AdminError::Missing(format!("the key {key_id:?}")))?;
        let line = line(&keys, wanted);
        let now = SystemClock.now();
        let mut changes = taken(key, now);
        changes.push(Change::Audit(AuditEvent::new(now, "server_key.retired")));
        let mut next = None;
        if line.signer(now) == Some(key) {
            let waiting = line.newest().filter(|newest| *newest != key);
            let (successor, added) = match waiting {
                Some(waiting) => moved_up(waiting, now),
                None => self.added(wanted, &line, now, now).await?,
            };
            changes.extend(added);
            next = Some(ServerKey::of((&successor, State::Signs)));
        }
        self.commit_keys(changes).await?;
        Ok(next)
    }

    async fn added(
        &self,
        wanted: Use,
        line: &Line<'_>,
        now: Timestamp,
        activates_at: Timestamp,
    ) -> Result<(SealedKey, Vec<Change>), AdminError> {
        let master = self.server_master_key()?;
        let made = new_key(&master, wanted, line, now, activates_at).await;
        let key = made.map_err(|error| match error {
            KeysError::Store(error) => AdminError::Store(error),
            KeysError::Sealed(text) => AdminError::Invalid(text),
        })?;
        let insert = Change::Insert(Record::SealedKey(key.clone()));
        Ok((key, vec![insert]))
    }

    async fn commit_keys(&self, changes: Vec<Change>) -> Result<(), AdminError> {
        let committed = self.store.commit(changes).await;
        committed.map_err(|error| match error {
            CommitError::Conflict | CommitError::Spent => AdminError::Invalid(
                "the keys were changed by somebody else at the same time; list them, and try again"
                    .to_owned(),
            ),
            CommitError::Store(error) => AdminError::Store(error),
        })
    }

    /// The key that the server's own keys are sealed under. One that is not there is not made: it would open nothing.
    fn server_master_key(&self) -> Result<MasterKey, AdminError> {
        let missing = || {
            let text = "the server's keys are sealed under its master key: name it";
            AdminError::Invalid(text.to_owned())
        };
        let source = self.master_key.as_ref().ok_or_else(missing)?;
        let found = MasterKey::find(source).map_err(|error| AdminError::Invalid(error.to_string()));
        found?.ok_or_else(missing)
    }
}

fn named(name: &str) -> Result<Use, AdminError> {
    let wanted = match name {
        "refresh" => Some(Use::Refresh),
        alg => Use::sign(alg),
    };
    wanted.ok_or_else(|| {
        let known = ALGORITHMS.join(", ");
        AdminError::Invalid(format!(
            "there are keys for {known} and refresh, none for {name:?}"
        ))
    })
}

/// A key that is published already, used from `now` on.
fn moved_up(key: &SealedKey, now: Timestamp) -> (SealedKey, Vec<Change>) {
    let earlier = SealedKey {
        activates_at: now,
        ..key.clone()
    };
    let mut changes = taken(key, now);
    changes.push(Change::Insert(Record::SealedKey(earlier.clone())));
    (earlier, changes)
}

/// Takes a key out, unless somebody else does so now: what one retires another must not move up.
fn taken(key: &SealedKey, now: Timestamp) -> Vec<Change> {
    let once = Change::Once {
        space: "key taken",
        hash: Digest::of(format!("{} {}", key.key_id, key.activates_at.as_millis())),
        until: now + TOGETHER,
    };
    vec![once, Change::Delete(Key::SealedKey(key.key_id.clone()))]
}

fn line(keys: &[SealedKey], wanted: Use) -> Line<'_> {
    Line::of(keys.iter().filter(|key| Use::of(key) == Some(wanted)))
}

fn shown(keys: &[SealedKey], wanted: Use, now: Timestamp) -> Vec<ServerKey> {
    // How long one is kept is for the server to say: what is still there is only retired.
    let states = line(keys, wanted);
    let states = states.states(now, Duration::MAX);
    states.map(ServerKey::of).collect()
}
