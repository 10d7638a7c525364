use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gatepass_proto::Timestamp;
use gatepass_proto::flow::Unreachable;
use http::header::{ACCEPT, CACHE_CONTROL};
use http::{HeaderMap, Request, StatusCode};
use url::Url;

use crate::{Clock, Transport};

/// The shortest time a document is kept, whatever its headers say.
const MIN_AGE: Duration = Duration::from_secs(60);
/// The longest time without asking again.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a document is kept that says nothing about it.
const DEFAULT_AGE: Duration = Duration::from_secs(15 * 60);
/// How long an old document still serves while its server is down.
const MAX_STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// The least time between two attempts at one URL.
const PAUSE: Duration = Duration::from_secs(30);
/// The most URLs remembered.
const MAX_URLS: usize = 512;

/// A fetched document and how it was read.
#[derive(Debug)]
pub struct Document<T> {
    /// What it says.
    pub value: T,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    fresh_until: Timestamp,
}

/// Remembers documents by their URL, in memory: server metadata, key sets.
///
/// * A document is kept for its `Cache-Control: max-age`, at least a minute and at most 24 hours; 15 minutes if
///   it says nothing; a minute for `no-store` and `no-cache`.
/// * However many ask for a URL at once, one request leaves. Who finds an old document while another fetches
///   the new one takes the old one.
/// * When the fetch fails, an old document serves for another 24 hours, and the server is left alone for 30
///   seconds.
pub struct DocumentCache<T> {
    parse: fn(&[u8]) -> Result<T, String>,
    entries: Mutex<HashMap<Url, Arc<Entry<T>>>>,
}

struct Entry<T> {
    known: Mutex<Known<T>>,
    flight: tokio::sync::Mutex<()>,
}

struct Known<T> {
    document: Option<Arc<Document<T>>>,
    attempt: Option<(Timestamp, Unreachable)>,
}

impl<T: Send + Sync> DocumentCache<T> {
    /// An empty cache whose documents are read by `parse`. An answer that it refuses is a failed fetch.
    pub fn new(parse: fn(&[u8]) -> Result<T, String>) -> Self {
        Self {
            parse,
            entries: Mutex::new(HashMap::new()),
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
        let entry = self.entry(url);
        let now = clock.now();
        let known = entry.document();
        if let Some(fresh) = known.as_ref().filter(|document| now < document.fresh_until) {
            return Ok(fresh.clone());
        }
        let usable = known.filter(|document| now < document.fresh_until + MAX_STALE);
        let _flight = match (entry.flight.try_lock(), usable.clone()) {
            (Ok(flight), _) => flight,
            (Err(_), Some(old)) => return Ok(old),
            (Err(_), None) => entry.flight.lock().await,
        };
        let fetched = match entry.landed(now, clock.now()) {
            Some(outcome) => outcome,
            None => self.load(&entry, url, transport, clock).await,
        };
        fetched.or_else(|error| usable.ok_or(error))
    }

    /// The document at `url`, asked for again unless it was fetched less than 30 seconds ago: for a caller who
    /// has met something that the remembered one does not know.
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
        let entry = self.entry(url);
        let _flight = entry.flight.lock().await;
        let now = clock.now();
        let known = entry.document();
        match entry.paused(now) {
            true => known.ok_or_else(|| entry.last_error()),
            false => {
                let fetched = self.load(&entry, url, transport, clock).await;
                fetched.or_else(|error| {
                    known
                        .filter(|document| now < document.fresh_until + MAX_STALE)
                        .ok_or(error)
                })
            }
        }
    }

    fn entry(&self, url: &Url) -> Arc<Entry<T>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(url) {
            return entry.clone();
        }
        if entries.len() >= MAX_URLS {
            let oldest = entries
                .iter()
                .min_by_key(|(_, entry)| entry.document().map(|document| document.fetched_at));
            if let Some(url) = oldest.map(|(url, _)| url.clone()) {
                entries.remove(&url);
            }
        }
        let entry = Arc::new(Entry::default());
        entries.insert(url.clone(), entry.clone());
        entry
    }

    /// Asks the server. The caller holds the flight.
    async fn load(
        &self,
        entry: &Entry<T>,
        url: &Url,
        transport: &dyn Transport,
        clock: &dyn Clock,
    ) -> Result<Arc<Document<T>>, Unreachable> {
        let outcome = self.ask(url, transport, clock).await;
        let mut known = entry.known.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(document) => {
                let document = Arc::new(document);
                *known = Known {
                    document: Some(document.clone()),
                    attempt: None,
                };
                Ok(document)
            }
            Err(error) => {
                tracing::warn!(url = %url, %error, "document cannot be fetched");
                known.attempt = Some((clock.now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn ask(
        &self,
        url: &Url,
        transport: &dyn Transport,
        clock: &dyn Clock,
    ) -> Result<Document<T>, Unreachable> {
        let fault = |reason: String| Unreachable {
            reason: format!("{url}: {reason}"),
        };
        let request = Request::get(url.as_str())
            .header(ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|error| fault(error.to_string()))?;
        let response = transport.send(request).await?;
        if response.status() != StatusCode::OK {
            return Err(fault(format!("answered {}", response.status())));
        }
        let now = clock.now();
        let value = (self.parse)(response.body()).map_err(fault)?;
        Ok(Document {
            value,
            fetched_at: now,
            fresh_until: now + age(response.headers()),
        })
    }
}

impl<T> Entry<T> {
    fn document(&self) -> Option<Arc<Document<T>>> {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .document
            .clone()
    }

    fn last_error(&self) -> Unreachable {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.attempt.as_ref().map_or_else(
            || Unreachable {
                reason: "not fetched".into(),
            },
            |(_, error)| error.clone(),
        )
    }

    /// Whether the server was asked too short a time ago to be asked again.
    fn paused(&self, now: Timestamp) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let last = known.document.as_ref().map(|document| document.fetched_at);
        let last = last.max(known.attempt.as_ref().map(|(at, _)| *at));
        last.is_some_and(|last| now < last + PAUSE)
    }

    /// What the flight that was waited for has brought, or a failure too recent to try again.
    fn landed(
        &self,
        asked: Timestamp,
        now: Timestamp,
    ) -> Option<Result<Arc<Document<T>>, Unreachable>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(document) = known
            .document
            .as_ref()
            .filter(|document| asked < document.fresh_until)
        {
            return Some(Ok(document.clone()));
        }
        let (_, error) = known.attempt.as_ref().filter(|(at, _)| now < *at + PAUSE)?;
        Some(Err(error.clone()))
    }
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self {
            known: Mutex::new(Known {
                document: None,
                attempt: None,
            }),
            flight: tokio::sync::Mutex::new(()),
        }
    }
}

impl<T> std::fmt::Debug for DocumentCache<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DocumentCache").finish_non_exhaustive()
    }
}

/// How long a document stays fresh (RFC 9111 §5.2.2), within the bounds of this house.
fn age(headers: &HeaderMap) -> Duration {
    let values = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut age = DEFAULT_AGE;
    for directive in values
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase())
    {
        if matches!(directive.as_str(), "no-store" | "no-cache") {
            return MIN_AGE;
        }
        let seconds = directive
            .strip_prefix("max-age=")
            .and_then(|seconds| seconds.trim_matches('"').parse().ok());
        if let Some(seconds) = seconds {
            age = Duration::from_secs(seconds);
        }
    }
    age.clamp(MIN_AGE, MAX_AGE)
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
