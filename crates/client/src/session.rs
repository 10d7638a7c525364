use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use gatepass_http::Origin;
use gatepass_http::{
    AnsweredBy, Body, Clock, DriveError, HttpTransport, Nobody, OsEntropy, Person,
    ResourceTransport as _, Shell, check_url, drive,
};
use gatepass_proto::flow::Flow;
use gatepass_proto::message::challenge::Challenge;
use gatepass_proto::{Secret, Timestamp};
use http::header::WWW_AUTHENTICATE;
use http::{Method, Request, StatusCode};
use url::Url;

use crate::flight::Flight;
use crate::renew::Why;
use crate::tokens::{StoredToken, TokenKey, TokenStore};
use crate::{
    Attachment, Config, Credential, Error, LoginOptions, Paths, Profile, RequestBuilder, Response,
    SessionBuilder, Status, endpoints,
};

/// Makes authenticated requests with one credential. Clones share everything.
#[derive(Clone)]
pub struct Session {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) credential: Credential,
    pub(crate) api: Vec<Origin>,
    pub(crate) transport: HttpTransport,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) person: Option<(Arc<dyn Person>, LoginOptions)>,
    pub(crate) tokens: Arc<dyn TokenStore>,
    pub(crate) key: TokenKey,
    pub(crate) flight: Flight<Result<StoredToken, Error>>,
    pub(crate) state: Mutex<State>,
    pub(crate) metadata: tokio::sync::Mutex<endpoints::Known>,
}

/// What this process remembers of its token.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) current: Option<StoredToken>,
    /// A token that a resource refused.
    pub(crate) rejected: Option<Secret>,
    /// Until when a living token is not renewed, after a failure.
    pub(crate) hold_off: Option<Timestamp>,
}

impl Session {
    /// A session for a credential; where it may go is said with [`SessionBuilder::api`].
    pub fn builder(credential: Credential) -> SessionBuilder {
        SessionBuilder::new(credential)
    }

    /// The session of a profile in `config.toml`, with its tokens in files.
    ///
    /// # Errors
    ///
    /// There is no such profile, or it makes no sense.
    pub fn from_profile(name: &str) -> Result<Self, Error> {
        let paths = Paths::of_this_user()?;
        Self::open(Config::load(&paths)?.profile(Some(name))?, &paths)
    }

    /// The session of a profile, with its tokens in files under `paths`.
    ///
    /// # Errors
    ///
    /// The profile's CA file cannot be used.
    pub fn open(profile: &Profile, paths: &Paths) -> Result<Self, Error> {
        SessionBuilder::of(profile, paths)?.build()
    }

    /// Sends a request with the credential attached, and repeats it once with a new token if the first is refused
    /// with a 401 and the body can be sent again.
    ///
    /// # Errors
    ///
    /// [`Error::WrongOrigin`] before anything is sent; [`Error::LoginNeeded`]; failures of the network. A status like 404
    /// is no error.
    pub async fn send(&self, request: Request<Body>) -> Result<Response, Error> {
        let (mut parts, body) = request.into_parts();
        self.inner.check_origin(&parts.uri)?;
        let attachment = self.attachment().await?;
        attachment.put(&mut parts.headers)?;
        let again = body.try_clone();
        let answer = self
            .inner
            .transport
            .send_resource(Request::from_parts(parts.clone(), body))
            .await?;
        if !self.inner.refuses_token(&answer) {
            return Ok(Response::new(answer));
        }
        tracing::debug!("the resource refused the token");
        self.inner.state().rejected = Some(attachment.secret.clone());
        let Some(body) = again else {
            return Ok(Response::new(answer));
        };
        drop(answer);
        let renewed = self.inner.renewed(Why::Rejected(attachment.secret)).await;
        Attachment::of_token(&self.or_person(renewed).await?)?.put(&mut parts.headers)?;
        let answer = self
            .inner
            .transport
            .send_resource(Request::from_parts(parts, body))
            .await?;
        Ok(Response::new(answer))
    }

    /// The header that authenticates a request now. Only send it to [`Session::api`].
    ///
    /// # Errors
    ///
    /// As [`Session::token`].
    pub async fn attachment(&self) -> Result<Attachment, Error> {
        if self.inner.credential.makes_tokens() {
            return Attachment::of_token(&self.token(Duration::ZERO).await?);
        }
        Attachment::of_static(&self.inner.credential).await
    }

    /// A valid token, renewed if it would not live `least` longer (as far as its lifetime allows).
    ///
    /// # Errors
    ///
    /// [`Error::LoginNeeded`] when only a person can help and none was given to the builder; failures of the network, of
    /// the server, of the store. [`Error::Setup`] for a credential that makes no tokens.
    pub async fn token(&self, least: Duration) -> Result<StoredToken, Error> {
        if !self.inner.credential.makes_tokens() {
            let method = self.inner.credential.method();
            return Err(Error::Setup(format!(
                "method {method} has no token that is made"
            )));
        }
        let fresh = self.inner.fresh(least).await;
        self.or_person(fresh).await
    }

    /// Another token in place of the stored one, unless somebody else renews it first.
    ///
    /// # Errors
    ///
    /// As [`Session::token`].
    pub async fn refresh(&self) -> Result<StoredToken, Error> {
        match self.inner.stored().await? {
            Some(token) => self.inner.renewed(Why::Rejected(token.access_token)).await,
            None => self.token(Duration::ZERO).await,
        }
    }

    /// How things stand, without asking anybody.
    ///
    /// # Errors
    ///
    /// The stored token cannot be read.
    pub async fn status(&self) -> Result<Status, Error> {
        let inner = &self.inner;
        let token = if inner.credential.makes_tokens() {
            inner.stored().await?
        } else {
            None
        };
        Ok(Status::of(
            &inner.credential,
            &inner.api,
            token.as_ref(),
            inner.tokens.place(&inner.key),
            inner.clock.now(),
        ))
    }

    /// The origins that the credential goes to.
    pub fn api(&self) -> &[Origin] {
        &self.inner.api
    }

    /// The credential.
    pub fn credential(&self) -> &Credential {
        &self.inner.credential
    }

    /// A GET.
    pub fn get(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// A POST.
    pub fn post(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// A PUT.
    pub fn put(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// A PATCH.
    pub fn patch(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// A DELETE.
    pub fn delete(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// A request of any method.
    pub fn request(&self, method: Method, url: impl AsRef<str>) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, url.as_ref())
    }

    /// Asks the person that the builder was given, when nothing else helps.
    async fn or_person(&self, outcome: Result<StoredToken, Error>) -> Result<StoredToken, Error> {
        match (outcome, &self.inner.person) {
            (Err(Error::LoginNeeded(_)), Some((person, options))) => {
                self.log_in(&**person, options).await
            }
            (outcome, _) => outcome,
        }
    }
}

impl Inner {
    /// The network is asked only for what the credential is for.
    fn check_origin(&self, uri: &http::Uri) -> Result<(), Error> {
        let url: Url = uri
            .to_string()
            .parse()
            .map_err(|_| Error::Setup(format!("{:?} is no absolute URL", uri.path())))?;
        check_url(&url).map_err(|error| Error::Setup(error.to_string()))?;
        if self.api.iter().any(|origin| origin.covers(&url)) {
            return Ok(());
        }
        Err(Error::WrongOrigin {
            origin: url.origin().ascii_serialization(),
            api: self.api.clone(),
        })
    }

    /// Whether an answer says that the token is no good (RFC 6750 §3.1), and comes from whom the token was sent to.
    /// Many servers send a bare 401; only one that names another error means something else.
    fn refuses_token(&self, answer: &http::Response<Body>) -> bool {
        let ours = answer
            .extensions()
            .get::<AnsweredBy>()
            .is_some_and(|by| self.api.iter().any(|origin| origin.covers(&by.0)));
        if answer.status() != StatusCode::UNAUTHORIZED || !self.credential.makes_tokens() || !ours {
            return false;
        }
        let values = answer
            .headers()
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let challenges: Vec<Challenge> = values.flat_map(Challenge::parse_list).collect();
        let mut bearer = challenges
            .iter()
            .filter(|challenge| challenge.is("bearer"))
            .peekable();
        bearer.peek().is_none()
            || bearer.any(|challenge| {
                challenge
                    .param("error")
                    .is_none_or(|error| error == "invalid_token")
            })
    }

    /// The stored token, if it was made for this very credential.
    pub(crate) async fn stored(&self) -> Result<Option<StoredToken>, Error> {
        let token = self.tokens.load(&self.key).await?;
        Ok(token.filter(|token| token.binding == self.credential.binding()))
    }

    /// Runs a flow that asks no person.
    pub(crate) async fn drive<F: Flow>(&self, flow: &mut F) -> Result<F::Output, Error> {
        Ok(self.drive_with(flow, &Nobody).await?)
    }

    pub(crate) async fn drive_with<F: Flow>(
        &self,
        flow: &mut F,
        person: &dyn Person,
    ) -> Result<F::Output, DriveError> {
        let shell = Shell {
            transport: &self.transport,
            clock: &*self.clock,
            person,
        };
        drive(flow, &shell, &mut OsEntropy).await
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn remembered(&self) -> Option<StoredToken> {
        self.state().current.clone()
    }

    pub(crate) fn remember(&self, token: &StoredToken) {
        self.state().current = Some(token.clone());
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("credential", &self.inner.credential)
            .field("api", &self.inner.api)
            .finish_non_exhaustive()
    }
}
