use std::sync::Arc;

use gatepass_proto::flow::Unreachable;
use gatepass_proto::jose::KeySet;
use url::Url;

use crate::{Clock, DocumentCache, Transport};

/// Remembers key sets (RFC 7517) by their URL.
///
/// An unknown `kid` reloads the set, but at most every 30 seconds, so that a flood of invented ones costs the
/// issuer nothing. While the issuer is down the keys known before go on serving, as [`DocumentCache`] says.
#[derive(Debug)]
pub struct KeyCache {
    sets: DocumentCache<Arc<KeySet>>,
}

impl Default for KeyCache {
    fn default() -> Self {
        Self {
            sets: DocumentCache::new(|body| {
                KeySet::parse(body).map(Arc::new).map_err(str::to_owned)
            }),
        }
    }
}

impl KeyCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// The keys at `url`, which hold `kid` if the issuer has published it. Without a `kid`, the keys as they are.
    ///
    /// # Errors
    ///
    /// No keys can be had, new or old.
    pub async fn keys(
        &self,
        url: &Url,
        kid: Option<&str>,
        transport: &dyn Transport,
        clock: &dyn Clock,
    ) -> Result<Arc<KeySet>, Unreachable> {
        let keys = self.sets.fetch(url, transport, clock).await?.value.clone();
        if kid.is_none_or(|kid| keys.has(kid)) {
            return Ok(keys);
        }
        let reloaded = self.sets.reload(url, transport, clock).await;
        Ok(reloaded.map_or(keys, |document| document.value.clone()))
    }
}
