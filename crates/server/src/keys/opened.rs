//! The keys in the database, open.

use std::collections::BTreeMap;
use std::sync::Arc;

use gatepass_proto::Timestamp;
use gatepass_proto::decide::RefreshKeys;
use gatepass_proto::decide::record::{Kind, Record, SealedKey};
use gatepass_proto::jose::SigningKey;
use gatepass_store::{Store, StoreError};
use zeroize::Zeroizing;

use super::making::{aad, version};
use super::schedule::Line;
use super::{KeysError, Use};
use crate::seal::MasterKey;

/// The sealed keys in the database.
pub(crate) async fn sealed_keys(store: &dyn Store) -> Result<Vec<SealedKey>, StoreError> {
    let all = store.list(Kind::SealedKey).await?.into_iter();
    let keys = all.filter_map(|record| match record {
        Record::SealedKey(key) => Some(key),
        _ => None,
    });
    Ok(keys.collect())
}

/// Every key, open.
pub(crate) struct Opened {
    sealed: Vec<SealedKey>,
    signing: BTreeMap<String, Arc<SigningKey>>,
    refresh: BTreeMap<u32, Zeroizing<[u8; 32]>>,
}

impl Opened {
    /// Opens keys.
    ///
    /// # Errors
    ///
    /// One does not open.
    pub(crate) fn open(sealed: Vec<SealedKey>, master: &MasterKey) -> Result<Self, KeysError> {
        let nothing = Self {
            sealed: Vec::new(),
            signing: BTreeMap::new(),
            refresh: BTreeMap::new(),
        };
        nothing.and(sealed, master)
    }

    /// Opens keys, most of which are open here already. A key never changes under its name.
    ///
    /// # Errors
    ///
    /// One does not open.
    pub(crate) fn and(
        &self,
        sealed: Vec<SealedKey>,
        master: &MasterKey,
    ) -> Result<Self, KeysError> {
        let mut signing = BTreeMap::new();
        let mut refresh = BTreeMap::new();
        for key in &sealed {
            let open = || master.open(&aad(&key.purpose, &key.key_id), &key.sealed);
            match Use::of(key) {
                Some(Use::Sign(alg)) => {
                    let opened = match self.signing.get(&key.key_id) {
                        Some(known) => Arc::clone(known),
                        None => Arc::new(SigningKey::from_der(&open()?, alg)?),
                    };
                    signing.insert(key.key_id.clone(), opened);
                }
                Some(Use::Refresh) => {
                    let damaged = || {
                        let text = "a refresh key in the database is damaged";
                        KeysError::Sealed(text.to_owned())
                    };
                    let version = version(&key.key_id).ok_or_else(damaged)?;
                    let opened = open()?.as_slice().try_into().map_err(|_| damaged())?;
                    refresh.insert(version, Zeroizing::new(opened));
                }
                // A newer gatepass runs beside this one.
                None => {}
            }
        }
        Ok(Self {
            sealed,
            signing,
            refresh,
        })
    }

    /// The keys as they lie in the database.
    pub(crate) fn sealed(&self) -> &[SealedKey] {
        &self.sealed
    }

    /// The keys for one use.
    pub(crate) fn line(&self, wanted: Use) -> Line<'_> {
        let keys = self.sealed.iter();
        Line::of(keys.filter(|key| Use::of(key) == Some(wanted)))
    }

    /// A signing key.
    pub(crate) fn signing(&self, key: &SealedKey) -> Option<Arc<SigningKey>> {
        self.signing.get(&key.key_id).map(Arc::clone)
    }

    /// The keys that refresh tokens are derived with at `now`.
    ///
    /// # Errors
    ///
    /// There are none.
    pub(crate) fn refresh(&self, now: Timestamp) -> Result<RefreshKeys, KeysError> {
        let current = self.line(Use::Refresh).signer(now);
        let current = current.and_then(|key| version(&key.key_id));
        let keys = RefreshKeys::new(self.refresh.clone());
        let chosen = current.and_then(|current| keys?.with_current(current));
        chosen
            .ok_or_else(|| KeysError::Sealed("there is no refresh key in the database".to_owned()))
    }
}
