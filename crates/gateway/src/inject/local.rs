//! Who may use a local proxy: programs on this machine, not the pages that a browser shows on it.

use std::net::SocketAddr;

use gatepass_client::Secret;
use gatepass_proto::message::credentials::Credentials;
use http::header::{AUTHORIZATION, HOST, ORIGIN, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};

use super::own::KEY;
use super::{InjectSettings, Reached};
use crate::upstream::Fault;

/// What a browser says of where a request comes from (Fetch Metadata).
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Who may use it.
pub(super) struct Local {
    /// The hosts it is asked for by; any, where that says nothing.
    hosts: Option<Vec<String>>,
    origins: Vec<String>,
    key: Option<Secret>,
}

impl Local {
    pub(super) fn new(settings: &InjectSettings) -> Self {
        let hosts = match settings.reached {
            Reached::At(address) => Some(hosts(address)),
            Reached::BySocket => None,
        };
        Self {
            hosts,
            origins: settings.allowed_origins.clone(),
            key: settings.key.clone(),
        }
    }

    /// Whether a request is served.
    pub(super) fn admit<B>(&self, request: &Request<B>) -> Result<(), Fault> {
        self.check_host(request)?;
        self.check_origin(request.headers())?;
        self.check_key(request.headers())
    }

    /// Whether a page of this proxy's own address sends the request.
    pub(super) fn is_own_origin(&self, origin: Option<&HeaderValue>) -> bool {
        let host = origin.and_then(|origin| origin.to_str().ok()?.strip_prefix("http://"));
        host.is_some_and(|host| self.is_own_host(host))
    }

    fn is_own_host(&self, host: &str) -> bool {
        let hosts = self.hosts.iter().flatten();
        hosts.into_iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    fn check_host<B>(&self, request: &Request<B>) -> Result<(), Fault> {
        let Some(hosts) = &self.hosts else {
            return Ok(());
        };
        let mut said = request.headers().get_all(HOST).iter();
        let (host, more) = (said.next(), said.next());
        let host = host.map(|host| host.to_str().unwrap_or_default());
        let authority = request.uri().authority().map(|own| own.as_str());
        let is_own = |host: &str| self.is_own_host(host);
        let named = host.is_some() || authority.is_some();
        if named && more.is_none() && host.is_none_or(is_own) && authority.is_none_or(is_own) {
            return Ok(());
        }
        Err(Fault::new(
            StatusCode::MISDIRECTED_REQUEST,
            "invalid_request",
            format!(
                "this proxy is for one API and answers as {} only",
                hosts.join(", ")
            ),
        ))
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Fault> {
        let refused = |description: &'static str| {
            Err(Fault::new(
                StatusCode::FORBIDDEN,
                "access_denied",
                description,
            ))
        };
        let mut origins = headers.get_all(ORIGIN).iter();
        if let Some(origin) = origins.next() {
            let allowed = self
                .origins
                .iter()
                .any(|own| own.as_bytes() == origin.as_bytes());
            let own = allowed || self.is_own_origin(Some(origin));
            return match own && origins.next().is_none() {
                true => Ok(()),
                false => refused(
                    "pages of this origin may not use the proxy; allow it with --allow-origin",
                ),
            };
        }
        // A request of a page that has no `Origin`: an image, a link.
        let mut sites = headers.get_all(SITE).iter();
        match sites.all(|site| ["same-origin", "none"].iter().any(|own| site == own)) {
            true => Ok(()),
            false => refused("pages of other sites may not use the proxy"),
        }
    }

    /// Whether the key is shown in any of the places that a program can be told to put one.
    fn check_key(&self, headers: &HeaderMap) -> Result<(), Fault> {
        let Some(key) = &self.key else { return Ok(()) };
        let plain = headers
            .get_all(&KEY)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let schemes = [AUTHORIZATION, PROXY_AUTHORIZATION];
        let schemes = schemes.iter().flat_map(|name| headers.get_all(name));
        let schemes = schemes.filter_map(secret_of);
        let mut shown = plain.map(Secret::new).chain(schemes);
        if shown.any(|shown| key.ct_eq(shown.expose())) {
            return Ok(());
        }
        let description = "this proxy wants its key: in X-Gatepass-Key, or as the token or password of Authorization";
        let fault = Fault::new(StatusCode::UNAUTHORIZED, "invalid_key", description);
        Err(fault.challenging("Basic realm=\"gatepass proxy\", Bearer realm=\"gatepass proxy\""))
    }
}

/// A token, or the password of Basic.
fn secret_of(value: &HeaderValue) -> Option<Secret> {
    match Credentials::parse(value.to_str().ok()?).ok()? {
        Credentials::Bearer(token) => Some(token),
        Credentials::Basic { password, .. } => Some(password),
    }
}

/// By which hosts a program reaches an address of this machine.
fn hosts(address: SocketAddr) -> Vec<String> {
    let port = address.port();
    let names = ["127.0.0.1", "localhost", "[::1]"];
    let mut hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
    let own = address.to_string();
    if !hosts.contains(&own) {
        hosts.push(own);
    }
    if port == 80 {
        // Which a URL does not have to name.
        let bare = hosts.iter().filter_map(|host| host.strip_suffix(":80"));
        let bare: Vec<String> = bare.map(ToOwned::to_owned).collect();
        hosts.extend(bare);
    }
    hosts
}
