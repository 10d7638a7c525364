//! Which API keys are taken, by the settings.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use gatepass_guard::{ApiKeys, KeyHolder, Unavailable};
use gatepass_http::Clock;
use gatepass_proto::{Digest, UserId};

use crate::config::ApiKeyEntry;

/// The keys of the settings, by their digests.
pub(super) struct KeyRing {
    keys: HashMap<Digest, ApiKeyEntry>,
    clock: Arc<dyn Clock>,
}

impl KeyRing {
    pub(super) fn new(entries: &[ApiKeyEntry], clock: &Arc<dyn Clock>) -> Self {
        let keys = entries.iter().map(|entry| (entry.sha256, entry.clone()));
        Self {
            keys: keys.collect(),
            clock: Arc::clone(clock),
        }
    }
}

#[async_trait]
impl ApiKeys for KeyRing {
    async fn find(&self, digest: &Digest) -> Result<Option<KeyHolder>, Unavailable> {
        let now = self.clock.now();
        let good = |key: &&ApiKeyEntry| key.expires_at.is_none_or(|end| now < end);
        let key = self.keys.get(digest).filter(good);
        Ok(key.map(|key| KeyHolder {
            subject: UserId::new(&key.subject),
            scope: key.scope.clone(),
            name: key.name.clone(),
        }))
    }
}
