//! Who asked, when proxies stand in between: `X-Forwarded-For`, and `Forwarded` (RFC 7239).
//!
//! Each proxy adds at the end where the request came to it from. What stands left of the first address that is no trusted
//! proxy's may be anybody's invention.

use std::net::{IpAddr, SocketAddr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The nearest address that is no trusted proxy's, as the trusted ones tell it; `proxy` is the one that we see.
///
/// A proxy minds one of the two headers and passes on what a client writes into the other. Where they differ neither
/// counts.
pub fn nearest_client(
    headers: &HeaderMap,
    proxy: IpAddr,
    trusts: impl Fn(IpAddr) -> bool,
) -> IpAddr {
    let by = |name, node: fn(&str) -> Option<IpAddr>| {
        let hops = elements(headers, name)?;
        Some(nearest(hops.iter().map(|hop| node(hop)), proxy, &trusts))
    };
    match (by(&X_FORWARDED_FOR, address), by(&FORWARDED, of_element)) {
        (Some(one), None) | (None, Some(one)) => one,
        (Some(one), Some(other)) if one == other => one,
        _ => proxy,
    }
}

/// The elements of a header that is a list, the last one first; what is no text is one that says nothing.
///
/// A quotation mark hides no comma: one that a client left open would hide what the proxies have added.
fn elements<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<Vec<&'h str>> {
    let lines = headers.get_all(name).iter();
    let lines = lines.map(|line| line.to_str().unwrap_or_default());
    let mut elements: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
    elements.reverse();
    (!elements.is_empty()).then_some(elements)
}

/// Goes from one to the next for as long as they are trusted, and no further than they name an address.
fn nearest(
    hops: impl Iterator<Item = Option<IpAddr>>,
    proxy: IpAddr,
    trusts: impl Fn(IpAddr) -> bool,
) -> IpAddr {
    let mut nearest = proxy;
    for hop in hops {
        let Some(address) = hop else { break };
        nearest = address;
        if !trusts(address) {
            break;
        }
    }
    nearest
}

/// The `for` of an element of `Forwarded`, which has to be there once.
fn of_element(element: &str) -> Option<IpAddr> {
    let mut named = element.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then_some(value.trim())
    });
    let value = named.next().filter(|_| named.next().is_none())?;
    let quoted = value.strip_prefix('"').map(|value| value.strip_suffix('"'));
    address(quoted.unwrap_or(Some(value))?)
}

/// An address, with or without a port, an IPv6 one in brackets or not.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let alone = bare.unwrap_or(text).parse::<IpAddr>().ok();
    let address = alone.or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::nearest_client;

    /// Who is found behind the proxy 10.0.0.1, where all of 10.0.0.0/8 is trusted.
    fn found(lines: &[(&str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name: HeaderName = name.parse().expect("a name");
            headers.append(
                name,
                HeaderValue::from_bytes(value.as_bytes()).expect("a value"),
            );
        }
        let trusts = |address: IpAddr| address.to_string().starts_with("10.");
        let proxy = "10.0.0.1".parse().expect("an address");
        nearest_client(&headers, proxy, trusts).to_string()
    }

    #[test]
    fn the_right_most_that_is_not_trusted_counts() {
        const X: &str = "x-forwarded-for";
        const F: &str = "forwarded";
        for (lines, expected) in [
            (&[][..], "10.0.0.1"),
            (&[(X, "192.0.2.1")], "192.0.2.1"),
            (&[(X, "6.6.6.6, 192.0.2.1")], "192.0.2.1"),
            (&[(X, "6.6.6.6,192.0.2.1 , 10.0.0.7")], "192.0.2.1"),
            (&[(X, "6.6.6.6"), (X, "192.0.2.1")], "192.0.2.1"),
            (&[(X, "10.0.0.8, 10.0.0.7")], "10.0.0.8"),
            (&[(X, "192.0.2.1:4711")], "192.0.2.1"),
            (&[(X, "2001:db8::1")], "2001:db8::1"),
            (&[(X, "[2001:db8::1]:4711")], "2001:db8::1"),
            (&[(X, "::ffff:192.0.2.1")], "192.0.2.1"),
            (&[(F, "for=192.0.2.1")], "192.0.2.1"),
            (
                &[(
                    F,
                    "for=6.6.6.6, For=\"192.0.2.1:80\";proto=https;by=10.0.0.1",
                )],
                "192.0.2.1",
            ),
            (&[(F, "for=\"[2001:db8::1]:4711\"")], "2001:db8::1"),
            (&[(F, "for=192.0.2.1"), (X, "192.0.2.1")], "192.0.2.1"),
        ] {
            assert_eq!(found(lines), expected, "{lines:?}");
        }
    }

    /// Whoever wants to be taken for somebody else is taken for the proxy at best.
    #[test]
    fn inventions_are_not_believed() {
        const X: &str = "x-forwarded-for";
        const F: &str = "forwarded";
        for (lines, expected) in [
            (&[(X, "")][..], "10.0.0.1"),
            (&[(X, "localhost")], "10.0.0.1"),
            (&[(X, "6.6.6.6, unknown")], "10.0.0.1"),
            (&[(X, "6.6.6.6, , 10.0.0.7")], "10.0.0.7"),
            (&[(X, "6.6.6.6"), (X, "\u{fc}")], "10.0.0.1"),
            (&[(F, "for=6.6.6.6, for=_hidden")], "10.0.0.1"),
            (&[(F, "for=6.6.6.6, proto=https")], "10.0.0.1"),
            (&[(F, "for=6.6.6.6;for=7.7.7.7")], "10.0.0.1"),
            (&[(F, "for=\"6.6.6.6")], "10.0.0.1"),
            (&[(F, "for=\"6.6.6.6, for=192.0.2.1")], "192.0.2.1"),
            (&[(F, "for=\"6.6.6.6, for=192.0.2.1, for=\"")], "10.0.0.1"),
            // The proxy minds one header; the other is the client's.
            (&[(F, "for=6.6.6.6"), (X, "192.0.2.1")], "10.0.0.1"),
            (&[(X, "6.6.6.6"), (F, "for=192.0.2.1")], "10.0.0.1"),
        ] {
            assert_eq!(found(lines), expected, "{lines:?}");
        }
    }
}
