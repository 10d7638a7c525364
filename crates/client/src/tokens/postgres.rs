use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use gatepass_http::OsEntropy;
use gatepass_proto::Entropy as _;
use tokio::sync::OnceCell;

use self::database::{Change, Database};
use self::holder::{Holder, Slot};
use super::seal::{Envelope, Seal};
use super::{StoreError, StoredToken, TokenKey, TokenLock, TokenStore};
use crate::SecretRef;

mod address;
mod database;
mod fault;
mod holder;
mod tables;

/// The longest token that is kept, in bytes, as it lies in its row; the table's own limit.
const MAX_LEN: usize = 1024 * 1024;
/// How long a change waits for a database that is away: the predecessor of a new token is spent already.
const AWAY: Duration = Duration::from_secs(15);
/// How often a database that is away is tried.
const RETRY: Duration = Duration::from_millis(250);
/// How often a change is tried that others get in the way of.
const ATTEMPTS: usize = 5;

/// Keeps tokens in a PostgreSQL database, so that a fleet of machines shares one that rotates.
///
/// The table `gatepass_client_tokens` is made in the first schema of the connection's `search_path` when it is first
/// used. The lock of a key is an advisory lock on a connection of its own, so it is free again when that connection
/// ends, however its process or machine does. Who has lost the lock so overwrites nobody: each change is made on the
/// condition that the row is as it was seen under the lock ([`StoreError::Superseded`]).
///
/// The connection has to be a session of its own: PgBouncer's transaction pooling knows no such locks. A host other
/// than this one has to prove itself with a certificate (`sslmode=verify-full`, with `sslrootcert` for a private
/// authority), unless the address says another `sslmode`.
pub struct PostgresTokens {
    url: SecretRef,
    seal_key: Option<SecretRef>,
    away: Duration,
    opened: OnceCell<Opened>,
    slots: Mutex<HashMap<TokenKey, Arc<Slot>>>,
}

struct Opened {
    database: Database,
    seal: Option<Seal>,
}

impl PostgresTokens {
    /// The store in the database at `url`. The address is read and connected to when the store is first used.
    pub fn new(url: SecretRef) -> Self {
        Self {
            url,
            seal_key: None,
            away: AWAY,
            opened: OnceCell::new(),
            slots: Mutex::default(),
        }
    }

    /// Seals the tokens (AES-256-GCM) with this key, 32 random bytes in base64. A token in clear is then refused: who
    /// can write to the database must not choose whose token is used.
    #[must_use]
    pub fn sealed_with(mut self, key: SecretRef) -> Self {
        self.seal_key = Some(key);
        self
    }

    /// How long a save waits for a database that does not answer; 15 s unless said otherwise.
    #[must_use]
    pub fn waiting(mut self, patience: Duration) -> Self {
        self.away = patience;
        self
    }

    async fn opened(&self) -> Result<&Opened, StoreError> {
        self.opened.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<Opened, StoreError> {
        let seal = match &self.seal_key {
            None => None,
            Some(key) => Some(
                Seal::from_base64(key.read().await?.expose()).ok_or_else(|| {
                    StoreError::Unusable {
                        place: "PostgreSQL".to_owned(),
                        reason: "its seal_key has to be 32 random bytes in base64; `openssl rand -base64 32` makes one"
                            .to_owned(),
                    }
                })?,
            ),
        };
        let database = Database::open(&self.url.read().await?).await?;
        Ok(Opened { database, seal })
    }

    fn slot(&self, key: &TokenKey) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(key.clone()).or_default().clone()
    }

    /// Makes a change, also when the database is away for a moment.
    async fn change(&self, key: &TokenKey, change: &Change) -> Result<(), StoreError> {
        let opened = self.opened().await?;
        let began = Instant::now();
        loop {
            match self.try_change(opened, key, change).await {
                Err(StoreError::Unavailable { .. }) if began.elapsed() < self.away => {
                    tokio::time::sleep(RETRY).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_change(
        &self,
        opened: &Opened,
        key: &TokenKey,
        change: &Change,
    ) -> Result<(), StoreError> {
        let holder = self.slot(key).holder();
        let mut holder = match &holder {
            Some(holder) => Some(holder.lock().await),
            None => None,
        };
        for _ in 0..ATTEMPTS {
            let row = opened.database.row(key).await?;
            let revision = row.as_ref().map(|row| row.revision);
            // The answer to an earlier attempt may have been lost.
            if revision == change.revision() {
                return Ok(());
            }
            if holder.as_ref().is_some_and(|held| held.seen != revision) {
                break;
            }
            // What is damaged is not ours to overwrite.
            if let Some(row) = &row {
                opened.read(key, &row.token)?;
            }
            if opened.database.change(key, revision, change).await? {
                if let Some(held) = &mut holder {
                    held.seen = change.revision();
                }
                return Ok(());
            }
        }
        Err(StoreError::Superseded {
            key: key.as_str().to_owned(),
        })
    }
}

#[async_trait]
impl TokenStore for PostgresTokens {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        let opened = self.opened().await?;
        let row = match self.slot(key).holder() {
            Some(holder) => holder.lock().await.row(&opened.database, key).await?,
            None => opened.database.row(key).await?,
        };
        row.map(|row| opened.read(key, &row.token)).transpose()
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        let token = self.opened().await?.written(key, token)?;
        let mut revision = [0; 8];
        OsEntropy.fill(&mut revision);
        let revision = i64::from_ne_bytes(revision);
        self.change(key, &Change::Put { revision, token }).await
    }

    async fn forget(&self, key: &TokenKey) -> Result<(), StoreError> {
        self.change(key, &Change::Remove).await
    }

    async fn lock(&self, key: &TokenKey, patience: Duration) -> Result<TokenLock, StoreError> {
        let began = Instant::now();
        let busy = || StoreError::Busy {
            key: key.as_str().to_owned(),
            waited: patience,
        };
        let slot = self.slot(key);
        let turn = tokio::time::timeout(patience, slot.turn())
            .await
            .map_err(|_| busy())?;
        let database = &self.opened().await?.database;
        let left = patience.saturating_sub(began.elapsed());
        let conn = database.lock(key, left).await?.ok_or_else(busy)?;
        let holder = Holder::new(database, key, conn).await?;
        Ok(TokenLock::new(slot.hold(holder, turn)))
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        self.opened().await?.database.keys().await
    }

    fn place(&self, _: &TokenKey) -> String {
        let database = match self.opened.get() {
            Some(opened) => opened.database.place(),
            None => "a PostgreSQL database",
        };
        let how = match self.seal_key {
            Some(_) => "sealed with its seal_key",
            None => "in clear; give a seal_key to seal it",
        };
        format!("{database} ({how})")
    }
}

impl Opened {
    /// A token as it lies in its row.
    fn written(&self, key: &TokenKey, token: &StoredToken) -> Result<Vec<u8>, StoreError> {
        let bytes = match &self.seal {
            None => token.to_json().to_vec(),
            Some(seal) => seal
                .seal(key, token)
                .map_err(|reason| StoreError::Unusable {
                    place: self.database.place().to_owned(),
                    reason,
                })?,
        };
        if bytes.len() > MAX_LEN {
            return Err(StoreError::TooLong {
                key: key.as_str().to_owned(),
                len: bytes.len(),
                place: "the database",
                max: MAX_LEN,
            });
        }
        Ok(bytes)
    }

    fn read(&self, key: &TokenKey, bytes: &[u8]) -> Result<StoredToken, StoreError> {
        let token = match (Envelope::parse(bytes), &self.seal) {
            (None, None) => StoredToken::parse(bytes),
            (Some(envelope), Some(seal)) => seal.open(key, &envelope),
            (Some(_), None) => Err("it is sealed, and no seal_key is given".to_owned()),
            (None, Some(_)) => Err("it is in clear, although a seal_key is given".to_owned()),
        };
        token.map_err(|reason| {
            let (key, database) = (key.as_str(), self.database.place());
            StoreError::damaged(
                format_args!("row {key:?} of gatepass_client_tokens in {database}"),
                reason,
            )
        })
    }
}

impl fmt::Debug for PostgresTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresTokens").finish_non_exhaustive()
    }
}
