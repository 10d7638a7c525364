//! The one cookie of this server: it names the browser's session.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use gatepass_proto::Secret;

/// The most bytes of `Cookie` headers that are looked at. Behind `localhost` other programs' cookies
/// arrive too, for cookies know no ports.
const MAX_HEADERS: usize = 16 * 1024;
/// The longest value of ours that is looked at, in bytes.
const MAX_VALUE: usize = 256;

/// The session cookie's name and attributes.
///
/// `SameSite=Lax` lets the cookie come along when a client sends the browser here, which is how every
/// authorization begins, but not with a form posted from another site. It ends with the browser; the
/// session in the store has an end of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionCookie {
    name: &'static str,
    attributes: &'static str,
    cleared: &'static str,
}

impl SessionCookie {
    /// The cookie of a server that browsers reach over TLS, or over plain http on loopback.
    ///
    /// The prefix `__Host-` (RFC 6265bis §4.1.3.2) keeps a neighbouring host from planting a cookie of our
    /// name; browsers take it with `Secure` only.
    pub(crate) const fn new(tls: bool) -> Self {
        if tls {
            Self {
                name: "__Host-gatepass",
                attributes: "Path=/; HttpOnly; SameSite=Lax; Secure",
                cleared: "__Host-gatepass=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0",
            }
        } else {
            Self {
                name: "gatepass",
                attributes: "Path=/; HttpOnly; SameSite=Lax",
                cleared: "gatepass=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
            }
        }
    }

    /// Takes every cookie of this name out of a request, and leaves the others as they are.
    pub(crate) fn remove(&self, headers: &mut HeaderMap) {
        let lines: Vec<_> = headers.get_all(COOKIE).iter().cloned().collect();
        headers.remove(COOKIE);
        for line in lines {
            let others: Vec<&[u8]> = line
                .as_bytes()
                .split(|byte| *byte == b';')
                .filter(|pair| !self.is_own(pair))
                .map(<[u8]>::trim_ascii)
                .filter(|pair| !pair.is_empty())
                .collect();
            if let (false, Ok(line)) = (
                others.is_empty(),
                HeaderValue::from_bytes(&others.join(&b"; "[..])),
            ) {
                headers.append(COOKIE, line);
            }
        }
    }

    fn is_own(&self, pair: &[u8]) -> bool {
        let name = pair.split(|byte| *byte == b'=').next();
        name.is_some_and(|name| name.trim_ascii() == self.name.as_bytes())
    }

    /// The cookie's value in a request.
    ///
    /// `None` when it is missing, empty, oversized or not plain ASCII, and also when it comes more than
    /// once: then someone else has planted one of them, and there is no telling which.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Option<Secret> {
        let lines = || headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
        if lines().map(<[u8]>::len).sum::<usize>() > MAX_HEADERS {
            return None;
        }
        // HTTP/2 may spread the cookies over several lines (RFC 9113 §8.2.3). The bytes are split before
        // they are read as text, so that another program's odd cookie does not hide ours.
        let mut values = lines()
            .flat_map(|line| line.split(|byte| *byte == b';'))
            .filter_map(|pair| {
                pair.trim_ascii()
                    .strip_prefix(self.name.as_bytes())?
                    .strip_prefix(b"=")
            });
        let value = values.next()?;
        if values.next().is_some() || value.len() > MAX_VALUE || !value.iter().all(cookie_octet) {
            return None;
        }
        let text = std::str::from_utf8(value).ok()?;
        (!text.is_empty()).then(|| Secret::new(text))
    }

    /// `Set-Cookie` that gives the browser a session.
    ///
    /// A value that no cookie can carry (those of `opaque::mint` all can) clears it instead, so that
    /// nothing in it can ever pass for an attribute.
    pub(crate) fn set(&self, value: &Secret) -> HeaderValue {
        let (name, attributes) = (self.name, self.attributes);
        if !value.expose().as_bytes().iter().all(cookie_octet) {
            return self.clear();
        }
        match HeaderValue::try_from(format!("{name}={}; {attributes}", value.expose())) {
            Ok(mut header) => {
                header.set_sensitive(true);
                header
            }
            Err(_) => self.clear(),
        }
    }

    /// `Set-Cookie` that makes the browser forget its session.
    pub(crate) fn clear(&self) -> HeaderValue {
        HeaderValue::from_static(self.cleared)
    }
}

/// RFC 6265 §4.1.1 `cookie-octet`.
fn cookie_octet(byte: &u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use gatepass_proto::Secret;

    use super::SessionCookie;

    fn read(tls: bool, lines: &[&'static [u8]]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("cookie", HeaderValue::from_bytes(line).unwrap());
        }
        SessionCookie::new(tls)
            .read(&headers)
            .map(|value| value.expose().to_owned())
    }

    #[test]
    fn is_found_among_others() {
        let found = Some("abc".to_owned());
        assert_eq!(read(false, &[b"gatepass=abc"]), found);
        assert_eq!(read(false, &[b"a=1; gatepass=abc;b=2"]), found);
        assert_eq!(read(false, &[b"a=1", b"gatepass=abc"]), found);
        assert_eq!(read(false, &[b"a=\xff\xfe; gatepass=abc"]), found);
        assert_eq!(
            read(false, &[b"xgatepass=no; gatepass=abc; gatepassx=no"]),
            found
        );
        assert_eq!(read(true, &[b"gatepass=no; __Host-gatepass=abc"]), found);
    }

    #[test]
    fn a_doubtful_one_counts_as_none() {
        let doubtful: [&[&[u8]]; 10] = [
            &[],
            &[b"gatepass"],
            &[b"gatepass="],
            &[b"gatepass=a; gatepass=b"],
            &[b"gatepass=a; gatepass=a"],
            &[b"gatepass=a", b"gatepass=b"],
            &[b"gatepass=a b"],
            &[b"gatepass=\"a\""],
            &[b"gatepass=\xc3\xa4"],
            &[b"__Host-gatepass=a"],
        ];
        for lines in doubtful {
            assert_eq!(read(false, lines), None, "{lines:?}");
        }
        assert_eq!(read(true, &[b"gatepass=a"]), None);
        let long = |len: usize| &*format!("gatepass={}", "a".repeat(len)).leak();
        assert!(read(false, &[long(256).as_bytes()]).is_some());
        assert_eq!(read(false, &[long(257).as_bytes()]), None);
        let flood = format!("a={}", "a".repeat(17_000)).leak();
        assert_eq!(read(false, &[flood.as_bytes(), b"gatepass=abc"]), None);
    }

    #[test]
    fn attributes_follow_the_transport() {
        let value = Secret::new("gp_ss_x-Y_0");
        assert_eq!(
            SessionCookie::new(true).set(&value),
            "__Host-gatepass=gp_ss_x-Y_0; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            SessionCookie::new(false).set(&value),
            "gatepass=gp_ss_x-Y_0; Path=/; HttpOnly; SameSite=Lax"
        );
        for tls in [true, false] {
            let cookie = SessionCookie::new(tls);
            let expected =
                cookie.set(&Secret::new("")).to_str().unwrap().to_owned() + "; Max-Age=0";
            assert_eq!(cookie.clear(), expected.as_str());
        }
    }

    #[test]
    fn a_value_never_passes_for_an_attribute_and_never_shows() {
        let cookie = SessionCookie::new(false);
        assert_eq!(cookie.set(&Secret::new("a; Domain=b")), cookie.clear());
        assert_eq!(cookie.set(&Secret::new("a\r\nb")), cookie.clear());
        assert_eq!(format!("{:?}", cookie.set(&Secret::new("a"))), "Sensitive");
    }
}
