//! Before a login of what was found: does the resource still name the server that we know?

use std::sync::Arc;

use gatepass_proto::message::protected_resource::ProtectedResource;
use url::Url;

use super::found::{bounds, moved};
use super::search::Search;
use super::{Challenged, Discover, Found};
use crate::inner::Inner;
use crate::{Config, Credential, Error, LogoutReport, OAuth, Session};

impl Session {
    /// The session to log in with: this one, unless the resource has moved to another authorization server. Then a client that
    /// was registered there by itself, or describes itself, begins anew, and the old token is revoked and forgotten. A profile of
    /// it changes when there is a new one.
    ///
    /// # Errors
    ///
    /// [`Error::Discovery`] for a client that was registered by a person: whether the new server is right is for them to
    /// say; and for a server whose metadata will not do.
    pub(crate) async fn before_login(&self) -> Result<Self, Error> {
        let Credential::OAuth(oauth) = &self.inner.credential else {
            return Ok(self.clone());
        };
        let (true, Some(issuer)) = (oauth.discovered, &oauth.issuer) else {
            return Ok(self.clone());
        };
        let url = self.inner.identifier(oauth)?;
        let settings = self.inner.settings()?;
        let search = self.inner.search(&url, &settings, Some(issuer));
        let moved = search.in_time(search.look_again(oauth, issuer)).await?;
        match moved {
            None => Ok(self.clone()),
            Some(found) => self.move_to(oauth, &found).await,
        }
    }

    async fn move_to(&self, oauth: &OAuth, found: &Found) -> Result<Self, Error> {
        let inner = &self.inner;
        tracing::warn!(from = ?oauth.issuer, to = %found.issuer, "the resource has named another authorization server");
        if let Some(old) = inner.tokens.load(&inner.key).await? {
            if let LogoutReport::NotRevoked(error) = inner.revoke(&old).await {
                tracing::debug!(%error, "the old token could not be revoked");
            }
            inner.tokens.forget(&inner.key).await?;
        }
        let credential = match &inner.finding.profiles {
            Some(paths) => Config::load(paths)?.draft(found)?.credential,
            None => found.oauth().into(),
        };
        let mut next = inner.like(credential, inner.tokens.clone(), inner.key.clone());
        next.finding = inner.finding.anew().with(found);
        let session = Self {
            inner: Arc::new(next),
        };
        inner.finding.move_to(&session);
        Ok(session)
    }
}

impl Inner {
    /// What tokens are asked for: the resource, or the origin of one that has no name.
    fn identifier(&self, oauth: &OAuth) -> Result<Url, Error> {
        let origin = || self.only_api();
        let own = bounds(oauth).into_iter().next().or_else(origin);
        own.ok_or_else(|| Error::Setup("a discovered profile is for one origin in api".into()))
    }

    /// What we may identify ourselves with.
    fn settings(&self) -> Result<Discover, Error> {
        match (&self.finding.settings, &self.finding.profiles) {
            (Some(settings), _) => Ok(settings.clone()),
            (None, Some(paths)) => Ok(Config::load(paths)?.discover()),
            (None, None) => Ok(Discover::default()),
        }
    }
}

impl Search<'_> {
    /// What is found now, if it is another server than `issuer`.
    async fn look_again(&self, oauth: &OAuth, issuer: &str) -> Result<Option<Found>, Error> {
        let resource = self.known_resource().await?;
        let listed = resource.as_ref().map(|own| &own.authorization_servers);
        let named =
            listed.is_none_or(|list| list.is_empty() || list.iter().any(|own| own == issuer));
        if named {
            self.server(issuer).await?;
            return Ok(None);
        }
        let Some((to, server)) = self.authority(resource.as_ref()).await? else {
            return Ok(None);
        };
        if oauth.is_registered_by_a_person() {
            let reason = moved(self.url.as_str(), oauth, &to);
            return Err(Error::Discovery(reason));
        }
        let client = self.identify(&to, &server)?;
        let scope = oauth.scope.clone();
        self.found(resource, (to, server), scope, client).map(Some)
    }

    /// The resource's metadata, by its last 401 or the one that a request without a credential gets.
    async fn known_resource(&self) -> Result<Option<ProtectedResource>, Error> {
        if let Some(challenged) = self.inner.finding.challenged() {
            return self.resource(&challenged).await;
        }
        if let Some(found) = self.resource(&Challenged::default()).await? {
            return Ok(Some(found));
        }
        match self.inner.probe(self.url).await? {
            Some(challenged) if challenged.resource_metadata.is_some() => {
                self.resource(&challenged).await
            }
            _ => Ok(None),
        }
    }
}
