use std::sync::Arc;
use std::time::Duration;

use gatepass_http::{Body, Origin, Resource};
use gatepass_proto::Scope;
use http::{HeaderMap, Method, Request, Uri};
use url::{Position, Url};

use crate::inner::Inner;
use crate::renew::Why;
use crate::tokens::StoredToken;
use crate::{
    Attachment, Config, Credential, Error, Paths, Profile, RequestBuilder, Response,
    SessionBuilder, Status, Where, digest, exchange,
};

/// Makes authenticated requests with one credential. Clones share everything.
#[derive(Clone)]
pub struct Session {
    pub(crate) inner: Arc<Inner>,
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

    /// Sends a request with the credential attached, and repeats it once for each thing that mends a refusal and can be
    /// mended, if the body can be sent again: a token that the resource no longer takes is renewed, a nonce is put
    /// into the proof (RFC 9449 §9), a person logs in again where the resource wants that (RFC 9470) and somebody is
    /// there. What is refused all the same comes back as it is, with [`Response::advice`].
    ///
    /// # Errors
    ///
    /// [`Error::WrongOrigin`] before anything is sent; [`Error::LoginNeeded`]; failures of the network. A status like 404
    /// is no error.
    pub async fn send(&self, request: Request<Body>) -> Result<Response, Error> {
        let (parts, body) = request.into_parts();
        let request = Resource {
            url: url_of(&parts.uri)?,
            method: parts.method,
            headers: parts.headers,
            body,
            within: Arc::default(),
        };
        exchange::run(self.clone(), request).await
    }

    /// What authenticates a request now. Only send it to [`Session::api`].
    ///
    /// # Errors
    ///
    /// As [`Session::token`]; [`Error::Setup`] for a token whose proof is for one request (DPoP), which
    /// [`Session::attachment_for`] makes.
    pub async fn attachment(&self) -> Result<Attachment, Error> {
        self.attach(None).await
    }

    /// What authenticates a request of this method to this URL, as any HTTP library can put it on:
    /// [`Attachment::headers`].
    ///
    /// # Errors
    ///
    /// As [`Session::token`]; [`Error::WrongOrigin`].
    pub async fn attachment_for(&self, method: &Method, url: &Url) -> Result<Attachment, Error> {
        self.inner.admit(url)?;
        self.attach(Some((method, url))).await
    }

    /// The headers that authenticate a request of this method to this URL, for any HTTP library. They hold secrets,
    /// and are marked sensitive. A proof (DPoP) and an answer to a challenge (Digest) are good for that one request.
    ///
    /// ```
    /// # async fn example(session: gatepass_client::Session) -> Result<(), Box<dyn std::error::Error>> {
    /// let url = "https://api.example.com/items".parse()?;
    /// let mut request = http::Request::get("https://api.example.com/items").body(())?;
    /// request.headers_mut().extend(session.headers_for(&http::Method::GET, &url).await?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// With reqwest that is `client.get(url).headers(session.headers_for(&Method::GET, &url).await?)`, with hyper what
    /// stands above. tonic takes them as `MetadataMap::from_headers(headers)`; the method of gRPC is POST, and the URL
    /// that of the service's method. Nothing is learnt from the answer; the tower layer
    /// (`Session::layer`) does that as well.
    ///
    /// # Errors
    ///
    /// As [`Session::attachment_for`]; [`Error::Setup`] for a key that goes into the query, and for a password that
    /// waits for the server's challenge.
    pub async fn headers_for(&self, method: &Method, url: &Url) -> Result<HeaderMap, Error> {
        let mut attachment = self.attachment_for(method, url).await?;
        let asked = digest::Asked {
            method,
            target: &url[Position::BeforePath..Position::AfterQuery],
            body: None,
        };
        self.inner.answer_challenge(&mut attachment, &asked)?;
        let reason = match attachment.place {
            Where::Query(_) => "this key goes into the query; see `Session::attachment_for`",
            Where::Challenge => "Digest answers a challenge, and the server has sent none yet",
            Where::Header(_) | Where::Cookie(_) => return attachment.headers(),
        };
        Err(Error::Setup(reason.to_owned()))
    }

    pub(crate) async fn attach(
        &self,
        request: Option<(&Method, &Url)>,
    ) -> Result<Attachment, Error> {
        let url = request.map(|(_, url)| url);
        let mut settled = self.settled(url);
        if let (Credential::Discover(_), Some(url)) = (&settled.inner.credential, url) {
            settled = Box::pin(settled.session_for(url)).await?;
        }
        if !Arc::ptr_eq(&settled.inner, &self.inner) {
            return Box::pin(settled.attach(request)).await;
        }
        if self.inner.credential.makes_tokens() {
            let token = self.token(Duration::ZERO).await?;
            return self.inner.of_token(&token, request);
        }
        let named = request.map(|(_, url)| url.clone());
        let url = named.or_else(|| self.inner.only_api());
        Attachment::of_static(&self.inner.credential, url.as_ref()).await
    }

    /// This session for a token with `scope`: the one at hand if it has it, else one of its own. A token that only a
    /// person can make is never asked for with another scope behind their back: that fails with
    /// [`Error::LoginNeeded`].
    #[must_use]
    pub fn with_scope(&self, scope: &Scope) -> Self {
        self.inner.with_scope(scope)
    }

    /// A valid token, renewed if it would not live `least` longer (as far as its lifetime allows).
    ///
    /// # Errors
    ///
    /// [`Error::LoginNeeded`] when only a person can help and none was given to the builder; failures of the network, of
    /// the server, of the store. [`Error::Setup`] for a credential that makes no tokens.
    pub async fn token(&self, least: Duration) -> Result<StoredToken, Error> {
        let settled = self.settled(None);
        if !Arc::ptr_eq(&settled.inner, &self.inner) {
            return Box::pin(settled.token(least)).await;
        }
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
        let settled = self.settled(None);
        let inner = &settled.inner;
        let token = if inner.credential.makes_tokens() {
            inner.stored().await?
        } else {
            None
        };
        Ok(inner.status_of(token.as_ref()))
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
    pub(crate) async fn or_person(
        &self,
        outcome: Result<StoredToken, Error>,
    ) -> Result<StoredToken, Error> {
        match (outcome, &self.inner.person) {
            (Err(Error::LoginNeeded(_)), Some((person, options))) => {
                self.log_in_once(person.clone(), options.clone()).await
            }
            (outcome, _) => outcome,
        }
    }
}

pub(crate) fn url_of(uri: &Uri) -> Result<Url, Error> {
    uri.to_string().parse().map_err(|_| not_absolute(uri))
}

pub(crate) fn not_absolute(uri: &Uri) -> Error {
    Error::Setup(format!("{:?} is no absolute URL", uri.path()))
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("credential", &self.inner.credential)
            .field("api", &self.inner.api)
            .finish_non_exhaustive()
    }
}
