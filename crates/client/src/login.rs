use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use gatepass_http::Person;
use gatepass_proto::Scope;
use url::Url;

use crate::inner::Inner;
use crate::tokens::StoredToken;
use crate::{Attachment, Browser, Credential, Error, Grant, OAuth, Session, Status, SystemBrowser};

/// How long saving may wait for another process that renews.
const SAVE_PATIENCE: Duration = Duration::from_secs(75);
/// Beyond this a login that another process began is taken to be abandoned.
const LOGIN_PATIENCE: Duration = Duration::from_secs(600);

/// How a person logs in.
#[derive(Clone)]
pub struct LoginOptions {
    /// How the person's answer comes back.
    pub way: LoginWay,
    /// What opens the login page.
    pub browser: Arc<dyn Browser>,
    /// How long is waited for the person at a browser. Default five minutes. On another device it is as long as the
    /// server says.
    pub patience: Duration,
    /// The scope to ask for in place of the profile's.
    pub scope: Option<Scope>,
    /// What else the request says, beside the profile's own: `prompt`, `login_hint`, `acr_values`, `max_age` …
    pub params: Vec<(String, String)>,
}

/// How the answer of the login page comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginWay {
    /// As the profile's grant has it; of a browser, to a listener on this machine if the redirect URI is http to it,
    /// else pasted.
    #[default]
    Auto,
    /// Pasted by the person, whatever the redirect URI.
    Paste,
    /// By a code that the person types into a browser elsewhere (RFC 8628), whatever the profile's grant.
    Device,
}

impl Default for LoginOptions {
    fn default() -> Self {
        Self {
            way: LoginWay::Auto,
            browser: Arc::new(SystemBrowser),
            patience: Duration::from_secs(300),
            scope: None,
            params: Vec::new(),
        }
    }
}

impl std::fmt::Debug for LoginOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginOptions")
            .field("way", &self.way)
            .field("patience", &self.patience)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Makes a new token whether or not there is one, and keeps it. For a credential that makes none, only checks that
    /// its secret can be read.
    ///
    /// `person` is shown the link ([`Person::show`]). When the answer has to be pasted, it is asked for it
    /// ([`Person::redirect`]); [`pasted`](crate::pasted) reads what was pasted.
    ///
    /// # Errors
    ///
    /// The server or the person said no, or nobody came back in time; what the store has cannot be replaced.
    pub async fn login(
        &self,
        person: &dyn Person,
        options: &LoginOptions,
    ) -> Result<Status, Error> {
        if self.inner.credential.makes_tokens() {
            // Nobody logs in for a token that cannot be kept.
            self.inner.tokens.load(&self.inner.key).await?;
            let inner = self.before_login().await?.inner;
            let token = inner.log_in(person, options).await?;
            inner.keep_login(&token).await?;
            return Ok(inner.status_of(Some(&token)));
        }
        self.inner.check_static().await?;
        self.status().await
    }

    /// A login that everybody waits for who needs it, in this process and in others.
    pub(crate) async fn log_in_once(
        &self,
        person: Arc<dyn Person>,
        options: LoginOptions,
    ) -> Result<StoredToken, Error> {
        self.join_login(person, options, Enough::Alive).await
    }

    /// The same, whatever token is there.
    pub(crate) async fn log_in_anew(
        &self,
        person: Arc<dyn Person>,
        options: LoginOptions,
    ) -> Result<StoredToken, Error> {
        self.join_login(person, options, Enough::Nothing).await
    }

    pub(crate) async fn join_login(
        &self,
        person: Arc<dyn Person>,
        options: LoginOptions,
        enough: Enough,
    ) -> Result<StoredToken, Error> {
        let own = self.inner.clone();
        let work = move || {
            async move {
                // Two programs that open the browser at once would log each other out.
                let key = own.key.beside("login");
                let _turn = own.tokens.lock(&key, LOGIN_PATIENCE).await?;
                let stored = own.stored().await?;
                let rejected = own.state().rejected.clone();
                let now = own.clock.now();
                let done = |token: &StoredToken| {
                    enough.is(token)
                        && token.is_alive(now)
                        && rejected.as_ref() != Some(&token.access_token)
                };
                if let Some(token) = stored.filter(done) {
                    own.adopt(&token);
                    own.keep_found().await?;
                    return Ok(token);
                }
                let own = Self { inner: own }.before_login().await?.inner;
                let token = own.log_in(&*person, &options).await?;
                own.keep_login(&token).await?;
                Ok(token)
            }
            .boxed()
        };
        let (outcome, _) = self.inner.logins.join(work).await;
        outcome.ok_or_else(|| Error::Setup("the login crashed; this is a bug".into()))?
    }
}

/// Which token at hand makes a login needless.
pub(crate) enum Enough {
    /// None.
    Nothing,
    /// Any that lives.
    Alive,
    /// One with this scope.
    Scope(Scope),
}

impl Enough {
    fn is(&self, token: &StoredToken) -> bool {
        match self {
            Self::Nothing => false,
            Self::Alive => true,
            Self::Scope(wanted) => token.covers(Some(wanted)),
        }
    }
}

impl Inner {
    async fn log_in(
        &self,
        person: &dyn Person,
        options: &LoginOptions,
    ) -> Result<StoredToken, Error> {
        let Credential::OAuth(oauth) = &self.credential else {
            return self.first(None).await;
        };
        let mut scope = options.scope.clone();
        if scope.is_none() && oauth.discovered {
            scope = self.scope_again(oauth).await?;
        }
        let oauth = &with_scope(oauth, scope.as_ref());
        let registered = self.has_registered(oauth).await?;
        match self.log_in_as(oauth, person, options).await {
            // The server has forgotten the client that registered itself there.
            Err(error) if registered && error.is_refused_as("invalid_client") => {
                tracing::debug!(%error, "registering anew");
                self.forget_registration(oauth).await?;
                self.log_in_as(oauth, person, options).await
            }
            outcome => outcome,
        }
    }

    /// What is asked for at the next login of what was discovered: what was granted or asked for so far too.
    async fn scope_again(&self, oauth: &OAuth) -> Result<Option<Scope>, Error> {
        let asked = self.stored().await?.and_then(|token| token.asked_scope);
        Ok(match (&oauth.scope, asked) {
            (Some(own), Some(asked)) => Some(own.union(&asked)),
            (own, asked) => own.clone().or(asked),
        })
    }

    async fn log_in_as(
        &self,
        oauth: &OAuth,
        person: &dyn Person,
        options: &LoginOptions,
    ) -> Result<StoredToken, Error> {
        match (&oauth.grant, options.way) {
            (Grant::DeviceCode | Grant::AuthorizationCode { .. }, LoginWay::Device)
            | (Grant::DeviceCode, _) => self.log_in_on_device(oauth, person, options).await,
            (Grant::AuthorizationCode { redirect_uri }, _) => {
                self.log_in_by_code(oauth, redirect_uri, person, options)
                    .await
            }
            (Grant::Ciba(ciba), _) => self.log_in_by_ciba(oauth, ciba, person, options).await,
            _ => self.first(None).await,
        }
    }

    async fn keep_login(&self, token: &StoredToken) -> Result<(), Error> {
        let _lock = self.tokens.lock(&self.key, SAVE_PATIENCE).await?;
        self.tokens.save(&self.key, token).await?;
        self.adopt(token);
        self.keep_found().await
    }

    async fn check_static(&self) -> Result<(), Error> {
        let mut urls: Vec<Option<Url>> = vec![None];
        if let Credential::Netrc { .. } = self.credential {
            urls = self
                .api
                .iter()
                .map(|origin| origin.as_str().parse().ok())
                .collect();
        }
        for url in urls {
            Attachment::of_static(&self.credential, url.as_ref()).await?;
        }
        Ok(())
    }
}

fn with_scope(oauth: &OAuth, scope: Option<&Scope>) -> OAuth {
    let mut own = oauth.clone();
    if let Some(scope) = scope {
        own.scope = Some(scope.clone());
    }
    own
}
