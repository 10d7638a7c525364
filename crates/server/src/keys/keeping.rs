//! What is done to the keys in the database: those that are due are made, those that are over deleted.

use std::sync::Arc;

use gatepass_http::Clock;
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::record::{Key, Record, SealedKey};
use gatepass_proto::id_token::ALGORITHMS;
use gatepass_proto::{Digest, Timestamp};
use gatepass_store::{CommitError, Store};

use super::making::claim;
use super::schedule::State;
use super::{KeysError, Opened, SIGN, Settings, TOGETHER, Use, new_key, sealed_keys};
use crate::seal::MasterKey;

/// Whose keys they are, and what they are kept with.
pub(crate) struct Keeping {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) master: Arc<MasterKey>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
}

impl Keeping {
    /// Opens the keys in the database. Those without which nothing works are made if they are not there, but for RSA
    /// keys, which take too long. Of two processes that start at once both use the keys that came first.
    ///
    /// # Errors
    ///
    /// [`KeysError`].
    pub(crate) async fn open(&self) -> Result<Opened, KeysError> {
        let mut opened = Opened::open(sealed_keys(&*self.store).await?, &self.master)?;
        for wanted in self.settings.at_once() {
            if opened.line(wanted).newest().is_none() {
                self.make(wanted, &opened).await?;
                opened = opened.and(sealed_keys(&*self.store).await?, &self.master)?;
            }
        }
        Ok(opened)
    }

    /// Makes the next key for `wanted` if one is due, unless another node is faster.
    pub(super) async fn make(&self, wanted: Use, opened: &Opened) -> Result<bool, KeysError> {
        let now = self.clock.now();
        let line = opened.line(wanted);
        let Some(activates_at) = self.due(wanted, opened, now) else {
            return Ok(false);
        };
        let key = new_key(&self.master, wanted, &line, now, activates_at).await?;
        let name = key.key_id.clone();
        let mut changes = vec![
            claim(wanted, &line, now),
            Change::Insert(Record::SealedKey(key)),
        ];
        if line.newest().is_some() {
            changes.push(Change::Audit(AuditEvent::new(now, "server_key.added")));
        }
        if self.commit(changes).await? {
            tracing::info!(key = name, alg = wanted.alg(), "made a key");
        }
        Ok(true)
    }

    fn due(&self, wanted: Use, opened: &Opened, now: Timestamp) -> Option<Timestamp> {
        let periods = self.settings.periods(wanted);
        let line = opened.line(wanted);
        let due = line.due(now, periods)?;
        let was_seen = |key: &SealedKey| key.purpose == SIGN && key.created_at + TOGETHER < now;
        // Access tokens go on as they were, until whoever checks them knows the new algorithm's key.
        let changes_over = line.newest().is_none()
            && wanted == Use::Sign(self.settings.access_token)
            && opened.sealed().iter().any(was_seen);
        Some(match changes_over {
            true => now + periods.publish_before,
            false => due,
        })
    }

    /// Deletes the keys of which nothing is of use any more.
    pub(super) async fn remove(&self, opened: &Opened) -> Result<bool, KeysError> {
        let now = self.clock.now();
        let mut some = false;
        for alg in ALGORITHMS {
            let wanted = Use::Sign(alg);
            let keep = self.settings.periods(wanted).keep;
            let line = opened.line(wanted);
            let states = line.states(now, keep);
            for (key, _) in states.filter(|(_, state)| *state == State::Over) {
                let once = Change::Once {
                    space: "key over",
                    hash: Digest::of(&key.key_id),
                    until: now + TOGETHER,
                };
                let audit = Change::Audit(AuditEvent::new(now, "server_key.removed"));
                let delete = Change::Delete(Key::SealedKey(key.key_id.clone()));
                some |= self.commit(vec![once, delete, audit]).await?;
            }
        }
        Ok(some)
    }

    /// Whether it was done here; what another node has done is as good.
    async fn commit(&self, changes: Vec<Change>) -> Result<bool, KeysError> {
        match self.store.commit(changes).await {
            Ok(()) => Ok(true),
            Err(CommitError::Conflict | CommitError::Spent) => Ok(false),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }
}
