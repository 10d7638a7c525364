//! An issuer as it is reached over the network: its metadata and its keys.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use gatepass_http::{Clock, HttpTransport, KeyCache, Nobody, OsEntropy, Shell, Transport, drive};
use gatepass_proto::Timestamp;
use gatepass_proto::flow::{DiscoverFlow, Request, Response, Unreachable};
use gatepass_proto::jose::KeySet;
use gatepass_proto::message::metadata::ServerMetadata;
use url::Url;

use crate::observed::{AtIssuer, Observed, Observer};
use crate::ports::Unavailable;

/// How long metadata are taken as they are.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// How long after that they serve while they cannot be fetched.
const MAX_STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long an issuer is left alone that could not be reached.
const PAUSE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    issuer: String,
    /// To places that somebody here has chosen.
    chosen: Arc<dyn Transport>,
    /// To places that only the issuer names.
    named: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    observer: Option<Observer>,
    keys: KeyCache,
    known: Mutex<Known>,
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Timestamp, Arc<ServerMetadata>)>,
    /// The last attempt, if it failed, and why.
    failed: Option<(Timestamp, Unavailable)>,
}

impl Server {
    pub(crate) fn new(
        issuer: &str,
        transport: Option<HttpTransport>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let trusted: Vec<Url> = issuer.parse().into_iter().collect();
        let (chosen, named): (Arc<dyn Transport>, Arc<dyn Transport>) = match transport {
            Some(transport) => {
                let named = Arc::new(transport.named_by(&trusted));
                (Arc::new(transport), named)
            }
            None => (Arc::new(NoNetwork), Arc::new(NoNetwork)),
        };
        Self {
            issuer: issuer.to_owned(),
            chosen,
            named,
            clock,
            observer: None,
            keys: KeyCache::new(),
            known: Mutex::default(),
            flight: tokio::sync::Mutex::default(),
        }
    }

    /// The same, which tells of what happens.
    pub(crate) fn observed(self, observer: Option<Observer>) -> Self {
        Self { observer, ..self }
    }

    /// Tells of what has happened.
    pub(crate) fn tell(&self, what: AtIssuer) {
        if let Some(observer) = &self.observer {
            observer(what);
        }
    }

    /// The keys that the metadata name, which hold `kid` if the issuer has published it.
    pub(crate) async fn keys(&self, kid: Option<&str>) -> Result<Arc<KeySet>, Unavailable> {
        let metadata = self.metadata().await?;
        let place = metadata.jwks_uri.as_deref();
        let place = place.ok_or_else(|| self.lacks("jwks_uri"))?;
        let url = place.parse().map_err(|_| self.lacks("jwks_uri"))?;
        self.fetch_keys(&url, kid, &*self.named).await
    }

    /// The same from a place that was chosen here.
    pub(crate) async fn keys_at(
        &self,
        url: &Url,
        kid: Option<&str>,
    ) -> Result<Arc<KeySet>, Unavailable> {
        self.fetch_keys(url, kid, &*self.chosen).await
    }

    async fn fetch_keys(
        &self,
        url: &Url,
        kid: Option<&str>,
        transport: &dyn Transport,
    ) -> Result<Arc<KeySet>, Unavailable> {
        let clock = &*self.clock;
        let keys = match &self.observer {
            Some(observer) => {
                let transport = Observed {
                    transport,
                    observer,
                };
                self.keys.keys(url, kid, &transport, clock).await
            }
            None => self.keys.keys(url, kid, transport, clock).await,
        };
        keys.map_err(Unavailable::new)
    }

    /// Sends to a place that was chosen here, or one that the metadata name.
    pub(crate) fn transport(&self, chosen: bool) -> &dyn Transport {
        match chosen {
            true => &*self.chosen,
            false => &*self.named,
        }
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// What the issuer says of itself. However many ask, one request leaves; who finds old metadata while another fetches
    /// the new ones takes the old ones.
    pub(crate) async fn metadata(&self) -> Result<Arc<ServerMetadata>, Unavailable> {
        let now = self.clock.now();
        if let Some(fresh) = self.known().within(FRESH, now) {
            return Ok(fresh);
        }
        let usable = self.known().within(FRESH + MAX_STALE, now);
        let _flight = match (self.flight.try_lock(), usable) {
            (Ok(flight), _) => flight,
            (Err(_), Some(old)) => return Ok(old),
            (Err(_), None) => self.flight.lock().await,
        };
        if let Some(landed) = self.known().landed(self.clock.now()) {
            return landed;
        }
        let found = self.discover().await;
        self.known().settle(found, self.clock.now())
    }

    async fn discover(&self) -> Result<ServerMetadata, Unavailable> {
        let mut flow = DiscoverFlow::new(&self.issuer).map_err(Unavailable::new)?;
        let shell = Shell {
            transport: &*self.chosen,
            clock: &*self.clock,
            person: &Nobody,
        };
        let found = drive(&mut flow, &shell, &mut OsEntropy).await;
        found.map_err(|error| {
            tracing::warn!(issuer = self.issuer, %error, "metadata cannot be fetched");
            self.tell(AtIssuer::NotFetched);
            Unavailable::new(error)
        })
    }

    pub(crate) fn lacks(&self, member: &str) -> Unavailable {
        let issuer = &self.issuer;
        Unavailable::new(format!("the metadata of {issuer} name no {member}"))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The metadata while they are not older than this. A clock that was set back makes nothing last longer.
    fn within(&self, age: Duration, now: Timestamp) -> Option<Arc<ServerMetadata>> {
        let (at, metadata) = self.metadata.as_ref()?;
        (*at <= now && now < *at + age).then(|| metadata.clone())
    }

    /// What the flight that was waited for has brought, or a failure too recent to try again.
    fn landed(&self, now: Timestamp) -> Option<Result<Arc<ServerMetadata>, Unavailable>> {
        if let Some(fresh) = self.within(FRESH, now) {
            return Some(Ok(fresh));
        }
        let recent = |at: Timestamp| at <= now && now < at + PAUSE;
        let (_, why) = self.failed.as_ref().filter(|(at, _)| recent(*at))?;
        Some(self.or_stale(now, why))
    }

    /// Remembers what came.
    fn settle(
        &mut self,
        found: Result<ServerMetadata, Unavailable>,
        now: Timestamp,
    ) -> Result<Arc<ServerMetadata>, Unavailable> {
        match found {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                self.metadata = Some((now, metadata.clone()));
                self.failed = None;
                Ok(metadata)
            }
            Err(why) => {
                self.failed = Some((now, why.clone()));
                self.or_stale(now, &why)
            }
        }
    }

    fn or_stale(
        &self,
        now: Timestamp,
        why: &Unavailable,
    ) -> Result<Arc<ServerMetadata>, Unavailable> {
        let old = self.within(FRESH + MAX_STALE, now);
        old.ok_or_else(|| why.clone())
    }
}

/// Where no transport could be made.
struct NoNetwork;

#[async_trait]
impl Transport for NoNetwork {
    async fn send(&self, _: Request) -> Result<Response, Unreachable> {
        Err(Unreachable {
            reason: "there is no network here".to_owned(),
        })
    }
}
