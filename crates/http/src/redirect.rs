//! What a redirect makes of a request (RFC 9110 §15.4). Pure; the loop is in `resource.rs`.

use http::header::{self, HeaderMap, HeaderName};
use http::{Method, StatusCode};
use url::Url;

use crate::{ResourceError, check_url, is_loopback_host};

/// The headers that go along to another origin. It is a list of what may, not of what may not: any other
/// header can be somebody's credential (`X-API-Key`, `DPoP`, `Private-Token` …).
const HARMLESS: [HeaderName; 14] = [
    header::ACCEPT,
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CACHE_CONTROL,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::PRAGMA,
    header::RANGE,
    header::USER_AGENT,
];

/// The headers that speak of the body.
const OF_THE_BODY: [HeaderName; 6] = [
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LENGTH,
    header::CONTENT_LOCATION,
    header::CONTENT_TYPE,
    header::TRANSFER_ENCODING,
];

/// Where an answer points, if it is a redirect that is followed.
pub(crate) fn target(
    from: &Url,
    status: StatusCode,
    headers: &HeaderMap,
) -> Result<Option<Url>, ResourceError> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = headers.get(header::LOCATION) else {
        return Ok(None);
    };
    let location = std::str::from_utf8(location.as_bytes()).map_err(|_| ResourceError::Location)?;
    let mut to = from.join(location).map_err(|_| ResourceError::Location)?;
    if to.fragment().is_none() {
        to.set_fragment(from.fragment());
    }
    if from.scheme() == "https" && to.scheme() != "https" {
        return Err(ResourceError::Downgrade);
    }
    check_url(&to).map_err(ResourceError::Redirect)?;
    let local = |url: &Url| url.host().is_some_and(|host| is_loopback_host(&host));
    if local(&to) && !local(from) {
        return Err(ResourceError::ToThisMachine);
    }
    Ok(Some(to))
}

/// Whether the redirect turns the request into a GET without a body: 303 always, 301 and 302 a POST, as every
/// browser does (RFC 9110 §15.4.2, §15.4.3, §15.4.4).
pub(crate) fn becomes_get(status: StatusCode, method: &Method) -> bool {
    match status {
        StatusCode::SEE_OTHER => method != Method::HEAD && method != Method::GET,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => method == Method::POST,
        _ => false,
    }
}

/// Takes away what the next request must not have.
pub(crate) fn trim(headers: &mut HeaderMap, from: &Url, to: &Url, without_body: bool) {
    headers.remove(header::HOST);
    if without_body {
        for name in &OF_THE_BODY {
            headers.remove(name);
        }
    }
    if from.origin() != to.origin() {
        estrange(headers);
    }
}

/// Leaves what anybody may see.
pub(crate) fn estrange(headers: &mut HeaderMap) {
    let gone: Vec<HeaderName> = headers
        .iter()
        .filter(|(name, value)| !HARMLESS.contains(name) || value.is_sensitive())
        .map(|(name, _)| name.clone())
        .collect();
    for name in gone {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::header::{HeaderMap, HeaderValue, LOCATION};
    use http::{Method, StatusCode};
    use url::Url;

    use super::{becomes_get, target, trim};
    use crate::ResourceError;

    fn url(text: &str) -> Url {
        text.parse().expect(text)
    }

    fn to(from: &str, location: &str) -> Result<Option<Url>, ResourceError> {
        let mut headers = HeaderMap::new();
        headers.insert(
            LOCATION,
            HeaderValue::from_bytes(location.as_bytes()).expect("a header"),
        );
        target(&url(from), StatusCode::FOUND, &headers)
    }

    #[test]
    fn relative_and_absolute_locations_are_resolved() {
        assert_eq!(
            to("https://a.example/x/y", "../z?q").expect("ok"),
            Some(url("https://a.example/z?q"))
        );
        assert_eq!(
            to("https://a.example/x", "//b.example/").expect("ok"),
            Some(url("https://b.example/"))
        );
        assert_eq!(
            to("http://localhost/x", "https://b.example/").expect("ok"),
            Some(url("https://b.example/"))
        );
    }

    #[test]
    fn dangerous_locations_are_refused() {
        assert!(matches!(
            to("https://a.example/", "http://a.example/"),
            Err(ResourceError::Downgrade)
        ));
        assert!(matches!(
            to("https://a.example/", "http://127.0.0.1/"),
            Err(ResourceError::Downgrade)
        ));
        assert!(matches!(
            to("https://a.example/", "file:///etc/passwd"),
            Err(ResourceError::Downgrade)
        ));
        assert!(matches!(
            to("https://a.example/", "https://localhost/"),
            Err(ResourceError::ToThisMachine)
        ));
        assert!(matches!(
            to("https://a.example/", "https://me:pw@b.example/"),
            Err(ResourceError::Redirect(_))
        ));
        assert!(matches!(
            to("http://localhost/", "http://b.example/"),
            Err(ResourceError::Redirect(_))
        ));
        assert!(matches!(
            to("https://a.example/", "https://"),
            Err(ResourceError::Location)
        ));
    }

    #[test]
    fn other_answers_are_no_redirects() {
        for status in [200, 300, 304, 305, 306, 401] {
            let mut headers = HeaderMap::new();
            headers.insert(LOCATION, HeaderValue::from_static("https://b.example/"));
            let status = StatusCode::from_u16(status).expect("a status");
            assert!(
                matches!(
                    target(&url("https://a.example/"), status, &headers),
                    Ok(None)
                ),
                "{status}"
            );
        }
        assert!(matches!(
            target(
                &url("https://a.example/"),
                StatusCode::FOUND,
                &HeaderMap::new()
            ),
            Ok(None)
        ));
    }

    #[test]
    fn methods_change_as_browsers_change_them() {
        for (status, method, get) in [
            (301, Method::POST, true),
            (302, Method::POST, true),
            (302, Method::PUT, false),
            (302, Method::HEAD, false),
            (303, Method::POST, true),
            (303, Method::DELETE, true),
            (303, Method::HEAD, false),
            (307, Method::POST, false),
            (308, Method::POST, false),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(becomes_get(status, &method), get, "{status} {method}");
        }
    }

    #[test]
    fn only_harmless_headers_reach_another_origin() {
        let mut full = HeaderMap::new();
        for name in [
            "authorization",
            "cookie",
            "proxy-authorization",
            "x-api-key",
            "dpop",
            "private-token",
            "accept",
            "content-type",
            "host",
        ] {
            full.insert(name, HeaderValue::from_static("x"));
        }
        let mut secret = HeaderValue::from_static("x");
        secret.set_sensitive(true);
        full.insert("user-agent", secret);
        let from = url("https://a.example/");

        let mut same = full.clone();
        trim(&mut same, &from, &url("https://a.example:443/y"), false);
        assert_eq!(same.len(), full.len() - 1, "only Host goes");

        for other in [
            "https://b.example/",
            "https://a.example:444/",
            "https://x.a.example/",
        ] {
            let mut headers = full.clone();
            trim(&mut headers, &from, &url(other), false);
            let mut left: Vec<&str> = headers.keys().map(http::HeaderName::as_str).collect();
            left.sort_unstable();
            assert_eq!(left, ["accept", "content-type"], "{other}");
            trim(&mut headers, &from, &url(other), true);
            assert_eq!(headers.len(), 1);
        }
    }
}
