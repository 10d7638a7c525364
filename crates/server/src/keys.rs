//! The server's own keys: made at the first start, sealed in the database, opened at each start.

use std::collections::BTreeMap;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use gatepass_proto::decide::RefreshKeys;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Kind, Record, SealedKey};
use gatepass_proto::jose::{KeySet, SigningKey};
use gatepass_proto::{Entropy, Timestamp};
use gatepass_store::{CommitError, Store, StoreError};
use zeroize::Zeroizing;

use crate::seal::{MasterKey, SealError};

const SIGN: &str = "sign";
const REFRESH: &str = "refresh";

/// Every key, open.
pub(crate) struct Keys {
    /// Signs access tokens.
    pub(crate) signing: SigningKey,
    /// Checks them.
    pub(crate) public: KeySet,
    /// Derives refresh tokens.
    pub(crate) refresh: RefreshKeys,
}

/// Why the keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// They do not open.
    #[error("{0}")]
    Sealed(String),
}

impl From<SealError> for KeysError {
    fn from(error: SealError) -> Self {
        Self::Sealed(error.to_string())
    }
}

impl Keys {
    /// Opens the keys in the database, and makes those that are not there yet. Of two processes that start at once
    /// both use the keys that came first.
    pub(crate) async fn load_or_create(
        store: &dyn Store,
        master: &MasterKey,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, KeysError> {
        for purpose in [SIGN, REFRESH] {
            if of(store, purpose).await?.is_empty() {
                create(store, master, purpose, now, entropy).await?;
            }
        }
        let mut signing = Vec::new();
        for key in of(store, SIGN).await? {
            let der = master.open(&aad(&key.purpose, &key.key_id), &key.sealed)?;
            let opened =
                SigningKey::from_pkcs8(&der).map_err(|bad| KeysError::Sealed(bad.to_string()))?;
            signing.push((key.created_at, opened));
        }
        let public = KeySet::of(signing.iter().map(|(_, key)| key.jwk()));
        let newest = signing
            .into_iter()
            .max_by_key(|(created_at, key)| (*created_at, key.kid().to_owned()));
        let (_, signing) =
            newest.ok_or_else(|| KeysError::Sealed("there is no signing key".to_owned()))?;
        Ok(Self {
            signing,
            public,
            refresh: refresh_keys(store, master).await?,
        })
    }
}

async fn refresh_keys(store: &dyn Store, master: &MasterKey) -> Result<RefreshKeys, KeysError> {
    let damaged = || KeysError::Sealed("a refresh key in the database is damaged".to_owned());
    let mut keys = BTreeMap::new();
    for key in of(store, REFRESH).await? {
        let version = key
            .key_id
            .strip_prefix("refresh-")
            .and_then(|text| text.parse().ok())
            .ok_or_else(damaged)?;
        let opened = master.open(&aad(&key.purpose, &key.key_id), &key.sealed)?;
        let bytes: [u8; 32] = opened.as_slice().try_into().map_err(|_| damaged())?;
        keys.insert(version, Zeroizing::new(bytes));
    }
    RefreshKeys::new(keys).ok_or_else(damaged)
}

async fn create(
    store: &dyn Store,
    master: &MasterKey,
    purpose: &str,
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<(), KeysError> {
    let (key_id, alg, plain) = if purpose == SIGN {
        let der =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| KeysError::from(SealError::Unavailable))?;
        let kid = SigningKey::from_pkcs8(der.as_ref())
            .map_err(|bad| KeysError::Sealed(bad.to_string()))?;
        (
            kid.kid().to_owned(),
            "ES256",
            Zeroizing::new(der.as_ref().to_vec()),
        )
    } else {
        let mut key = Zeroizing::new(vec![0; 32]);
        entropy.fill(&mut key);
        ("refresh-1".to_owned(), "HS256", key)
    };
    let record = SealedKey {
        sealed: master.seal(&aad(purpose, &key_id), &plain)?,
        key_id,
        purpose: purpose.to_owned(),
        alg: alg.to_owned(),
        created_at: now,
    };
    match store
        .commit(vec![Change::Insert(Record::SealedKey(record))])
        .await
    {
        Ok(()) | Err(CommitError::Conflict | CommitError::Spent) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

async fn of(store: &dyn Store, purpose: &str) -> Result<Vec<SealedKey>, StoreError> {
    let all = store.list(Kind::SealedKey).await?;
    let keys = all.into_iter().filter_map(|record| match record {
        Record::SealedKey(key) if key.purpose == purpose => Some(key),
        _ => None,
    });
    Ok(keys.collect())
}

/// A sealed key opens only as what it was sealed as.
fn aad(purpose: &str, key_id: &str) -> String {
    format!("{purpose}:{key_id}")
}
