use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{StoreError, StoredToken, TokenKey, TokenLock, TokenStore};

/// Keeps tokens for as long as the program runs. Clones share what they hold.
#[derive(Clone, Default)]
pub struct MemoryTokens {
    slots: Arc<Mutex<HashMap<TokenKey, Slot>>>,
}

#[derive(Clone, Default)]
struct Slot {
    token: Option<StoredToken>,
    lock: Arc<tokio::sync::Mutex<()>>,
}

impl MemoryTokens {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, key: &TokenKey, act: impl FnOnce(&mut Slot) -> T) -> T {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        act(slots.entry(key.clone()).or_default())
    }
}

#[async_trait]
impl TokenStore for MemoryTokens {
    async fn load(&self, key: &TokenKey) -> Result<Option<StoredToken>, StoreError> {
        Ok(self.with(key, |slot| slot.token.clone()))
    }

    async fn save(&self, key: &TokenKey, token: &StoredToken) -> Result<(), StoreError> {
        self.with(key, |slot| slot.token = Some(token.clone()));
        Ok(())
    }

    async fn forget(&self, key: &TokenKey) -> Result<(), StoreError> {
        self.with(key, |slot| slot.token = None);
        Ok(())
    }

    async fn lock(&self, key: &TokenKey, patience: Duration) -> Result<TokenLock, StoreError> {
        let lock = self.with(key, |slot| slot.lock.clone());
        let guard = tokio::time::timeout(patience, lock.lock_owned())
            .await
            .map_err(|_| StoreError::Busy {
                key: key.as_str().to_owned(),
                waited: patience,
            })?;
        Ok(TokenLock::new(guard))
    }

    async fn keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let full = slots.iter().filter(|(_, slot)| slot.token.is_some());
        let mut keys: Vec<TokenKey> = full.map(|(key, _)| key.clone()).collect();
        keys.sort();
        Ok(keys)
    }

    fn place(&self, _: &TokenKey) -> String {
        "in memory only".to_owned()
    }
}

impl std::fmt::Debug for MemoryTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryTokens")
    }
}
