//! Which redirect URIs a client may register, and which one it may use.

use url::Url;

use crate::message::authorization::OUT_OF_BAND;

/// Why a redirect URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriFault {
    /// Not an absolute URI.
    #[error("redirect_uri must be an absolute URI")]
    NotAbsolute,
    /// RFC 3986 §2; the rest stands in no `Location`, and URL parsers disagree about it.
    #[error("redirect_uri must be ASCII without spaces and backslashes; percent-encode the rest")]
    Character,
    /// RFC 6749 §3.1.2.
    #[error("redirect_uri must not have a fragment")]
    Fragment,
    /// RFC 9700 §2.6: no clear text but on this machine.
    #[error("redirect_uri must be https; http is for 127.0.0.1, [::1] and localhost alone")]
    Scheme,
    /// A user name in the authority, which can only mislead.
    #[error("redirect_uri must not hold a user name")]
    UserInfo,
}

/// Checks a redirect URI before it is registered.
///
/// # Errors
///
/// See [`RedirectUriFault`].
pub fn check_redirect_uri(uri: &str) -> Result<(), RedirectUriFault> {
    if uri == OUT_OF_BAND {
        return Ok(());
    }
    if !uri.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
        return Err(RedirectUriFault::Character);
    }
    let url = Url::parse(uri).map_err(|_| RedirectUriFault::NotAbsolute)?;
    if url.fragment().is_some() {
        return Err(RedirectUriFault::Fragment);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(RedirectUriFault::UserInfo);
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback(uri).is_some() => Ok(()),
        // A private-use scheme is a reversed domain name (RFC 8252 §7.1), so that `javascript:` and its like
        // never pass.
        scheme if scheme.contains('.') => Ok(()),
        _ => Err(RedirectUriFault::Scheme),
    }
}

/// Whether a request may use `given` where `registered` is on the list: exactly that text, or native loopback
/// registered without a port and used with any (RFC 8252 §7.3).
pub(crate) fn matches(registered: &str, given: &str) -> bool {
    if registered == given {
        return true;
    }
    match (loopback(registered), loopback(given)) {
        (Some(registered), Some(given)) => {
            registered.port.is_none()
                && registered.host == given.host
                && registered.rest == given.rest
        }
        _ => false,
    }
}

struct Loopback<'a> {
    host: &'a str,
    port: Option<&'a str>,
    rest: &'a str,
}

/// Takes a loopback URI apart as text, so that nothing is normalised on the way.
fn loopback(uri: &str) -> Option<Loopback<'_>> {
    let after = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]", "localhost"]
        .into_iter()
        .find(|host| after.starts_with(host))?;
    let (host, after) = after.split_at_checked(host.len())?;
    let (port, rest) = match after.strip_prefix(':') {
        None => (None, after),
        Some(after) => {
            let end = after
                .bytes()
                .position(|b| !b.is_ascii_digit())
                .unwrap_or(after.len());
            let (port, rest) = after.split_at_checked(end)?;
            port.parse::<u16>().ok()?;
            (Some(port), rest)
        }
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(Loopback { host, port, rest })
}

#[cfg(test)]
mod tests {
    use super::{RedirectUriFault, check_redirect_uri, matches};

    #[test]
    fn only_the_port_of_native_loopback_varies() {
        assert!(matches("https://app.example/cb", "https://app.example/cb"));
        assert!(matches("http://127.0.0.1/cb", "http://127.0.0.1:4711/cb"));
        assert!(matches("http://[::1]/cb?x=1", "http://[::1]:4711/cb?x=1"));
        assert!(matches("http://localhost/cb", "http://localhost:1/cb"));
    }

    #[test]
    fn nearly_equal_is_not_equal() {
        let registered = "https://app.example/cb";
        for given in [
            "https://app.example/cb/",
            "https://app.example/CB",
            "https://APP.example/cb",
            "https://app.example/cb?",
            "https://app.example/cb#",
            "https://app.example:443/cb",
            "https://app.example/./cb",
            "https://app.example/cb%20",
            "https://app.example/x/../cb",
            "https://app.example.evil.example/cb",
            "https://user@app.example/cb",
            "http://app.example/cb",
            "",
        ] {
            assert!(!matches(registered, given), "{given}");
        }
        for (registered, given) in [
            ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb/"),
            ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:1@evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1@evil.example/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb"),
            ("http://127.0.0.1/cb", "https://127.0.0.1:1/cb"),
            ("http://127.0.0.1/cb", "http://localhost:1/cb"),
            ("http://localhost:8000/cb", "http://localhost:8001/cb"),
            ("https://localhost", "https://localhost:1"),
        ] {
            assert!(!matches(registered, given), "{registered} {given}");
        }
    }

    #[test]
    fn what_may_be_registered() {
        for uri in [
            "https://localhost",
            "https://app.example/cb?x=1",
            "http://127.0.0.1/cb",
            "http://localhost:8000/callback",
            "com.example.app:/cb",
            "urn:ietf:wg:oauth:2.0:oob",
        ] {
            assert_eq!(check_redirect_uri(uri), Ok(()), "{uri}");
        }
        for (uri, fault) in [
            ("/cb", RedirectUriFault::NotAbsolute),
            ("https://app.example/\u{e4}", RedirectUriFault::Character),
            ("https://app.example/cb\n", RedirectUriFault::Character),
            (" https://app.example/cb", RedirectUriFault::Character),
            ("https://app.example\\cb", RedirectUriFault::Character),
            ("https://app.example/cb#x", RedirectUriFault::Fragment),
            ("http://app.example/cb", RedirectUriFault::Scheme),
            ("http://127.0.0.1.example/cb", RedirectUriFault::Scheme),
            ("javascript:alert(1)", RedirectUriFault::Scheme),
            ("data:text/html,x", RedirectUriFault::Scheme),
            ("https://a@app.example/cb", RedirectUriFault::UserInfo),
        ] {
            assert_eq!(check_redirect_uri(uri), Err(fault), "{uri}");
        }
    }
}
