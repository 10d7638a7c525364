//! Whom a request comes from, as the upstream is told: `Forwarded` (RFC 7239) and `X-Forwarded-*`.

use std::net::IpAddr;

use http::header::FORWARDED;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::hop::tokens;
use super::telling;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// More proxies than this do not stand in a row.
const LONGEST: usize = 32;

/// Whom a request comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The other end of the connection that the request came by, if it has an address.
    pub address: Option<IpAddr>,
    /// `http` or `https`: how it came.
    pub scheme: &'static str,
    /// The host that it asked for, with the port where it named one.
    pub host: Option<String>,
    /// Whether that other end is a proxy that is believed: what it says of those behind it is passed on, with its own
    /// address at the end. Of anybody else it is dropped.
    pub trusted: bool,
}

/// What is told.
struct Story {
    /// The addresses that the request came by, the client's first.
    hops: Vec<String>,
    scheme: String,
    host: Option<String>,
}

/// Takes away what a request says of whom it comes from; with a client, writes it anew.
pub(super) fn rewrite(headers: &mut HeaderMap, client: Option<&Client>) {
    let story = client.map(|client| Story::of(client, headers));
    telling::forget(headers);
    if let Some(story) = story {
        story.tell(headers);
    }
}

impl Story {
    fn of(client: &Client, headers: &HeaderMap) -> Self {
        let mut story = Self {
            hops: Vec::new(),
            scheme: client.scheme.to_owned(),
            host: client.host.as_deref().and_then(authority),
        };
        if client.trusted {
            story.continued(headers);
        }
        let address = client.address.map(|own| own.to_canonical().to_string());
        story
            .hops
            .push(address.unwrap_or_else(|| "unknown".to_owned()));
        story
    }

    /// Begins with what a proxy says.
    ///
    /// It minds one of the two headers and passes on what a client writes into the other. Where they differ neither
    /// counts.
    fn continued(&mut self, headers: &HeaderMap) {
        let listed = headers
            .contains_key(FOR)
            .then(|| hops(tokens(headers, &FOR)));
        let standard = headers.contains_key(FORWARDED).then(|| {
            let elements = tokens(headers, &FORWARDED);
            hops(elements.map(|element| member(element, "for").unwrap_or_default()))
        });
        let (known, is_standard) = match (listed, standard) {
            (Some(listed), None) => (listed, false),
            (None, Some(standard)) => (standard, true),
            (Some(listed), Some(standard)) if listed == standard => (listed, false),
            _ => (None, false),
        };
        let Some(known) = known else { return };
        self.hops = known;
        let first = tokens(headers, &FORWARDED).next().filter(|_| is_standard);
        let said = |name: &HeaderName, of: &str| match first {
            Some(element) => member(element, of),
            None => only(headers, name),
        };
        if let Some(scheme) = said(&PROTO, "proto")
            && let Some(scheme) = ["http", "https"]
                .into_iter()
                .find(|own| own.eq_ignore_ascii_case(scheme))
        {
            self.scheme = scheme.to_owned();
        }
        if let Some(host) = said(&HOST, "host").and_then(authority) {
            self.host = Some(host);
        }
    }

    fn tell(self, headers: &mut HeaderMap) {
        let mut elements: Vec<String> = self
            .hops
            .iter()
            .map(|hop| format!("for={}", node(hop)))
            .collect();
        if let Some(first) = elements.first_mut() {
            if let Some(host) = &self.host {
                first.push_str(&format!(";host=\"{host}\""));
            }
            first.push_str(&format!(";proto={}", self.scheme));
        }
        let mut set = |name: HeaderName, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        set(FORWARDED, elements.join(", "));
        set(FOR, self.hops.join(", "));
        set(PROTO, self.scheme);
        if let Some(host) = self.host {
            set(HOST, host);
        }
    }
}

/// The addresses of a list; none of it is believed when one element is no address.
fn hops<'h>(elements: impl Iterator<Item = &'h str>) -> Option<Vec<String>> {
    let mut hops = Vec::new();
    for element in elements {
        if hops.len() == LONGEST {
            return None;
        }
        hops.push(address(element)?.to_string());
    }
    Some(hops)
}

/// An address, with or without a port, an IPv6 one in brackets or not.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let alone = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let address = alone.or_else(|| Some(text.parse::<std::net::SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

/// A member of an element of `Forwarded`, which has to be there once.
fn member<'e>(element: &'e str, name: &str) -> Option<&'e str> {
    let mut named = element.split(';').filter_map(|pair| {
        let (own, value) = pair.split_once('=')?;
        own.trim()
            .eq_ignore_ascii_case(name)
            .then_some(value.trim())
    });
    let value = named.next().filter(|_| named.next().is_none())?;
    match value.strip_prefix('"') {
        Some(value) => value.strip_suffix('"'),
        None => Some(value),
    }
}

/// The value of a header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut lines = headers.get_all(name).iter();
    let line = lines.next().filter(|_| lines.next().is_none())?;
    line.to_str().ok().map(str::trim)
}

/// A host with or without a port, and nothing else that could mean something between quotation marks.
fn authority(text: &str) -> Option<String> {
    let authority: Authority = text.parse().ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    let text = authority.as_str();
    text.bytes().all(plain).then(|| text.to_owned())
}

/// An address as `Forwarded` writes it (RFC 7239 §6).
fn node(hop: &str) -> String {
    match hop.contains(':') {
        true => format!("\"[{hop}]\""),
        false => hop.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{Client, rewrite};

    fn client(trusted: bool) -> Client {
        Client {
            address: Some("10.0.0.1".parse().expect("an address")),
            scheme: "https",
            host: Some("api.example:8443".into()),
            trusted,
        }
    }

    /// `Forwarded` and the three others, of a request with these lines.
    fn told(lines: &[(&'static str, &str)], client: Option<&Client>) -> [Option<String>; 4] {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a value"));
        }
        rewrite(&mut headers, client);
        let kept = headers.len();
        let told = [
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
        ]
        .map(|name| {
            let value = headers.get(name)?;
            Some(value.to_str().expect("text").to_owned())
        });
        assert_eq!(kept, told.iter().flatten().count(), "{headers:?}");
        told
    }

    fn some(told: [&str; 4]) -> [Option<String>; 4] {
        told.map(|text| Some(text.to_owned()))
    }

    const ANEW: [&str; 4] = [
        "for=10.0.0.1;host=\"api.example:8443\";proto=https",
        "10.0.0.1",
        "api.example:8443",
        "https",
    ];

    #[test]
    fn nobody_tells_stories_of_themselves() {
        let lines = [
            ("forwarded", "for=6.6.6.6;proto=http"),
            ("x-forwarded-for", "6.6.6.6"),
            ("x_forwarded_for", "6.6.6.6"),
            ("x-forwarded_proto", "http"),
            ("x-forwarded-port", "1"),
            ("x.real.ip", "6.6.6.6"),
            ("x-real-ip", "6.6.6.6"),
            ("x_real_ip", "6.6.6.6"),
        ];
        assert_eq!(told(&lines, Some(&client(false))), some(ANEW));
        assert_eq!(told(&lines, None), [const { None }; 4]);
        assert_eq!(told(&[], Some(&client(true))), some(ANEW));
        let mut who = HeaderMap::new();
        who.insert("x-forwarded-user", "ada".parse().expect("a value"));
        rewrite(&mut who, Some(&client(false)));
        assert_eq!(
            who["x-forwarded-user"], "ada",
            "whoever sets it answers for it"
        );
    }

    #[test]
    fn what_a_trusted_proxy_says_is_continued() {
        let lines = [
            ("x-forwarded-for", "192.0.2.1, 2001:db8::1"),
            ("x-forwarded-host", "www.example"),
            ("x-forwarded-proto", "HTTP"),
        ];
        let expected = [
            "for=192.0.2.1;host=\"www.example\";proto=http, for=\"[2001:db8::1]\", for=10.0.0.1",
            "192.0.2.1, 2001:db8::1, 10.0.0.1",
            "www.example",
            "http",
        ];
        assert_eq!(told(&lines, Some(&client(true))), some(expected));
        let standard = (
            "forwarded",
            "for=192.0.2.1;host=www.example;proto=http, for=\"[2001:db8::1]:80\"",
        );
        assert_eq!(told(&[standard], Some(&client(true))), some(expected));
        let both = [lines.as_slice(), &[standard]].concat();
        assert_eq!(told(&both, Some(&client(true))), some(expected));
    }

    #[test]
    fn what_it_cannot_have_said_is_not() {
        for lines in [
            &[
                ("x-forwarded-for", "6.6.6.6"),
                ("forwarded", "for=192.0.2.1"),
            ][..],
            &[("x-forwarded-for", "6.6.6.6, unknown")],
            &[("x-forwarded-for", "6.6.6.6;for=x")],
            &[("x-forwarded-for", &"6.6.6.6,".repeat(40))],
            &[("forwarded", "for=6.6.6.6;for=7.7.7.7")],
            &[("forwarded", "for=\"6.6.6.6")],
            &[("x-forwarded-host", "evil.example")],
        ] {
            assert_eq!(told(lines, Some(&client(true))), some(ANEW), "{lines:?}");
        }
        let odd = [
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-host", "a\";for=x"),
            ("x-forwarded-proto", "gopher"),
        ];
        let [_, _, host, scheme] = told(&odd, Some(&client(true)));
        assert_eq!(
            (host.as_deref(), scheme.as_deref()),
            (Some("api.example:8443"), Some("https"))
        );
    }
}
