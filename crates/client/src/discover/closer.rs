//! A refusal that names a closer resource than the one that the credential is for: part of what a token was for has become a
//! resource of its own, perhaps with another authorization server.

use std::sync::Arc;

use gatepass_proto::message::protected_resource::{closeness, locations};
use url::Url;

use super::{Challenged, Discover};
use crate::inner::Inner;
use crate::{Credential, Error, Session};

impl Inner {
    /// Whether a refusal of `url` says that it belongs to a resource that is closer to it than ours. Nothing is fetched where the
    /// refusal names the place of our own metadata, unless it is `repeated`: a new token has not helped.
    ///
    /// Metadata that cannot be had, or must not be used, says nothing.
    pub(crate) async fn is_for_a_closer(
        &self,
        url: &Url,
        challenged: &Challenged,
        repeated: bool,
    ) -> bool {
        let Credential::OAuth(oauth) = &self.credential else {
            return false;
        };
        let named = challenged.resource_metadata.as_deref();
        let usual = self
            .within
            .iter()
            .filter_map(|own| locations(own).into_iter().next());
        if !repeated
            && usual
                .map(String::from)
                .any(|own| Some(own.as_str()) == named)
        {
            return false;
        }
        let used = oauth.issuer.as_deref().filter(|_| repeated);
        let settings = Discover::default();
        let search = self.search(url, &settings, used);
        match search.in_time(search.resource(challenged)).await {
            Ok(found) => {
                let found = found.and_then(|found| found.identifier().ok());
                found.and_then(|found| closeness(&found, url)) > self.closeness(url)
            }
            Err(error) => {
                tracing::debug!(%error, "the metadata that a refusal names is of no use");
                false
            }
        }
    }
}

impl Session {
    /// The session of the closer resource, where this one came of finding out. From then on it is the one for what belongs to
    /// that.
    pub(crate) async fn meet_closer(
        &self,
        url: &Url,
        challenged: &Challenged,
    ) -> Result<Option<Self>, Error> {
        let own = self.settled(None);
        let Some(settings) = &own.inner.finding.settings else {
            return Ok(None);
        };
        let _turn = own.inner.finding.turn.lock().await;
        let settled = own.settled(Some(url));
        if !Arc::ptr_eq(&settled.inner, &own.inner) {
            return Ok(Some(settled));
        }
        own.meet_in_turn(url, challenged, settings).await
    }

    /// The session that is used where a resource that refuses a new token too has moved to another authorization server;
    /// `None` where it has not.
    ///
    /// # Errors
    ///
    /// [`Error::Discovery`] where it has moved and must not be followed.
    pub(crate) async fn follow(&self) -> Result<Option<Self>, Error> {
        let own = self.settled(None);
        match own.before_login().await {
            Ok(next) => Ok(Some(next).filter(|next| !Arc::ptr_eq(&next.inner, &own.inner))),
            Err(error @ Error::Discovery(_)) => Err(error),
            Err(error) => {
                tracing::debug!(%error, "whether the resource has moved cannot be said");
                Ok(None)
            }
        }
    }
}
