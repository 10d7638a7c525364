use std::fmt;
use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_proto::decide::record::Client;
use url::{Host, Url};

use super::details::Detail;
use super::layout::{FormAction, respond};
use super::span::in_words;

/// Asks whether a client may act for the person. Posts `decision=allow` or `decision=deny`, and `csrf`.
#[derive(Debug)]
pub(crate) struct ConsentPage<'a> {
    /// Where the form is posted to, a path of ours.
    pub(crate) action: &'a str,
    /// The hidden token (see [`Csrf`](crate::csrf::Csrf)).
    pub(crate) csrf: &'a str,
    /// Who asks.
    pub(crate) client_name: &'a str,
    /// Where the client comes from.
    pub(crate) origin: Origin,
    /// Where the answer goes; the page shows its host.
    pub(crate) redirect_uri: &'a str,
    /// Who is logged in.
    pub(crate) username: &'a str,
    /// For how long it would be at most.
    pub(crate) lasts: Duration,
    /// Each scope, and what it permits in a sentence that goes on after "it would be able to".
    pub(crate) scopes: &'a [(String, String)],
    /// What is asked for more exactly (RFC 9396).
    pub(crate) details: &'a [Detail],
    /// What the client wants to have read.
    pub(crate) links: &'a [Link<'a>],
}

/// A document of the client's own (OpenID Connect Registration 1.0 §2). Its logo is not shown: nothing of a third party's
/// is on our pages (RFC 9700 §4.2.4).
#[derive(Debug)]
pub(crate) struct Link<'a> {
    text: &'static str,
    uri: &'a str,
}

impl<'a> Link<'a> {
    /// Those of this client, on the web.
    pub(crate) fn all(details: &'a ClientDetails) -> Vec<Self> {
        let named = [
            ("Privacy policy", &details.policy_uri),
            ("Terms of service", &details.tos_uri),
        ];
        let named = named.into_iter().filter_map(|(text, uri)| {
            let uri = uri.as_deref()?;
            Some(Self { text, uri })
        });
        named
            .filter(|link| link.uri.starts_with("https://"))
            .collect()
    }
}

/// Where a client comes from: who answers for what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An operator of this server has registered it.
    Operator,
    /// It has registered itself.
    Itself,
    /// It is not registered: this host says what it is.
    Host(String),
}

impl Origin {
    /// Where this client comes from.
    pub(crate) fn of(client: &Client) -> Self {
        let details = &client.details;
        match client.client_id.host().filter(|_| details.described) {
            Some(host) => Self::Host(host),
            None if details.registration_access_token.is_some() => Self::Itself,
            None => Self::Operator,
        }
    }

    fn host(&self) -> Option<&str> {
        match self {
            Self::Host(host) => Some(host),
            Self::Operator | Self::Itself => None,
        }
    }
}

impl ConsentPage<'_> {
    /// The page.
    pub(crate) fn render_page(&self) -> Response {
        let Self {
            action,
            csrf,
            client_name,
            ref origin,
            redirect_uri,
            username,
            lasts,
            scopes,
            details,
            links,
        } = *self;
        let destination = Destination::of(redirect_uri);
        let page = ConsentTemplate {
            action,
            csrf,
            client_name,
            host: origin.host(),
            any_program: *origin != Origin::Operator && destination.is_any_program(),
            destination,
            username,
            lasts: in_words(lasts),
            scopes,
            details,
            links,
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
    /// The host that answers for the client, where it is not registered here.
    host: Option<&'a str>,
    /// Whether any program on this computer could be the one that asks.
    any_program: bool,
    destination: Destination,
    username: &'a str,
    lasts: String,
    scopes: &'a [(String, String)],
    details: &'a [Detail],
    links: &'a [Link<'a>],
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

    /// Whether whoever runs a program on this computer could get the answer (RFC 8252 §8.6): nobody owns a port, or a scheme.
    fn is_any_program(&self) -> bool {
        matches!(self, Self::Loopback(_) | Self::App(_))
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
