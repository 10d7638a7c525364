//! A session that learns by whom the tokens of a resource are issued when it meets one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gatepass_http::{Body, Resource};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::{Challenged, Discover, Found};
use crate::inner::Inner;
use crate::refusal::challenges;
use crate::tokens::{TokenKey, TokenStore};
use crate::{Config, Credential, Error, Paths, Profile, Session};

/// What a session knows of finding things out, and what it has found.
#[derive(Default)]
pub(crate) struct Finding {
    /// What it was found with, where the session is of something that was found and has no profile.
    pub(super) settings: Option<Discover>,
    /// Where what is found becomes a profile.
    pub(crate) profiles: Option<Paths>,
    state: Mutex<Known>,
    /// One search at a time.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    /// The sessions of what was met, and their profiles.
    met: Vec<(Session, Option<Profile>)>,
    /// What the last 401 said.
    challenged: Option<Challenged>,
    /// The session that took this one's place when the resource had named another server.
    moved: Option<Session>,
}

impl Finding {
    pub(crate) fn keeping(profiles: Option<Paths>) -> Self {
        Self {
            profiles,
            ..Self::default()
        }
    }

    pub(super) fn of(&self, settings: Discover) -> Self {
        Self {
            settings: Some(settings),
            ..Self::keeping(self.profiles.clone())
        }
    }

    /// For a session like this one's.
    pub(crate) fn anew(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            ..Self::keeping(self.profiles.clone())
        }
    }

    /// A 401 is the best guide to what is to be asked next.
    pub(crate) fn learn(&self, challenged: Challenged) {
        self.state().challenged = Some(challenged);
    }

    pub(super) fn challenged(&self) -> Option<Challenged> {
        self.state().challenged.clone()
    }

    pub(super) fn move_to(&self, session: &Session) {
        self.state().moved = Some(session.clone());
    }

    fn state(&self) -> MutexGuard<'_, Known> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Who takes the place of the session that knows this, for `url`: the closest that it has met.
    fn next(&self, url: Option<&Url>) -> Option<Session> {
        let met = self.met.iter().map(|(session, _)| session);
        let close = |session: &&Session| url.and_then(|url| session.inner.closeness(url));
        let closest = met.filter(|own| close(own).is_some()).max_by_key(close);
        self.moved.as_ref().or(closest).cloned()
    }
}

impl Session {
    /// The session that requests to `url` are made with now: itself, unless it is one that finds out.
    pub(crate) fn settled(&self, url: Option<&Url>) -> Self {
        let next = self.inner.finding.state().next(url);
        next.map_or_else(|| self.clone(), |next| next.settled(url))
    }

    /// The profiles of what the requests of this session have found so far, where those become profiles
    /// ([`SessionBuilder::profiles`](crate::SessionBuilder::profiles)).
    pub fn profiles(&self) -> Vec<Profile> {
        let state = self.inner.finding.state();
        let profiles = state.met.iter().filter_map(|(_, profile)| profile.clone());
        profiles.collect()
    }

    /// The session for `url` of what is known about it, or is found out now by a request without a credential. Of any other
    /// credential it is the session itself.
    ///
    /// # Errors
    ///
    /// As [`Session::find`]; [`Error::Discovery`] for a URL that wants no token, or does not say of whom.
    pub async fn session_for(&self, url: &Url) -> Result<Self, Error> {
        self.inner.admit(url)?;
        let settled = self.settled(Some(url));
        let Credential::Discover(_) = settled.inner.credential else {
            return Ok(settled);
        };
        let challenged = self.inner.probe(url).await?;
        let met = match &challenged {
            Some(challenged) => self.meet(url, challenged).await?,
            None => None,
        };
        met.ok_or_else(|| {
            let url = &url[..url::Position::AfterPath];
            Error::Discovery(format!("{url} does not say who issues tokens for it"))
        })
    }

    /// The session of what `url` belongs to, found out once however many ask.
    pub(crate) async fn meet(
        &self,
        url: &Url,
        challenged: &Challenged,
    ) -> Result<Option<Self>, Error> {
        let Credential::Discover(settings) = &self.inner.credential else {
            return Ok(None);
        };
        let _turn = self.inner.finding.turn.lock().await;
        let settled = self.settled(Some(url));
        if !Arc::ptr_eq(&settled.inner, &self.inner) {
            return Ok(Some(settled));
        }
        let Some(found) = self.inner.find(url, challenged, settings).await? else {
            return Ok(None);
        };
        let (session, profile) = self.inner.session_of(&found, settings).await?;
        session.inner.finding.learn(challenged.clone());
        let mut state = self.inner.finding.state();
        state.met.push((session.clone(), profile));
        Ok(Some(session))
    }
}

impl Inner {
    /// What a resource says to a GET without a credential, if it refuses that.
    pub(super) async fn probe(&self, url: &Url) -> Result<Option<Challenged>, Error> {
        let request = Resource {
            method: Method::GET,
            url: url.clone(),
            headers: HeaderMap::new(),
            body: Body::empty(),
            within: Arc::default(),
        };
        let (by, answer) = self.transport.fetch(request).await?;
        let refused = answer.status() == StatusCode::UNAUTHORIZED && by.origin() == url.origin();
        tracing::debug!(status = %answer.status(), said = answer.headers().contains_key(WWW_AUTHENTICATE), "asked without a credential");
        Ok(refused.then(|| Challenged::by(challenges(&answer))))
    }

    /// The session of what was found, and its profile where there are to be any.
    async fn session_of(
        &self,
        found: &Found,
        settings: &Discover,
    ) -> Result<(Session, Option<Profile>), Error> {
        let (tokens, key, profile) = self.place_of(found).await?;
        let credential = match &profile {
            Some(profile) => profile.credential.clone(),
            None => found.oauth().into(),
        };
        let mut inner = self.like(credential, tokens, key);
        inner.api = vec![found.origin.clone()];
        inner.finding = self.finding.of(settings.clone());
        let session = Session {
            inner: Arc::new(inner),
        };
        Ok((session, profile))
    }

    async fn place_of(
        &self,
        found: &Found,
    ) -> Result<(Arc<dyn TokenStore>, TokenKey, Option<Profile>), Error> {
        let Some(paths) = &self.finding.profiles else {
            let key = self.key.beside(&format!("found-{}", found.digest()));
            return Ok((self.tokens.clone(), key, None));
        };
        let profile = keep(paths, found).await?;
        let tokens = profile.tokens.open(paths)?;
        Ok((tokens, profile.name.key().clone(), Some(profile)))
    }
}

/// [`Config::keep`] off the runtime: it waits for a lock.
pub(super) async fn keep(paths: &Paths, found: &Found) -> Result<Profile, Error> {
    let (paths, found) = (paths.clone(), found.clone());
    let kept = tokio::task::spawn_blocking(move || Config::keep(&paths, &found)).await;
    let kept =
        kept.map_err(|_| Error::Setup("keeping the profile crashed; this is a bug".into()))?;
    Ok(kept?)
}
