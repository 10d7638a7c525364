//! How each proxy says which request it asks about.

use gatepass_guard::{PeerAddr, PeerCertificate};
use http::request::Parts as Asked;
use http::{HeaderMap, Method, Request, Uri};

use super::{Question, Unclear};
use crate::config::Dialect;

impl Dialect {
    /// What the place is called where it asks.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Traefik => "traefik",
            Self::Caddy => "caddy",
            Self::Envoy => "envoy",
        }
    }
}

impl Question {
    /// The request that is asked about: its method, path and query as they stand on the wire, and its headers.
    pub(super) fn original(&self, asked: &Asked) -> Result<Request<()>, Unclear> {
        let headers = &asked.headers;
        let (method, target) = match self.dialect {
            Dialect::Nginx => (
                method(headers, "x-original-method")?,
                target(headers, "x-original-uri")?,
            ),
            Dialect::Traefik | Dialect::Caddy => (
                method(headers, "x-forwarded-method")?,
                target(headers, "x-forwarded-uri")?,
            ),
            Dialect::Envoy => (asked.method.clone(), self.behind(&asked.uri)?),
        };
        let mut original = Request::new(());
        *original.method_mut() = method;
        *original.uri_mut() = target;
        *original.headers_mut() = headers.clone();
        let known = &asked.extensions;
        let certificate = known.get::<PeerCertificate>().cloned();
        let address = known.get::<PeerAddr>().copied();
        let extensions = original.extensions_mut();
        address.map(|address| extensions.insert(address));
        certificate.map(|certificate| extensions.insert(certificate));
        Ok(original)
    }

    /// The rest of the path, with the query.
    fn behind(&self, uri: &Uri) -> Result<Uri, Unclear> {
        if self.rest.is_empty() {
            return Err(Unclear::NoPath);
        }
        let target = match uri.query() {
            Some(query) => format!("{}?{query}", self.rest),
            None => self.rest.clone(),
        };
        target.parse().map_err(|_| Unclear::NoPath)
    }
}

fn method(headers: &HeaderMap, name: &'static str) -> Result<Method, Unclear> {
    let text = single(headers, name)?;
    Method::from_bytes(text.as_bytes()).map_err(|_| Unclear::Malformed(name))
}

/// In its origin form (RFC 9112 §3.2.1). The parser would drop a fragment and read another host; neither is one.
fn target(headers: &HeaderMap, name: &'static str) -> Result<Uri, Unclear> {
    let text = single(headers, name)?;
    let plain = text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain || text.contains('#') {
        return Err(Unclear::Malformed(name));
    }
    let uri: Uri = text.parse().map_err(|_| Unclear::Malformed(name))?;
    match uri.authority() {
        None => Ok(uri),
        Some(_) => Err(Unclear::Malformed(name)),
    }
}

fn single<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, Unclear> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(Unclear::Missing(name))?;
    match values.next() {
        None => value.to_str().map_err(|_| Unclear::Malformed(name)),
        Some(_) => Err(Unclear::Twice(name)),
    }
}
