//! Documents by their URL, and one request at a time for each: what [`crate::DocumentCache`] and
//! [`crate::Caching`] have in common.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatepass_proto::Timestamp;
use url::Url;

use crate::Clock;
use crate::freshness::{MAX_STALE, PAUSE};

/// The most URLs remembered.
const MAX_URLS: usize = 512;

/// A fetched document and how it was read.
#[derive(Debug)]
pub struct Document<T> {
    /// What it says.
    pub value: T,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// Until when nobody asks for it again.
    pub(crate) fresh_until: Timestamp,
    /// How long after that it still serves while its server is down.
    pub(crate) grace: Duration,
}

impl<T> Document<T> {
    /// A document that has just come.
    pub(crate) fn new(value: T, now: Timestamp, lifetime: Duration) -> Self {
        Self {
            value,
            fetched_at: now,
            fresh_until: now + lifetime,
            grace: MAX_STALE,
        }
    }

    fn fresh(&self, now: Timestamp) -> bool {
        now < self.fresh_until
    }

    fn usable(&self, now: Timestamp) -> bool {
        now < self.fresh_until + self.grace
    }
}

/// The slots, by URL. `E` is what a failed attempt says.
pub(crate) struct Shelf<T, E> {
    slots: Mutex<HashMap<Url, Arc<Slot<T, E>>>>,
}

/// One URL's place.
pub(crate) struct Slot<T, E> {
    known: Mutex<Known<T, E>>,
    flight: tokio::sync::Mutex<()>,
}

struct Known<T, E> {
    document: Option<Arc<Document<T>>>,
    /// The last attempt, if it failed.
    attempt: Option<(Timestamp, E)>,
}

/// What asking the server has brought.
pub(crate) enum Loaded<T, E> {
    /// A document, which replaces the one before.
    New(Document<T>),
    /// Nothing: the old document serves on, and the server is left alone for a while.
    Down(E),
    /// An answer that is nothing to remember.
    Aside(E),
}

impl<T, E> Shelf<T, E> {
    /// The place of `url`. The one whose document is oldest makes room.
    pub(crate) fn slot(&self, url: &Url) -> Arc<Slot<T, E>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(url) {
            return slot.clone();
        }
        if slots.len() >= MAX_URLS {
            let oldest = slots
                .iter()
                .min_by_key(|(_, slot)| slot.document().map(|document| document.fetched_at));
            if let Some(url) = oldest.map(|(url, _)| url.clone()) {
                slots.remove(&url);
            }
        }
        let slot = Arc::new(Slot::default());
        slots.insert(url.clone(), slot.clone());
        slot
    }
}

impl<T, E> Slot<T, E> {
    /// The last document, however old.
    pub(crate) fn document(&self) -> Option<Arc<Document<T>>> {
        self.known().document.clone()
    }

    /// The document while nobody has to ask again.
    pub(crate) fn fresh(&self, now: Timestamp) -> Option<Arc<Document<T>>> {
        self.document().filter(|document| document.fresh(now))
    }

    /// Takes in what another process has fetched or tried, where it is newer.
    pub(crate) fn learn(&self, document: Document<T>, attempt: Option<(Timestamp, E)>) {
        let mut known = self.known();
        let own = known.document.as_ref().map(|own| own.fetched_at);
        if own < Some(document.fetched_at) {
            known.document = Some(Arc::new(document));
            known.attempt = None;
        }
        let own = known.attempt.as_ref().map(|(at, _)| *at);
        if own < attempt.as_ref().map(|(at, _)| *at) {
            known.attempt = attempt;
        }
    }

    fn known(&self) -> MutexGuard<'_, Known<T, E>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, E: Clone> Slot<T, E> {
    /// The document while it is fresh; else what `load` brings, which runs once however many ask. Who finds an
    /// old document while another fetches the new one takes the old one.
    pub(crate) async fn fetch(
        &self,
        clock: &dyn Clock,
        load: impl Future<Output = Loaded<T, E>>,
    ) -> Result<Arc<Document<T>>, E> {
        let now = clock.now();
        if let Some(fresh) = self.fresh(now) {
            return Ok(fresh);
        }
        let usable = self.document().filter(|document| document.usable(now));
        let _flight = match (self.flight.try_lock(), usable) {
            (Ok(flight), _) => flight,
            (Err(_), Some(old)) => return Ok(old),
            (Err(_), None) => self.flight.lock().await,
        };
        if let Some(outcome) = self.landed(now, clock.now()) {
            return outcome;
        }
        self.settle(load.await, clock.now())
    }

    /// What `load` brings, unless the server was asked too short a time ago.
    pub(crate) async fn reload(
        &self,
        clock: &dyn Clock,
        load: impl Future<Output = Loaded<T, E>>,
    ) -> Result<Arc<Document<T>>, E> {
        let _flight = self.flight.lock().await;
        if let Some(outcome) = self.paused(clock.now()) {
            return outcome;
        }
        self.settle(load.await, clock.now())
    }

    /// Remembers what came.
    fn settle(&self, loaded: Loaded<T, E>, now: Timestamp) -> Result<Arc<Document<T>>, E> {
        let mut known = self.known();
        match loaded {
            Loaded::New(document) => {
                let document = Arc::new(document);
                *known = Known {
                    document: Some(document.clone()),
                    attempt: None,
                };
                Ok(document)
            }
            Loaded::Down(error) => {
                known.attempt = Some((now, error.clone()));
                known.usable(now).ok_or(error)
            }
            Loaded::Aside(error) => Err(error),
        }
    }

    /// What the flight that was waited for has brought, or a failure too recent to try again.
    fn landed(&self, asked: Timestamp, now: Timestamp) -> Option<Result<Arc<Document<T>>, E>> {
        let known = self.known();
        let document = known.document.as_ref();
        if let Some(document) = document.filter(|document| document.fresh(asked)) {
            return Some(Ok(document.clone()));
        }
        let (_, error) = known.attempt.as_ref().filter(|(at, _)| recent(*at, now))?;
        Some(known.usable(now).ok_or_else(|| error.clone()))
    }

    /// What is known, if the server was asked too short a time ago to be asked again.
    fn paused(&self, now: Timestamp) -> Option<Result<Arc<Document<T>>, E>> {
        let known = self.known();
        let fetched = known.document.as_ref().map(|document| document.fetched_at);
        let tried = known.attempt.as_ref().map(|(at, _)| *at);
        let last = fetched.max(tried)?;
        if !recent(last, now) {
            return None;
        }
        let error = known.attempt.as_ref().map(|(_, error)| error.clone());
        known.usable(now).map(Ok).or(error.map(Err))
    }
}

impl<T, E> Known<T, E> {
    fn usable(&self, now: Timestamp) -> Option<Arc<Document<T>>> {
        self.document
            .clone()
            .filter(|document| document.usable(now))
    }
}

/// Whether `at` is so short a time ago that the server is left alone. A clock that was set back does not count.
fn recent(at: Timestamp, now: Timestamp) -> bool {
    at <= now && now < at + PAUSE
}

impl<T, E> Default for Shelf<T, E> {
    fn default() -> Self {
        Self {
            slots: Mutex::new(HashMap::new()),
        }
    }
}

impl<T, E> Default for Slot<T, E> {
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
