use std::fmt;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use url::{Host, Url};

use super::details::Detail;
use super::layout::{FormAction, respond};

/// Asks whether a client may act for the person. Posts `decision=allow` or `decision=deny`, and `csrf`.
#[derive(Debug)]
pub(crate) struct ConsentPage<'a> {
    /// Where the form is posted to, a path of ours.
    pub(crate) action: &'a str,
    /// The hidden token (see [`Csrf`](crate::csrf::Csrf)).
    pub(crate) csrf: &'a str,
    /// Who asks.
    pub(crate) client_name: &'a str,
    /// Where the answer goes; the page shows its host.
    pub(crate) redirect_uri: &'a str,
    /// Who is logged in.
    pub(crate) username: &'a str,
    /// Each scope, and what it permits in a sentence that goes on after "it would be able to".
    pub(crate) scopes: &'a [(String, String)],
    /// What is asked for more exactly (RFC 9396).
    pub(crate) details: &'a [Detail],
}

impl ConsentPage<'_> {
    /// The page.
    pub(crate) fn render_page(&self) -> Response {
        let Self {
            action,
            csrf,
            client_name,
            redirect_uri,
            username,
            scopes,
            details,
        } = *self;
        let page = ConsentTemplate {
            action,
            csrf,
            client_name,
            destination: Destination::of(redirect_uri),
            username,
            scopes,
            details,
        };
        respond(StatusCode::OK, FormAction::Onward(redirect_uri), &page)
    }
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentTemplate<'a> {
    action: &'a str,
    csrf: &'a str,
    client_name: &'a str,
    destination: Destination,
    username: &'a str,
    scopes: &'a [(String, String)],
    details: &'a [Detail],
}

/// Where an answer goes, in words. The name of a client is its own choice; this is not.
#[derive(Debug, PartialEq, Eq)]
enum Destination {
    /// A web site; the host in the form that cannot be confused with another (punycode).
    Site(String),
    /// A program that listens on this computer.
    Loopback(String),
    /// An app with a scheme of its own.
    App(String),
    /// A page of ours shows the code.
    ShownHere,
}

impl Destination {
    fn of(redirect_uri: &str) -> Self {
        let Ok(url) = Url::parse(redirect_uri) else {
            return Self::ShownHere;
        };
        let Some(host) = url.host() else {
            return match url.scheme() {
                "urn" => Self::ShownHere,
                scheme => Self::App(scheme.to_owned()),
            };
        };
        let loopback = match &host {
            Host::Domain(name) => *name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Self::App(url.scheme().to_owned());
        }
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_string(),
        };
        if loopback {
            Self::Loopback(authority)
        } else {
            Self::Site(authority)
        }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site(host) => f.write_str(host),
            Self::Loopback(host) => write!(f, "a program on this computer ({host})"),
            Self::App(scheme) => write!(f, "an app on this device ({scheme})"),
            Self::ShownHere => f.write_str("a page here, with a code for you to copy"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Destination;

    #[test]
    fn the_destination_is_named_plainly() {
        for (redirect_uri, words) in [
            ("https://app.example/cb", "app.example"),
            ("https://app.example:8443/cb", "app.example:8443"),
            ("https://app.example@evil.example/cb", "evil.example"),
            ("https://xn--pple-43d.com/", "xn--pple-43d.com"),
            ("https://\u{430}pple.com/", "xn--pple-43d.com"),
            (
                "http://localhost:8000/callback",
                "a program on this computer (localhost:8000)",
            ),
            ("http://[::1]:7/", "a program on this computer ([::1]:7)"),
            (
                "com.example.app:/cb",
                "an app on this device (com.example.app)",
            ),
            ("myapp://host/cb", "an app on this device (myapp)"),
            (
                "urn:ietf:wg:oauth:2.0:oob",
                "a page here, with a code for you to copy",
            ),
        ] {
            assert_eq!(Destination::of(redirect_uri).to_string(), words);
        }
    }
}
