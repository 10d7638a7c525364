//! Settings on their way to being in force.

use std::sync::Arc;
use std::time::Duration;

use gatepass_guard::{Guard, GuardBuilder, ResourceMetadata};
use gatepass_http::{Clock, Egress, HttpTransport};
use url::Url;

use super::Parts;
use super::api_keys::KeyRing;
use super::issuers::issuer;
use super::kept::Kept;
use super::secrets::Secrets;
use super::users::People;
use crate::config::{Config, ConfigError};
use crate::identity::Introduction;
use crate::login::BrowserLogin;
use crate::upstream::{Upstream, UpstreamSettings};

/// How long an issuer may take to answer, all in all.
const PATIENCE: Duration = Duration::from_secs(5);

/// Settings, what they name, and what was in force before.
pub(super) struct Draft<'a> {
    config: &'a Config,
    secrets: &'a Secrets,
    clock: &'a Arc<dyn Clock>,
    kept: &'a Kept,
    public_url: Url,
    transport: HttpTransport,
    /// What was in force, where it knew the API by the same URL and trusted the same authorities.
    old: Option<&'a Parts>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        config: &'a Config,
        secrets: &'a Secrets,
        clock: &'a Arc<dyn Clock>,
        kept: &'a Kept,
        old: Option<&'a Parts>,
    ) -> Result<Self, ConfigError> {
        let egress = Egress {
            timeout: PATIENCE,
            connect_timeout: PATIENCE,
            extra_roots: secrets.roots.clone(),
            ..Egress::default()
        };
        let same = |old: &&Parts| {
            old.config.public_url() == config.public_url() && old.secrets.roots == secrets.roots
        };
        Ok(Self {
            config,
            secrets,
            clock,
            kept,
            public_url: public_url(config)?,
            transport: HttpTransport::new(egress)
                .map_err(|error| ConfigError::setting("extra_ca", error))?,
            old: old.filter(same),
        })
    }

    /// The guard. It remembers proofs, keys and answers, so that one is made anew only where it would be another.
    pub(super) fn guard(
        &self,
        dress: &(dyn Fn(GuardBuilder) -> GuardBuilder + Send + Sync),
    ) -> Result<Guard, ConfigError> {
        let of = |config: &Config| {
            (
                config.realm.clone(),
                config.dpop,
                config.dpop_nonces,
                config.resource.clone(),
                config.proxies.client_certificate_from.clone(),
                config.issuer.clone(),
                config.api_key.clone(),
                config.user.clone(),
            )
        };
        let same = |old: &&Parts| {
            of(&old.config) == of(self.config) && old.secrets.clients == self.secrets.clients
        };
        if let Some(old) = self.old.filter(same) {
            return Ok(old.guard.clone());
        }
        let kept = self.kept;
        let mut builder = Guard::builder()
            .realm(&self.config.realm)
            .resource(self.metadata()?);
        if self.config.dpop {
            let seen = kept.seen.clone();
            builder = builder.dpop(&self.public_url).dpop_seen(seen);
        }
        if self.config.dpop_nonces {
            builder = builder.dpop_nonces(kept.nonces.clone());
        }
        for (entry, secret) in self.config.issuer.iter().zip(&self.secrets.clients) {
            let issuer = issuer(entry, &self.resource(), secret.as_ref());
            let meter = kept.meter.clone();
            let issuer = issuer.observe(move |what| meter.at_issuer(what));
            builder = builder.issuer(issuer.transport(self.transport.clone()));
        }
        if !self.config.api_key.is_empty() {
            let keys = KeyRing::new(&self.config.api_key, self.clock);
            builder = builder.api_keys(Arc::new(keys));
        }
        if !self.config.user.is_empty() {
            let people = People::new(&self.config.user, &kept.attempts, self.clock);
            builder = builder.basic(Arc::new(people));
        }
        Ok(dress(builder).build())
    }

    fn resource(&self) -> String {
        let own = self.config.resource.resource.clone();
        own.unwrap_or_else(|| self.config.public_url())
    }

    fn metadata(&self) -> Result<ResourceMetadata, ConfigError> {
        let entry = &self.config.resource;
        let metadata = ResourceMetadata::new(self.resource())
            .map_err(|error| ConfigError::setting("resource.resource", error))?;
        let metadata = metadata.scopes(&entry.scopes_supported);
        let metadata = match &entry.resource_name {
            Some(name) => metadata.name(name),
            None => metadata,
        };
        let proxies = &self.config.proxies;
        let shown =
            self.config.tls.client_certificates || proxies.client_certificate_from.is_some();
        let metadata = match shown {
            true => metadata.certificate_bound_tokens(),
            false => metadata,
        };
        Ok(match &entry.resource_documentation {
            Some(url) => metadata.documentation(url),
            None => metadata,
        })
    }

    /// Who tells the API. The key that it has drawn itself stays while the settings do.
    pub(super) fn introduction(&self) -> Result<Arc<Introduction>, ConfigError> {
        let of = |config: &Config| (config.identity.clone(), config.upstream.clone());
        let same = |old: &&Parts| {
            of(&old.config) == of(self.config)
                && old.secrets.signing_key == self.secrets.signing_key
        };
        if let Some(old) = self.old.filter(same) {
            return Ok(old.introduction.clone());
        }
        let audience = self.config.upstream.as_ref().map(origin);
        let introduction = Introduction::new(
            &self.config.identity,
            &self.config.public_url(),
            audience.as_deref(),
            self.secrets.signing_key.as_ref(),
            self.clock.now(),
        );
        introduction.map(Arc::new)
    }

    pub(super) async fn login(&self) -> Result<Option<Arc<BrowserLogin>>, ConfigError> {
        let Some(settings) = self.config.login.clone() else {
            return Ok(None);
        };
        let made = match self.old.and_then(|old| old.login.as_ref()) {
            Some(old) => old.renewed(settings).await,
            None => {
                let transport = Arc::new(self.transport.clone());
                let clock = self.clock.clone();
                BrowserLogin::new(settings, &self.public_url, transport, clock).await
            }
        };
        made.map(|login| Some(Arc::new(login)))
            .map_err(|error| ConfigError::setting("login", error))
    }

    /// The API. The connections to it stay while the settings do.
    pub(super) fn upstream(&self) -> Result<Option<Upstream>, ConfigError> {
        let of = |config: &Config| {
            (
                config.upstream.clone(),
                config.keep_host,
                config.http2,
                config.limits.clone(),
            )
        };
        let Some(url) = &self.config.upstream else {
            return Ok(None);
        };
        if let Some(old) = self.old.filter(|old| of(&old.config) == of(self.config)) {
            return Ok(old.upstream.clone());
        }
        let limits = &self.config.limits;
        let settings = UpstreamSettings {
            connect_timeout: limits.connect_timeout,
            answer_timeout: limits.answer_timeout,
            idle_timeout: limits.idle_timeout,
            max_request_body: limits.max_request_body,
            extra_roots: self.secrets.roots.clone(),
            keep_host: self.config.keep_host,
            http2: self.config.http2,
            ..UpstreamSettings::default()
        };
        let upstream = Upstream::counting(url, settings, self.kept.open.clone());
        upstream
            .map(Some)
            .map_err(|error| ConfigError::setting("upstream", error))
    }
}

fn public_url(config: &Config) -> Result<Url, ConfigError> {
    let plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    };
    let url = config.public_url().parse().ok().filter(plain);
    let reason = "expected an https or http URL without a query, like https://api.example.com";
    url.ok_or_else(|| ConfigError::setting("public_url", reason))
}

/// What an upstream is called as an audience: its origin, or the whole URL where it has none.
fn origin(url: &Url) -> String {
    match url.origin().is_tuple() {
        true => url.origin().ascii_serialization(),
        false => url.to_string(),
    }
}
