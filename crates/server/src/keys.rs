//! The server's own keys: made at the first start, sealed in the database, opened at each start.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use gatepass_proto::decide::RefreshKeys;
use gatepass_proto::decide::change::Change;
use gatepass_proto::decide::record::{Kind, Record, SealedKey};
use gatepass_proto::jose::{BadKey, KeySet, SigningKey};
use gatepass_proto::{Digest, Entropy, Timestamp};
use gatepass_store::{CommitError, Store, StoreError};
use zeroize::Zeroizing;

use crate::seal::{MasterKey, SealError};

const SIGN: &str = "sign";
const REFRESH: &str = "refresh";
/// Every kind of key there has to be, as purpose and algorithm.
const KINDS: [(&str, &str); 3] = [(SIGN, "ES256"), (SIGN, "RS256"), (REFRESH, "HS256")];

/// Every key, open.
pub(crate) struct Keys {
    /// Signs access tokens (ES256), and what clients want signed by it.
    pub(crate) signing: SigningKey,
    /// Signs ID tokens for clients that want nothing else (RS256).
    pub(crate) rsa: SigningKey,
    /// Checks what either has signed.
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

/// How far apart nodes may start that start at once: one of them makes the keys, the others find them.
const TOGETHER: Duration = Duration::from_secs(60);

impl Keys {
    /// Opens the keys in the database, and makes those that are not there yet. Of two processes that start at once
    /// both use the keys that came first.
    pub(crate) async fn load_or_create(
        store: &dyn Store,
        master: &MasterKey,
        now: Timestamp,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, KeysError> {
        for (purpose, alg) in KINDS {
            if !of(store, purpose).await?.iter().any(|key| key.alg == alg) {
                create(store, master, (purpose, alg), now, entropy).await?;
            }
        }
        let mut signing = Vec::new();
        for key in of(store, SIGN).await? {
            let der = master.open(&aad(&key.purpose, &key.key_id), &key.sealed)?;
            let opened = SigningKey::from_der(&der, &key.alg).map_err(unusable)?;
            signing.push((key.created_at, opened));
        }
        let public = KeySet::of(signing.iter().map(|(_, key)| key.jwk()));
        Ok(Self {
            signing: newest(&mut signing, "ES256")?,
            rsa: newest(&mut signing, "RS256")?,
            public,
            refresh: refresh_keys(store, master).await?,
        })
    }
}

/// Takes the newest key for this algorithm.
fn newest(keys: &mut Vec<(Timestamp, SigningKey)>, alg: &str) -> Result<SigningKey, KeysError> {
    let own = keys
        .iter()
        .enumerate()
        .filter(|(_, (_, key))| key.alg() == alg);
    let found = own.max_by_key(|(_, (created_at, key))| (*created_at, key.kid().to_owned()));
    match found {
        Some((at, _)) => Ok(keys.swap_remove(at).1),
        None => Err(KeysError::Sealed(format!(
            "there is no signing key for {alg}"
        ))),
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
    (purpose, alg): (&str, &'static str),
    now: Timestamp,
    entropy: &mut dyn Entropy,
) -> Result<(), KeysError> {
    let (key_id, plain) = if purpose == SIGN {
        // An RSA key is two primes that have to be found: far too long for a thread that others wait for.
        let drawn = tokio::task::spawn_blocking(move || draw(alg)).await;
        let der = drawn.ok().flatten().ok_or(SealError::Unavailable)?;
        let kid = SigningKey::from_der(&der, alg).map_err(unusable)?;
        (kid.kid().to_owned(), der)
    } else {
        let mut key = Zeroizing::new(vec![0; 32]);
        entropy.fill(&mut key);
        ("refresh-1".to_owned(), key)
    };
    let record = SealedKey {
        sealed: master.seal(&aad(purpose, &key_id), &plain)?,
        key_id,
        purpose: purpose.to_owned(),
        alg: alg.to_owned(),
        created_at: now,
    };
    // A signing key is named after itself, so that two nodes which start at once would each add one, and know their own.
    let first = Change::Once {
        space: "first key",
        hash: Digest::of(format!("{purpose} {alg}")),
        until: now + TOGETHER,
    };
    let changes = vec![first, Change::Insert(Record::SealedKey(record))];
    match store.commit(changes).await {
        Ok(()) | Err(CommitError::Conflict | CommitError::Spent) => Ok(()),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// A fresh signing key in PKCS #8.
fn draw(alg: &str) -> Option<Zeroizing<Vec<u8>>> {
    let der = if alg == "RS256" {
        let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
        pair.as_der().ok()?.as_ref().to_vec()
    } else {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?;
        der.as_ref().to_vec()
    };
    Some(Zeroizing::new(der))
}

fn unusable(bad: BadKey) -> KeysError {
    KeysError::Sealed(bad.to_string())
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
