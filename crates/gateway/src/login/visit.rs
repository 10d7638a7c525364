//! A request as far as the login looks at it.

use gatepass_guard::Identity;
use gatepass_proto::Params;
use http::header::{ACCEPT, AUTHORIZATION, ORIGIN, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};

/// <https://www.w3.org/TR/fetch-metadata/>
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
/// Why a page is fetched that nobody looks at yet.
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
/// How scripts of old say that they are some.
const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// A request as far as the login looks at it. For forward-auth it is made of the request that is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its path and query.
    pub target: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
}

/// Who comes with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visitor {
    /// Somebody with a session.
    Known(Box<Identity>),
    /// Somebody with a session that wants a look at the provider, who asks for a page: [`begin`](super::BrowserLogin::begin).
    Due,
    /// Somebody without a session.
    Stranger,
    /// A session's cookie with a request from another site's page: [`turn_away`](super::BrowserLogin::turn_away).
    CrossSite,
}

/// What a login must show besides, where a rule requires it (RFC 9470).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepUp {
    /// `acr_values`, any of which will do.
    pub acr_values: Vec<String>,
    /// `max_age`, in seconds.
    pub max_age: Option<u64>,
}

impl<'a, B> From<&'a Request<B>> for Visit<'a> {
    fn from(request: &'a Request<B>) -> Self {
        let target = request.uri().path_and_query();
        Self {
            method: request.method(),
            target: target.map_or("/", |target| target.as_str()),
            headers: request.headers(),
        }
    }
}

impl StepUp {
    /// As the parameters of an authorization request say it.
    pub(super) fn read(params: &Params) -> Self {
        let values = params.get("acr_values").unwrap_or_default();
        Self {
            acr_values: values.split_ascii_whitespace().map(str::to_owned).collect(),
            max_age: params.get("max_age").and_then(|text| text.parse().ok()),
        }
    }
}

impl Visit<'_> {
    /// Whether a browser asks for a page to show, so that it can be sent elsewhere first. Scripts, images and the like
    /// cannot, and a page that is fetched in case somebody might want it should not.
    pub(super) fn is_for_a_page(&self) -> bool {
        let says = |name: &HeaderName, what: &str| {
            let value = self.headers.get(name).and_then(|value| value.to_str().ok());
            value.is_some_and(|value| value.to_ascii_lowercase().contains(what))
        };
        let navigates = match self.headers.get(SEC_FETCH_MODE) {
            Some(mode) => mode == "navigate",
            None => !says(&X_REQUESTED_WITH, "xmlhttprequest"),
        };
        self.method == Method::GET
            && navigates
            && says(&ACCEPT, "text/html")
            && !says(&SEC_PURPOSE, "prefetch")
            && !self.headers.contains_key(AUTHORIZATION)
            && !self.headers.contains_key(UPGRADE)
    }

    /// Whether the request may change something, so that it matters whose page it comes from. A WebSocket is opened with
    /// a GET, and is not held back by what else keeps origins apart.
    pub(crate) fn may_change_something(&self) -> bool {
        let reads = matches!(*self.method, Method::GET | Method::HEAD | Method::OPTIONS);
        !reads || self.headers.contains_key(UPGRADE)
    }

    /// Whether the browser says that the request comes from a page of one of these origins. One that says nothing of it
    /// is not believed: browsers name the origin of whatever may change something.
    pub(crate) fn comes_from(&self, origins: &[String]) -> bool {
        let mut named = self.headers.get_all(ORIGIN).iter();
        let origin = named.next();
        if named.next().is_some() {
            return false;
        }
        if let Some(origin) = origin {
            return origins
                .iter()
                .any(|own| origin.as_bytes() == own.as_bytes());
        }
        let mut sites = self.headers.get_all(SEC_FETCH_SITE).iter();
        let site = sites.next().map(HeaderValue::as_bytes);
        sites.next().is_none() && matches!(site, Some(b"same-origin" | b"none"))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method};

    use super::Visit;

    const OURS: &str = "https://app.example";

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        pairs.iter().map(pair).collect()
    }

    fn visit<'a>(method: &'a Method, headers: &'a HeaderMap) -> Visit<'a> {
        Visit {
            method,
            target: "/",
            headers,
        }
    }

    #[test]
    fn a_page_is_what_a_browser_navigates_to() {
        let html = ("accept", "text/html,application/xhtml+xml;q=0.9");
        for (pairs, page) in [
            (&[html][..], true),
            (&[html, ("sec-fetch-mode", "navigate")], true),
            (&[], false),
            (&[("accept", "*/*")], false),
            (&[html, ("sec-fetch-mode", "cors")], false),
            (&[html, ("x-requested-with", "XMLHttpRequest")], false),
            (&[html, ("sec-purpose", "prefetch;prerender")], false),
            (&[html, ("authorization", "Bearer x")], false),
            (&[html, ("upgrade", "websocket")], false),
        ] {
            let headers = headers(pairs);
            assert_eq!(
                visit(&Method::GET, &headers).is_for_a_page(),
                page,
                "{pairs:?}"
            );
            assert!(!visit(&Method::POST, &headers).is_for_a_page());
        }
    }

    #[test]
    fn only_our_own_pages_are_believed() {
        let origins = [OURS.to_owned(), "https://trusted.example".to_owned()];
        for (pairs, ours) in [
            (&[("origin", OURS)][..], true),
            (
                &[
                    ("origin", "https://trusted.example"),
                    ("sec-fetch-site", "same-site"),
                ],
                true,
            ),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[], false),
            (&[("origin", "null")], false),
            (&[("origin", "https://evil.example")], false),
            (
                &[
                    ("origin", "https://evil.example"),
                    ("sec-fetch-site", "same-origin"),
                ],
                false,
            ),
            (&[("origin", "http://app.example")], false),
            (&[("origin", "https://app.example.evil.example")], false),
            (
                &[("origin", OURS), ("origin", "https://evil.example")],
                false,
            ),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (
                &[
                    ("sec-fetch-site", "same-origin"),
                    ("sec-fetch-site", "cross-site"),
                ],
                false,
            ),
        ] {
            let mut sent = HeaderMap::new();
            for (name, value) in pairs {
                sent.append(*name, HeaderValue::from_static(value));
            }
            assert_eq!(
                visit(&Method::POST, &sent).comes_from(&origins),
                ours,
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn what_reads_may_come_from_anywhere_but_for_a_websocket() {
        let none = HeaderMap::new();
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert!(!visit(&method, &none).may_change_something());
        }
        for method in [Method::POST, Method::DELETE, Method::TRACE] {
            assert!(visit(&method, &none).may_change_something());
        }
        let upgrade = headers(&[("upgrade", "websocket")]);
        assert!(visit(&Method::GET, &upgrade).may_change_something());
    }
}
