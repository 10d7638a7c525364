//! The login's cookies: one for the session, and one for each login under way.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// The most bytes of `Cookie` headers that are looked at. Behind `localhost` other programs' cookies arrive too, for
/// cookies know no ports.
const MAX_HEADERS: usize = 32 * 1024;
/// The longest value of ours, in bytes: with its name a cookie stays below 2 KB.
pub(super) const MAX_VALUE: usize = 1900;
/// What the names of all cookies of gatepass begin with, those of a server at the same address among them.
const FAMILY: &[u8] = b"gatepass";
/// With this prefix (RFC 6265bis §4.1.3.2) a neighbouring host cannot plant a cookie of our name; browsers take it with
/// `Secure` only.
const HOST: &str = "__Host-";

/// How the cookies are called and set.
///
/// `SameSite=Lax` lets them come along when the provider sends the browser back, but not with what another site posts.
/// The session's ends with the browser; what is in it has an end of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cookies {
    secure: bool,
}

/// One of our cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name<'a> {
    /// The session's.
    Session,
    /// That of a login under way, by what tells it from the others.
    Away(&'a str),
}

impl Cookies {
    /// The cookies of a service that browsers reach over TLS, or over plain http on loopback.
    pub(super) const fn new(secure: bool) -> Self {
        Self { secure }
    }

    /// The value of a cookie. `None` when it is missing, oversized or not plain ASCII, and also when it comes more than
    /// once: then someone else has planted one of them, and there is no telling which.
    pub(super) fn read<'h>(&self, headers: &'h HeaderMap, name: Name<'_>) -> Option<&'h str> {
        let name = self.name(name);
        let mut values = pairs(headers)?.filter(|(own, _)| *own == name.as_bytes());
        let (_, value) = values.next()?;
        if values.next().is_some() {
            return None;
        }
        readable(value)
    }

    /// The logins under way: what tells each from the others, and its value, if that can be read.
    pub(super) fn away<'h>(&self, headers: &'h HeaderMap) -> Vec<(&'h str, Option<&'h str>)> {
        let prefix = self.name(Name::Away(""));
        let all = pairs(headers).into_iter().flatten();
        let ours = all.filter_map(|(name, value)| {
            let tag = name.strip_prefix(prefix.as_bytes())?;
            Some((readable(tag)?, readable(value)))
        });
        ours.collect()
    }

    /// `Set-Cookie` with a value of ours, for so many seconds or until the browser is closed.
    pub(super) fn set(&self, name: Name<'_>, value: &str, seconds: Option<u64>) -> HeaderValue {
        let lifetime = seconds.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
        let (name, secure) = (self.name(name), if self.secure { "; Secure" } else { "" });
        let line = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{lifetime}");
        let mut header = HeaderValue::try_from(line).unwrap_or(HeaderValue::from_static(""));
        header.set_sensitive(true);
        header
    }

    /// `Set-Cookie` that makes the browser forget it.
    pub(super) fn clear(&self, name: Name<'_>) -> HeaderValue {
        self.set(name, "", Some(0))
    }

    fn name(&self, name: Name<'_>) -> String {
        let host = if self.secure { HOST } else { "" };
        match name {
            Name::Session => format!("{host}gatepass-login"),
            Name::Away(tag) => format!("{host}gatepass-away-{tag}"),
        }
    }
}

/// Takes every cookie of gatepass out, and leaves the others as they are.
pub(super) fn strip(headers: &mut HeaderMap) {
    let lines: Vec<HeaderValue> = headers.get_all(COOKIE).iter().cloned().collect();
    headers.remove(COOKIE);
    for line in lines {
        let others: Vec<&[u8]> = line
            .as_bytes()
            .split(|byte| *byte == b';')
            .filter(|pair| !pair.trim_ascii().is_empty() && !is_ours(name_of(pair)))
            .map(<[u8]>::trim_ascii)
            .collect();
        if others.is_empty() {
            continue;
        }
        if let Ok(mut kept) = HeaderValue::from_bytes(&others.join(&b"; "[..])) {
            kept.set_sensitive(line.is_sensitive());
            headers.append(COOKIE, kept);
        }
    }
}

/// `gatepass`, or that and a dash, with the prefix or without.
fn is_ours(name: &[u8]) -> bool {
    let name = name.strip_prefix(HOST.as_bytes()).unwrap_or(name);
    name.strip_prefix(FAMILY)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"-"))
}

fn name_of(pair: &[u8]) -> &[u8] {
    let name = pair.split(|byte| *byte == b'=').next();
    name.unwrap_or_default().trim_ascii()
}

/// All cookies; `None` where there is more than anybody wants to read. HTTP/2 may spread them over several lines
/// (RFC 9113 §8.2.3). The bytes are split before they are read as text, so that another program's odd cookie does not
/// hide ours.
fn pairs(headers: &HeaderMap) -> Option<impl Iterator<Item = (&[u8], &[u8])>> {
    let lines = || headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    let total: usize = lines().map(<[u8]>::len).sum();
    let all = lines().flat_map(|line| line.split(|byte| *byte == b';'));
    let pairs = all.filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair.get(..at)?, pair.get(at + 1..)?);
        Some((name.trim_ascii(), value.trim_ascii()))
    });
    (total <= MAX_HEADERS).then_some(pairs)
}

/// What only base64url has in it, and not too much of it.
fn readable(value: &[u8]) -> Option<&str> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let fits = (1..=MAX_VALUE).contains(&value.len()) && value.iter().all(plain);
    std::str::from_utf8(value).ok().filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;
    use http::{HeaderMap, HeaderValue};

    use super::{Cookies, MAX_VALUE, Name, strip};

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        let lines = lines
            .iter()
            .map(|line| HeaderValue::from_bytes(line).expect("a header"));
        lines.map(|line| (COOKIE, line)).collect()
    }

    fn session(secure: bool, lines: &[&[u8]]) -> Option<String> {
        let headers = headers(lines);
        let value = Cookies::new(secure).read(&headers, Name::Session);
        value.map(str::to_owned)
    }

    #[test]
    fn is_found_among_others() {
        let found = Some("abc".to_owned());
        assert_eq!(session(false, &[b"gatepass-login=abc"]), found);
        assert_eq!(session(false, &[b"a=1; gatepass-login=abc;b=2"]), found);
        assert_eq!(session(false, &[b"a=\xff", b"gatepass-login = abc"]), found);
        let both: &[&[u8]] = &[b"gatepass-login=no; __Host-gatepass-login=abc"];
        assert_eq!(session(true, both), found);
    }

    #[test]
    fn a_doubtful_one_counts_as_none() {
        let doubtful: [&[&[u8]]; 8] = [
            &[],
            &[b"gatepass-login"],
            &[b"gatepass-login="],
            &[b"gatepass-login=a; gatepass-login=a"],
            &[b"gatepass-login=a", b"gatepass-login=b"],
            &[b"gatepass-login=\"a\""],
            &[b"gatepass-login=a=b"],
            &[b"__Host-gatepass-login=a"],
        ];
        for lines in doubtful {
            assert_eq!(session(false, lines), None, "{lines:?}");
        }
        assert_eq!(session(true, &[b"gatepass-login=a"]), None);
        let long = |len: usize| format!("gatepass-login={}", "a".repeat(len));
        assert!(session(false, &[long(MAX_VALUE).as_bytes()]).is_some());
        assert_eq!(session(false, &[long(MAX_VALUE + 1).as_bytes()]), None);
        let flood = format!("a={}", "a".repeat(40_000));
        assert_eq!(
            session(false, &[flood.as_bytes(), b"gatepass-login=a"]),
            None
        );
    }

    #[test]
    fn logins_under_way_are_listed() {
        let headers = headers(&[
            b"gatepass-away-x=1; b=2",
            b"gatepass-away-y=\"; gatepass-login=z",
        ]);
        let away = Cookies::new(false).away(&headers);
        assert_eq!(away, [("x", Some("1")), ("y", None)]);
    }

    #[test]
    fn attributes_follow_the_transport() {
        assert_eq!(
            Cookies::new(true).set(Name::Session, "abc", None),
            "__Host-gatepass-login=abc; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            Cookies::new(false).set(Name::Away("t"), "abc", Some(600)),
            "gatepass-away-t=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=600"
        );
        let cleared = Cookies::new(false).clear(Name::Session);
        assert_eq!(
            cleared,
            "gatepass-login=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
        assert_eq!(format!("{cleared:?}"), "Sensitive");
    }

    #[test]
    fn ours_are_taken_out_and_others_stay() {
        let mut kept = headers(&[
            b"a=1; gatepass-login=x; b=\xff",
            b"__Host-gatepass=y;__Host-gatepass-away-t=z; gatepass = q",
            b"gatepassed=1;; c; gatepass-x",
        ]);
        strip(&mut kept);
        let lines: Vec<_> = kept
            .get_all(COOKIE)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        assert_eq!(lines, [&b"a=1; b=\xff"[..], b"gatepassed=1; c"]);
    }
}
