//! A session that learns by whom the tokens of a resource are issued when it meets one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gatepass_http::{Body, Resource};
use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::{Challenged, Discover, Found};
use crate::inner::Inner;
use crate::refusal::challenges;
use crate::{Config, Credential, Error, Paths, Profile, Session};

/// What a session knows of finding things out, and what it has found.
#[derive(Default)]
pub(crate) struct Finding {
    /// What it was found with, where the session is of something that was found.
    pub(super) settings: Option<Discover>,
    /// Where what is found becomes a profile.
    pub(crate) profiles: Option<Paths>,
    /// What becomes a profile when there is a token for it.
    pub(super) found: Option<Arc<Found>>,
    state: Mutex<Known>,
    /// One search at a time.
    pub(super) turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    /// The sessions of what was met.
    met: Vec<Session>,
    /// The profile of this session, if it came of finding out.
    profile: Option<Profile>,
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

    /// For a session of what was found with these.
    fn of(&self, settings: Discover, found: &Found) -> Self {
        Self {
            settings: Some(settings),
            ..self.anew().with(found)
        }
    }

    /// For a session like this one's.
    pub(crate) fn anew(&self) -> Self {
        Self {
            settings: self.settings.clone(),
            ..Self::keeping(self.profiles.clone())
        }
    }

    /// With what becomes a profile, where there are to be any.
    pub(super) fn with(self, found: &Found) -> Self {
        let found = self.profiles.as_ref().map(|_| Arc::new(found.clone()));
        Self { found, ..self }
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
        let close = |session: &&Session| url.and_then(|url| session.inner.closeness(url));
        let met = self.met.iter();
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
        let met = self.inner.finding.state().met.clone();
        let known = met.iter().flat_map(|session| {
            let own = session.settled(None);
            let profile = own.inner.finding.state().profile.clone();
            profile.into_iter().chain(own.profiles())
        });
        known.collect()
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
        self.meet_in_turn(url, challenged, settings).await
    }

    /// The same of one whose turn it is.
    pub(super) async fn meet_in_turn(
        &self,
        url: &Url,
        challenged: &Challenged,
        settings: &Discover,
    ) -> Result<Option<Self>, Error> {
        let Some(found) = self.inner.find(url, challenged, settings).await? else {
            return Ok(None);
        };
        let session = self.inner.session_of(&found, settings)?;
        session.inner.finding.learn(challenged.clone());
        self.inner.finding.state().met.push(session.clone());
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

    /// The session of what was found. Where it is to be a profile it has that one's name and store, also before it is kept.
    fn session_of(&self, found: &Found, settings: &Discover) -> Result<Session, Error> {
        let mut there = None;
        let (credential, tokens, key) = match &self.finding.profiles {
            None => {
                let key = self.key.beside(&format!("found-{}", found.digest()));
                (found.oauth().into(), self.tokens.clone(), key)
            }
            Some(paths) => {
                let config = Config::load(paths)?;
                let draft = config.draft(found)?;
                let tokens = draft.tokens.open(paths)?;
                there = config.has(found, &draft).then(|| draft.clone());
                (draft.credential, tokens, draft.name.key().clone())
            }
        };
        let mut inner = self.like(credential, tokens, key);
        inner.api = vec![found.origin.clone()];
        inner.finding = self.finding.of(settings.clone(), found);
        inner.finding.state().profile = there;
        Ok(Session {
            inner: Arc::new(inner),
        })
    }

    /// Makes a profile of what was found, now that there is a token for it. Another resource may have taken its name meanwhile:
    /// then the token stays with this session, for one that two programs renew would be taken for stolen.
    pub(crate) async fn keep_found(&self) -> Result<(), Error> {
        let (Some(found), Some(paths)) = (&self.finding.found, &self.finding.profiles) else {
            return Ok(());
        };
        if self.finding.state().profile.is_some() {
            return Ok(());
        }
        let (paths, found) = (paths.clone(), found.clone());
        // It waits for a lock.
        let kept = tokio::task::spawn_blocking(move || Config::keep(&paths, &found)).await;
        let kept =
            kept.map_err(|_| Error::Setup("keeping the profile crashed; this is a bug".into()))?;
        self.finding.state().profile = Some(kept?);
        Ok(())
    }
}
