//! Login with a browser: what stands before a web application that has no login of its own.
//!
//! A person without a session is sent to the OpenID provider (authorization code flow with PKCE), comes back to
//! `/.gatepass/callback` and has a session: a sealed cookie that says who they are and holds no token. Nothing is kept
//! here of a session; what is kept is which of them were logged out.
//!
//! The story of a request is told by [`BrowserLogin::visitor`]; whoever is no visitor yet, [`BrowserLogin::begin`] sends
//! off to log in. [`BrowserLogin::answer`] serves the login's own places.

mod allow;
mod away;
mod backchannel;
mod begin;
mod callback;
mod cookies;
mod ended;
mod error;
mod failures;
mod kept;
mod key_file;
mod logout;
mod pages;
mod paths;
mod person;
mod provider;
mod return_to;
mod seal;
mod session;
mod settings;
mod visit;

use std::sync::Arc;

use axum::body::Body;
use gatepass_http::{Clock, Transport};
use gatepass_proto::Params;
use http::header::ALLOW;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use self::begin::Asked;
use self::cookies::{Cookies, MAX_VALUE, Name};
use self::kept::Kept;
use self::pages::{Page, see_other};
use self::provider::Provider;
use self::session::{Session, Standing};

pub use allow::{Allow, Requirements};
pub use error::LoginError;
pub use key_file::KeyFileError;
pub use settings::LoginSettings;
pub use visit::{StepUp, Visit, Visitor};

/// What is sealed: a session.
const SESSION: &str = "session";
/// What is sealed: a login under way.
const AWAY: &str = "away";

/// The login, as the gate asks it.
pub struct BrowserLogin {
    settings: LoginSettings,
    /// Where browsers find the service.
    origin: Url,
    /// The origins whose pages may change something.
    origins: Vec<String>,
    cookies: Cookies,
    provider: Provider,
    kept: Arc<Kept>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

impl BrowserLogin {
    /// A login for the service that browsers know by the origin of `public_url`. The provider is not asked yet.
    ///
    /// # Errors
    ///
    /// A setting cannot be used; the secret or the key cannot be read.
    pub async fn new(
        settings: LoginSettings,
        public_url: &Url,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LoginError> {
        let kept = Kept::open(settings.key_file.as_deref(), clock.now())?;
        let origin = settings::origin_of(public_url)?;
        Self::with(settings, origin, Arc::new(kept), transport, clock).await
    }

    /// The same login by new settings: sessions go on where they still may.
    ///
    /// # Errors
    ///
    /// As [`BrowserLogin::new`].
    pub async fn renewed(&self, settings: LoginSettings) -> Result<Self, LoginError> {
        let kept = if settings.key_file == self.settings.key_file {
            self.kept.clone()
        } else {
            Arc::new(Kept::open(settings.key_file.as_deref(), self.clock.now())?)
        };
        let (transport, clock) = (self.transport.clone(), self.clock.clone());
        Self::with(settings, self.origin.clone(), kept, transport, clock).await
    }

    async fn with(
        settings: LoginSettings,
        origin: Url,
        kept: Arc<Kept>,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LoginError> {
        settings.check()?;
        let secret = match &settings.client_secret {
            Some(secret) => Some(secret.read().await?),
            None => None,
        };
        let mut callback = origin.clone();
        callback.set_path(paths::CALLBACK);
        let mut origins = settings.trusted_origins.clone();
        origins.push(origin.origin().ascii_serialization());
        Ok(Self {
            provider: Provider::new(
                &settings,
                secret,
                callback.to_string(),
                transport.clone(),
                clock.clone(),
            ),
            cookies: Cookies::new(origin.scheme() == "https"),
            settings,
            origin,
            origins,
            kept,
            transport,
            clock,
        })
    }

    /// The settings it goes by.
    pub fn settings(&self) -> &LoginSettings {
        &self.settings
    }

    /// Whether `path` is one of the login's own places.
    pub fn handles(&self, path: &str) -> bool {
        paths::ALL.contains(&path)
    }

    /// Answers at one of these places.
    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        if path == paths::BACKCHANNEL_LOGOUT && request.method() == Method::POST {
            return self.hear_of_logout(request).await;
        }
        let query = request.uri().query().unwrap_or_default().to_owned();
        let (parts, _) = request.into_parts();
        let request = Request::from_parts(parts, ());
        let visit = Visit::from(&request);
        match (path.as_str(), visit.method) {
            (paths::LOGIN, &Method::GET) => self.log_in(&visit, &query).await,
            (paths::CALLBACK, &Method::GET) => self.come_back(visit.headers, &query).await,
            (paths::LOGOUT, &Method::GET) => self.ask_to_log_out(&visit),
            (paths::LOGOUT, &Method::POST) => self.log_out(&visit).await,
            (paths::LOGGED_OUT, &Method::GET) => logout::logged_out(),
            (path, _) => not_allowed(path),
        }
    }

    /// Who comes with this request.
    pub fn visitor(&self, visit: &Visit<'_>) -> Visitor {
        let Some(session) = self.proven(visit.headers) else {
            return Visitor::Stranger;
        };
        match self.standing(&session) {
            Standing::Over | Standing::Stale => return Visitor::Stranger,
            Standing::Due if visit.is_for_a_page() => return Visitor::Due,
            Standing::Due | Standing::Fresh => {}
        }
        if visit.may_change_something() && !visit.comes_from(&self.origins) {
            return Visitor::CrossSite;
        }
        Visitor::Known(Box::new(session.identity(&self.settings)))
    }

    /// Whether a person asks for a page, and can be sent to log in.
    pub fn wants_login(&self, visit: &Visit<'_>) -> bool {
        visit.is_for_a_page()
    }

    /// Sends the browser to the provider, to come back to what it asks for now. Where a session is there that only wants a
    /// look, the person is not asked (`prompt=none`) unless they have logged out.
    pub async fn begin(&self, visit: &Visit<'_>, step_up: &StepUp) -> Response<Body> {
        let return_to = return_to::page(&self.origin, visit.target);
        self.begin_at(visit, &return_to, step_up).await
    }

    /// The refusal of a request from another site's page.
    pub fn turn_away(&self) -> Response<Body> {
        Page {
            status: StatusCode::FORBIDDEN,
            title: "Not from there",
            what: "A page of another site has sent this request in your name. It was not carried out.",
            detail: None,
            links: &[("Go on", "/")],
        }
        .respond()
    }

    /// Takes gatepass's own cookies out of what goes on to the service.
    pub fn strip(&self, headers: &mut HeaderMap) {
        cookies::strip(headers);
    }

    /// The link that begins a login: `return_to` says where it leads, `acr_values` and `max_age` what it must show, and
    /// `prompt=login` that the person is asked anew.
    async fn log_in(&self, visit: &Visit<'_>, query: &str) -> Response<Body> {
        let params = Params::parse_form(query.as_bytes()).unwrap_or_default();
        let target = params.get("return_to").unwrap_or("/");
        let return_to = return_to::page(&self.origin, target);
        let step_up = StepUp::read(&params);
        if params.get("prompt") == Some("login") {
            return self
                .send_off(visit.headers, &return_to, Asked::Anew, &step_up)
                .await;
        }
        match self.visitor(visit) {
            Visitor::Known(_) if step_up == StepUp::default() => see_other(return_to.as_str()),
            _ => self.begin_at(visit, &return_to, &step_up).await,
        }
    }

    async fn begin_at(
        &self,
        visit: &Visit<'_>,
        return_to: &Url,
        step_up: &StepUp,
    ) -> Response<Body> {
        let session = self
            .proven(visit.headers)
            .filter(|_| *step_up == StepUp::default());
        let asked = session.as_ref().map_or(Asked::Openly, Asked::Silently);
        self.send_off(visit.headers, return_to, asked, step_up)
            .await
    }

    /// The session that a request has, if it is genuine, not over, and of somebody who may still enter.
    fn proven(&self, headers: &HeaderMap) -> Option<Session> {
        let value = self.cookies.read(headers, Name::Session)?;
        let session: Session = self.open(SESSION, value)?;
        let over = self.standing(&session) == Standing::Over
            || self.kept.ended.is_over(&self.settings.issuer, &session);
        (!over && self.settings.allow.admits(&session.claims)).then_some(session)
    }

    fn standing(&self, session: &Session) -> Standing {
        let standing = session.standing(&self.settings, self.clock.now());
        match standing {
            Standing::Over => Standing::Over,
            _ if self.kept.ended.is_doubtful(session) => Standing::Stale,
            standing => standing,
        }
    }

    /// Seals something for the browser to carry; `None` where it is too much.
    fn seal(&self, what: &str, value: &impl Serialize) -> Option<String> {
        let plain = serde_json::to_vec(value).ok()?;
        let sealed = self.kept.key.seal(&self.kind(what), &plain)?;
        (sealed.len() <= MAX_VALUE).then_some(sealed)
    }

    /// Opens what was sealed for this service, this provider and this client.
    fn open<T: DeserializeOwned>(&self, what: &str, sealed: &str) -> Option<T> {
        let plain = self.kept.key.open(&self.kind(what), sealed)?;
        serde_json::from_slice(&plain).ok()
    }

    fn kind(&self, what: &str) -> String {
        let LoginSettings {
            issuer, client_id, ..
        } = &self.settings;
        format!("{what}\n{}\n{issuer}\n{client_id}", self.origin)
    }
}

impl std::fmt::Debug for BrowserLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrowserLogin")
            .field("origin", &self.origin.as_str())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

fn not_allowed(path: &str) -> Response<Body> {
    let methods = match path {
        paths::BACKCHANNEL_LOGOUT => "POST",
        paths::LOGOUT => "GET, POST",
        _ => "GET",
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
    response
}
