//! The credentials that a program sends by itself, which are not for the upstream.

use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName};

/// The header that a program shows this proxy's key in.
pub(super) const KEY: HeaderName = HeaderName::from_static("x-gatepass-key");

/// Headers that hold a credential; what is behind us may take `_` for `-`.
const CREDENTIALS: [HeaderName; 5] = [
    AUTHORIZATION,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("dpop"),
    KEY,
];

/// Takes them away; `keep_cookies` leaves cookies.
pub(super) fn strip(headers: &mut HeaderMap, keep_cookies: bool) {
    let own = |name: &&HeaderName| {
        let plain = name.as_str().replace('_', "-");
        let is_cookie = plain == COOKIE.as_str() && !keep_cookies;
        is_cookie || CREDENTIALS.iter().any(|own| own.as_str() == plain)
    };
    let found: Vec<HeaderName> = headers.keys().filter(own).cloned().collect();
    for name in found {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::strip;

    #[test]
    fn credentials_go_however_they_are_written() {
        let headers: HeaderMap = [
            ("authorization", "Bearer old"),
            ("proxy-authorization", "Basic eDp5"),
            ("x-api-key", "k"),
            ("x_api_key", "k"),
            ("dpop", "proof"),
            ("x-gatepass-key", "k"),
            ("cookie", "a=b"),
            ("x-api-version", "1"),
        ]
        .into_iter()
        .map(|(name, value)| {
            (
                name.parse().expect("a name"),
                value.parse().expect("a value"),
            )
        })
        .collect();
        for (keep_cookies, left) in [
            (false, &["x-api-version"][..]),
            (true, &["cookie", "x-api-version"]),
        ] {
            let mut headers = headers.clone();
            strip(&mut headers, keep_cookies);
            let mut names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
            names.sort_unstable();
            assert_eq!(names, left);
        }
    }
}
