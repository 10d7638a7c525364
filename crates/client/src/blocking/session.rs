use std::sync::Arc;
use std::time::Duration;

use gatepass_http::{Body, Origin, Person};
use http::{HeaderMap, Method, Request};
use url::Url;

use super::request::{RequestBuilder, Response};
use super::runtime::wait;
use crate::tokens::StoredToken;
use crate::{
    Attachment, Credential, Error, LoginOptions, LogoutReport, Paths, Profile, Scope, Status,
};

/// Makes authenticated requests with one credential, and waits for them. Clones share everything.
#[derive(Clone, Debug)]
pub struct Session(crate::Session);

impl Session {
    /// The session of a profile in `config.toml`, with its tokens where the profile says.
    ///
    /// # Errors
    ///
    /// As [`crate::Session::from_profile`].
    pub fn from_profile(name: &str) -> Result<Self, Error> {
        crate::Session::from_profile(name).map(Self)
    }

    /// The session of a profile, with its tokens under `paths`.
    ///
    /// # Errors
    ///
    /// As [`crate::Session::open`].
    pub fn open(profile: &Profile, paths: &Paths) -> Result<Self, Error> {
        crate::Session::open(profile, paths).map(Self)
    }

    /// The session for tasks of a runtime, which shares everything with this one.
    pub fn into_inner(self) -> crate::Session {
        self.0
    }

    /// Sends a request; see [`crate::Session::send`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn send(&self, request: Request<Body>) -> Result<Response, Error> {
        let session = self.0.clone();
        wait(async move { session.send(request).await })?.map(Response::new)
    }

    /// What authenticates a request of this method to this URL.
    ///
    /// # Errors
    ///
    /// As [`crate::Session::attachment_for`].
    pub fn attachment_for(&self, method: &Method, url: &Url) -> Result<Attachment, Error> {
        let (session, method, url) = (self.0.clone(), method.clone(), url.clone());
        wait(async move { session.attachment_for(&method, &url).await })?
    }

    /// The headers that authenticate a request of this method to this URL, for any HTTP library.
    ///
    /// # Errors
    ///
    /// As [`crate::Session::headers_for`].
    pub fn headers_for(&self, method: &Method, url: &Url) -> Result<HeaderMap, Error> {
        let (session, method, url) = (self.0.clone(), method.clone(), url.clone());
        wait(async move { session.headers_for(&method, &url).await })?
    }

    /// This session for a token with `scope`; see [`crate::Session::with_scope`].
    #[must_use]
    pub fn with_scope(&self, scope: &Scope) -> Self {
        Self(self.0.with_scope(scope))
    }

    /// A valid token, renewed if it would not live `least` longer.
    ///
    /// # Errors
    ///
    /// As [`crate::Session::token`].
    pub fn token(&self, least: Duration) -> Result<StoredToken, Error> {
        let session = self.0.clone();
        wait(async move { session.token(least).await })?
    }

    /// Another token in place of the stored one, unless somebody else renews it first.
    ///
    /// # Errors
    ///
    /// As [`crate::Session::refresh`].
    pub fn refresh(&self) -> Result<StoredToken, Error> {
        let session = self.0.clone();
        wait(async move { session.refresh().await })?
    }

    /// Makes a new token whether or not there is one; see [`crate::Session::login`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn login(&self, person: Arc<dyn Person>, options: LoginOptions) -> Result<Status, Error> {
        let session = self.0.clone();
        wait(async move { session.login(&*person, &options).await })?
    }

    /// How things stand, without asking anybody.
    ///
    /// # Errors
    ///
    /// As [`crate::Session::status`].
    pub fn status(&self) -> Result<Status, Error> {
        let session = self.0.clone();
        wait(async move { session.status().await })?
    }

    /// Revokes the stored token at the server and forgets it here.
    ///
    /// # Errors
    ///
    /// As [`crate::Session::logout`].
    pub fn logout(&self) -> Result<LogoutReport, Error> {
        let session = self.0.clone();
        wait(async move { session.logout().await })?
    }

    /// The origins that the credential goes to.
    pub fn api(&self) -> &[Origin] {
        self.0.api()
    }

    /// The credential.
    pub fn credential(&self) -> &Credential {
        self.0.credential()
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
        RequestBuilder::new(self.0.request(method, url))
    }
}

impl From<crate::Session> for Session {
    /// The same session for threads.
    fn from(session: crate::Session) -> Self {
        Self(session)
    }
}
