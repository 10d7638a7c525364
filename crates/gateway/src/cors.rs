//! Pages of other origins that call the API (<https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! Their scripts come with a token, or with nothing. `Access-Control-Allow-Credentials` is never said, and with the
//! settings in force not by the API either. So what a browser adds by itself opens nothing to them: the session is not looked
//! at, and an answer to cookies names no reader, or it could be read later, out of the browser's cache. The gate's own
//! places are not among what may be called, and the resource's metadata is for everybody.

mod preflight;

use axum::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, COOKIE, LOCATION, ORIGIN, RETRY_AFTER, UPGRADE,
    VARY, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use url::Url;

use crate::config::{Config, ConfigError, PageOrigin};
use crate::gate::refuse;
use crate::login::BrowserLogin;
use preflight::Wish;

/// What a page has to read to get in, to come again, and to keep its session with an MCP server.
const NEEDED: [HeaderName; 5] = [
    WWW_AUTHENTICATE,
    HeaderName::from_static("dpop-nonce"),
    RETRY_AFTER,
    LOCATION,
    HeaderName::from_static("mcp-session-id"),
];
/// What an API says of the matter, which does not count here. Calls into private networks are allowed to nobody.
const OF_THE_API: [HeaderName; 7] = [
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
    HeaderName::from_static("access-control-allow-private-network"),
];
const EVERYBODY: HeaderValue = HeaderValue::from_static("*");
/// What an answer depends on.
const BY_ORIGIN: HeaderValue = HeaderValue::from_static("origin");

/// Whose pages may call the API, and what they are told.
pub(crate) struct Cors {
    origins: Vec<PageOrigin>,
    /// Whether those are all there are.
    everybody: bool,
    /// Those whose pages may use a session: the service's own, and those that the login trusts.
    home: Vec<String>,
    exposed: HeaderValue,
    max_age: HeaderValue,
}

/// Who reads the answer to a request.
pub(crate) struct Reader<'a> {
    /// What goes for the request; `None` leaves its answer as it is.
    cors: Option<&'a Cors>,
    /// The origin of the page that sent it, where that may call the API.
    origin: Option<HeaderValue>,
    /// Whether the request carries what its browser may have added by itself.
    credentialed: bool,
}

impl Cors {
    /// What the settings say; `None` leaves it to the API.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Setting`].
    pub(crate) fn new(config: &Config) -> Result<Option<Self>, ConfigError> {
        let entry = &config.cors;
        if entry.origins.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            origins: entry.origins.clone(),
            everybody: entry.origins.iter().any(PageOrigin::is_any),
            home: home(config),
            exposed: exposed(&entry.expose_headers)?,
            max_age: HeaderValue::from(entry.max_age.as_secs()),
        }))
    }

    /// The origin of the page that sent a request, where that may call the API. Who names several is no browser.
    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = only(headers, &ORIGIN)?;
        let named = |own: &PageOrigin| own.as_str().as_bytes() == origin.as_bytes();
        (self.everybody || self.origins.iter().any(named)).then(|| origin.clone())
    }

    fn is_home(&self, origin: &HeaderValue) -> bool {
        self.home
            .iter()
            .any(|own| own.as_bytes() == origin.as_bytes())
    }

    /// Whether a request carries what its browser may have added by itself. A password it remembers too; a page that is
    /// named may have asked for one.
    fn credentialed(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(COOKIE) || (self.everybody && has_password(headers))
    }

    /// Says who may read an answer.
    fn name_reader(&self, headers: &mut HeaderMap, origin: &HeaderValue) {
        let reader = match self.everybody {
            true => EVERYBODY,
            false => origin.clone(),
        };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, reader);
    }
}

impl<'a> Reader<'a> {
    /// The reader of the answer to this request. WebSockets are none of this: a browser opens one without asking, and its
    /// `Origin` is for those who look at it.
    pub(crate) fn of<B>(cors: Option<&'a Cors>, request: &Request<B>) -> Self {
        let headers = request.headers();
        let cors = cors.filter(|_| !headers.contains_key(UPGRADE));
        Self {
            cors,
            origin: cors.and_then(|cors| cors.allowed(headers)),
            credentialed: cors.is_some_and(|cors| cors.credentialed(headers)),
        }
    }

    /// The answer to a browser that asks whether a page may send a request. No rule is asked: the request itself will be.
    pub(crate) fn preflight<B>(&self, request: &Request<B>) -> Option<Response<Body>> {
        let (cors, origin) = self.cors.zip(self.origin.as_ref())?;
        let asked = request.headers();
        let asks = asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if request.method() != Method::OPTIONS || !asks {
            return None;
        }
        let wish = match Wish::read(asked) {
            Ok(wish) => wish,
            Err(why) => {
                let status = StatusCode::BAD_REQUEST;
                return Some(self.told(refuse(status, "invalid_request", &why.to_string())));
            }
        };
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = StatusCode::NO_CONTENT;
        let headers = answer.headers_mut();
        wish.grant(headers);
        cors.name_reader(headers, origin);
        headers.insert(ACCESS_CONTROL_MAX_AGE, cors.max_age.clone());
        Some(answer)
    }

    /// Takes out of a request of another origin's page what its browser may have added by itself: the session, and any page's
    /// password. Where the login trusts the origin, that is what it trusts it with.
    pub(crate) fn forget_session<B>(&self, login: Option<&BrowserLogin>, request: &mut Request<B>) {
        let foreign = |(cors, origin): &(&Cors, &HeaderValue)| !cors.is_home(origin);
        let met = self.cors.zip(self.origin.as_ref()).filter(foreign);
        let Some((cors, _)) = met else {
            return;
        };
        let headers = request.headers_mut();
        if let Some(login) = login {
            login.strip(headers);
        }
        if cors.everybody && has_password(headers) {
            headers.remove(AUTHORIZATION);
        }
    }

    /// The answer as this reader gets it.
    pub(crate) fn told(&self, mut answer: Response<Body>) -> Response<Body> {
        let Some(cors) = self.cors else {
            return answer;
        };
        let headers = answer.headers_mut();
        for name in OF_THE_API {
            headers.remove(name);
        }
        if !headers.get_all(VARY).iter().any(has_origin) {
            headers.append(VARY, BY_ORIGIN);
        }
        if let Some(origin) = self.origin.as_ref().filter(|_| !self.credentialed) {
            cors.name_reader(headers, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, cors.exposed.clone());
        }
        answer
    }
}

/// What a page may read of an answer's headers, in lower case.
fn exposed(more: &[String]) -> Result<HeaderValue, ConfigError> {
    let more = more.iter().map(|name| name.to_ascii_lowercase());
    let mut names: Vec<String> = more.collect();
    names.extend(NEEDED.iter().map(HeaderName::to_string));
    names.sort_unstable();
    names.dedup();
    HeaderValue::try_from(names.join(", "))
        .map_err(|error| ConfigError::setting("cors.expose_headers", error))
}

/// The origins whose pages may use a session.
pub(crate) fn home(config: &Config) -> Vec<String> {
    let own = Url::parse(&config.public_url()).map(|url| url.origin().ascii_serialization());
    let trusted = config.login.iter().flat_map(|login| &login.trusted_origins);
    own.into_iter().chain(trusted.cloned()).collect()
}

/// Whether a request says a password (RFC 7617), well written or not.
pub(crate) fn has_password(headers: &HeaderMap) -> bool {
    let schemes = headers.get_all(AUTHORIZATION).iter();
    let mut schemes = schemes.filter_map(|value| value.as_bytes().trim_ascii().get(..5));
    schemes.any(|scheme| scheme.eq_ignore_ascii_case(b"basic"))
}

/// The header of this name, where there is one and not more.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether a `Vary` names the origin already, or everything.
fn has_origin(vary: &HeaderValue) -> bool {
    let mut words = vary
        .as_bytes()
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii);
    words.any(|word| word == b"*" || word.eq_ignore_ascii_case(ORIGIN.as_str().as_bytes()))
}
