use std::sync::Arc;
use std::time::Duration;

use gatepass_http::{NamedByServer, Origin, Transport};
use gatepass_proto::Scope;
use gatepass_proto::flow::{FindResourceFlow, Unreachable};
use gatepass_proto::message::challenge::Challenge;
use gatepass_proto::message::metadata::ServerMetadata;
use gatepass_proto::message::protected_resource::ProtectedResource;
use url::Url;

use super::authority::Authority;
use super::found::OFFLINE_ACCESS;
use super::{Challenged, Discover, Found, FoundClient};
use crate::inner::Inner;
use crate::{Credential, Error, Session};

/// How long a search may take in all, however many servers are slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// A search for who issues tokens for a URL. What the resource names must not lead to private addresses, unless the
/// resource is at one itself (RFC 9728 §7.7).
pub(super) struct Search<'a> {
    pub(super) inner: &'a Inner,
    pub(super) url: &'a Url,
    pub(super) network: Arc<dyn Transport>,
    /// The network for what the resource says of itself.
    resources: Arc<dyn Transport>,
    pub(super) named: NamedByServer,
    pub(super) settings: &'a Discover,
    /// The issuer that is used already.
    pub(super) used: Option<&'a str>,
}

impl Session {
    /// Finds out who issues tokens for `url` and who we are there, from the challenges of the 401 that it answered with. Nothing
    /// is kept and nobody is asked; [`Config::keep`](crate::Config::keep) makes a profile of what was found. `None` where the
    /// resource does not say, or takes no tokens.
    ///
    /// For sessions of [`Credential::Discover`]. Their requests do this by themselves.
    ///
    /// # Errors
    ///
    /// [`Error::Discovery`] for what must not be used: metadata for another resource or from another issuer, a server without
    /// PKCE, an address on a private network that a public one named; and where the server knows no client of ours and
    /// registers none. Failures of the network.
    pub async fn find(&self, url: &Url, challenges: &[Challenge]) -> Result<Option<Found>, Error> {
        let Credential::Discover(settings) = &self.inner.credential else {
            return Err(Error::Setup("this credential is found already".into()));
        };
        self.inner.admit(url)?;
        let challenged = Challenged::by(challenges.to_vec());
        self.inner.find(url, &challenged, settings).await
    }
}

impl Inner {
    pub(super) async fn find(
        &self,
        url: &Url,
        challenged: &Challenged,
        settings: &Discover,
    ) -> Result<Option<Found>, Error> {
        if !challenged.takes_tokens {
            return Ok(None);
        }
        let search = self.search(url, settings, None);
        search.in_time(search.run(challenged)).await
    }

    pub(super) fn search<'a>(
        &'a self,
        url: &'a Url,
        settings: &'a Discover,
        used: Option<&'a str>,
    ) -> Search<'a> {
        let trusted = std::slice::from_ref(url);
        let network = self.network_of(trusted);
        let named = self.transport.named_by(trusted);
        // Before a login nobody goes by what the resource said a while ago.
        let resources = match (used, &self.network) {
            (Some(_), None) => Arc::new(named.clone()),
            _ => network.clone(),
        };
        Search {
            inner: self,
            url,
            network,
            resources,
            named,
            settings,
            used,
        }
    }
}

impl Search<'_> {
    /// Ends it, if it takes too long.
    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let outcome = tokio::time::timeout(PATIENCE, work).await;
        outcome.unwrap_or_else(|_| {
            let origin = self.url.origin().ascii_serialization();
            let reason = format!("{origin}: finding out who issues its tokens took too long");
            Err(Unreachable { reason }.into())
        })
    }

    async fn run(&self, challenged: &Challenged) -> Result<Option<Found>, Error> {
        let resource = self.resource(challenged).await?;
        let Some((issuer, server)) = self.authority(resource.as_ref()).await? else {
            return Ok(None);
        };
        let client = self.identify(&issuer, &server)?;
        let scope = self.scope(challenged, resource.as_ref(), &server);
        tracing::debug!(%issuer, "the resource has named its authorization server");
        let found = self.found(resource, (issuer, server), scope, client);
        found.map(Some)
    }

    pub(super) fn found(
        &self,
        resource: Option<ProtectedResource>,
        (issuer, server): Authority,
        scope: Option<Scope>,
        client: FoundClient,
    ) -> Result<Found, Error> {
        Ok(Found {
            origin: Origin::of(self.url).map_err(|error| Error::Setup(error.to_string()))?,
            resource,
            issuer,
            server,
            scope,
            client,
            ca: self.settings.ca.clone(),
        })
    }

    /// What the resource says of itself.
    pub(super) async fn resource(
        &self,
        challenged: &Challenged,
    ) -> Result<Option<ProtectedResource>, Error> {
        let named = challenged.resource_metadata.as_deref();
        if let Some(url) = named.and_then(|text| Url::parse(text).ok()) {
            let place = self.named.admit(&url);
            place.map_err(|error| refused("resource_metadata in the challenge", &error))?;
        }
        let mut flow = FindResourceFlow::new(self.url, named)?;
        self.inner.drive_over(&self.resources, &mut flow).await
    }

    /// What to ask for: what the challenge wants, else what the resource lists, else what the server thinks right; with what
    /// outlives the session there, where the server has such a thing. By itself that would be all that is asked for.
    fn scope(
        &self,
        challenged: &Challenged,
        resource: Option<&ProtectedResource>,
        server: &ServerMetadata,
    ) -> Option<Scope> {
        let listed = resource.map(|own| own.scopes_supported.join(" "));
        let listed = listed.and_then(|text| text.parse().ok());
        let listed = listed.filter(|scope: &Scope| !scope.is_empty());
        let wanted = challenged.scope.clone().or(listed);
        let scope = match (wanted, &self.settings.scope) {
            (Some(wanted), Some(more)) => Some(wanted.union(more)),
            (wanted, more) => wanted.or_else(|| more.clone()),
        }?;
        let offline = server
            .scopes_supported
            .iter()
            .any(|own| own == OFFLINE_ACCESS);
        match OFFLINE_ACCESS.parse() {
            Ok(more) if offline => Some(scope.union(&more)),
            _ => Some(scope),
        }
    }
}

/// Something that must not be used.
pub(super) fn refused(what: &str, why: &impl std::fmt::Display) -> Error {
    Error::Discovery(format!("{what}: {why}"))
}
