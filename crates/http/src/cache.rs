use std::sync::Arc;

use gatepass_proto::flow::Unreachable;
use http::header::{ACCEPT, CACHE_CONTROL};
use http::{Request, StatusCode};
use url::Url;

use crate::freshness::lifetime;
use crate::shelf::{Document, Loaded, Shelf};
use crate::{Clock, Transport};

/// Remembers documents by their URL, in memory: server metadata, key sets.
///
/// * A document is kept for its `Cache-Control: max-age` or until its `Expires`, at least a minute and at most 24
///   hours; 15 minutes if it says nothing; a minute for `no-store` and `no-cache`.
/// * However many ask for a URL at once, one request leaves. Who finds an old document while another fetches
///   the new one takes the old one.
/// * When the fetch fails, an old document serves for another 24 hours, and the server is left alone for 30
///   seconds.
///
/// What it keeps is read already. To keep the answers themselves, and on disk, see [`crate::Caching`].
pub struct DocumentCache<T> {
    parse: fn(&[u8]) -> Result<T, String>,
    shelf: Shelf<T, Unreachable>,
}

impl<T: Send + Sync> DocumentCache<T> {
    /// An empty cache whose documents are read by `parse`. An answer that it refuses is a failed fetch.
    pub fn new(parse: fn(&[u8]) -> Result<T, String>) -> Self {
        Self {
            parse,
            shelf: Shelf::default(),
        }
    }

    /// The document at `url`, from memory while it is fresh.
    ///
    /// # Errors
    ///
    /// It cannot be fetched, and no copy younger than its age and 24 hours is there.
    pub async fn fetch(
        &self,
        url: &Url,
        transport: &dyn Transport,
        clock: &dyn Clock,
    ) -> Result<Arc<Document<T>>, Unreachable> {
        let load = self.load(url, false, transport, clock);
        self.shelf.slot(url).fetch(clock, load).await
    }

    /// The document at `url`, asked for again unless it was fetched less than 30 seconds ago: for a caller who
    /// has met something that the remembered one does not know. Caches on the way are told to ask, too.
    ///
    /// # Errors
    ///
    /// As [`DocumentCache::fetch`].
    pub async fn reload(
        &self,
        url: &Url,
        transport: &dyn Transport,
        clock: &dyn Clock,
    ) -> Result<Arc<Document<T>>, Unreachable> {
        let load = self.load(url, true, transport, clock);
        self.shelf.slot(url).reload(clock, load).await
    }

    async fn load(
        &self,
        url: &Url,
        again: bool,
        transport: &dyn Transport,
        clock: &dyn Clock,
    ) -> Loaded<T, Unreachable> {
        match self.ask(url, again, transport, clock).await {
            Ok(document) => Loaded::New(document),
            Err(error) => {
                tracing::warn!(url = %url, %error, "document cannot be fetched");
                Loaded::Down(error)
            }
        }
    }

    async fn ask(
        &self,
        url: &Url,
        again: bool,
        transport: &dyn Transport,
        clock: &dyn Clock,
    ) -> Result<Document<T>, Unreachable> {
        let fault = |reason: String| Unreachable {
            reason: format!("{url}: {reason}"),
        };
        let mut request = Request::get(url.as_str()).header(ACCEPT, "application/json");
        if again {
            request = request.header(CACHE_CONTROL, "no-cache");
        }
        let request = request
            .body(Vec::new())
            .map_err(|error| fault(error.to_string()))?;
        let response = transport.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(fault(format!("answered {}", response.status())));
        }
        let now = clock.now();
        let value = (self.parse)(response.body()).map_err(fault)?;
        let lifetime = lifetime(response.headers(), now);
        Ok(Document::new(value, now, lifetime))
    }
}

impl<T> std::fmt::Debug for DocumentCache<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DocumentCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
