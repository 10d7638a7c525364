//! What `--verbose` leaves out: secrets that are known, and what is one by its name.

use std::borrow::Cow;

use gatepass_client::{Attachment, Secret};
use http::{HeaderName, HeaderValue, header};
use url::{Position, Url, form_urlencoded};

/// What stands in place of a secret.
const SHOWN: &str = "[redacted]";
/// The same as JSON.
pub(super) const SHOWN_IN_JSON: &str = "\"[redacted]\"";

/// Takes secrets out of what is shown.
#[derive(Debug, Default)]
pub(super) struct Redactor {
    known: Vec<Secret>,
}

impl Redactor {
    /// Leaves this credential out from now on, however it is written.
    pub(super) fn learn(&mut self, attachment: &Attachment) {
        let credentials = attachment.value.expose().split_once(' ');
        let credentials = credentials.map_or(attachment.value.expose(), |(_, rest)| rest);
        let proof = attachment.proof.as_ref().map_or("", Secret::expose);
        for secret in [attachment.secret.expose(), credentials, proof] {
            let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            for form in [secret, &encoded] {
                if !form.is_empty() && !self.known.iter().any(|known| known.expose() == form) {
                    self.known.push(Secret::new(form));
                }
            }
        }
        // The longer one first, of which the shorter may be a part.
        self.known
            .sort_by_key(|secret| std::cmp::Reverse(secret.expose().len()));
    }

    /// The text without known secrets.
    pub(super) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.known {
            if text.contains(secret.expose()) {
                text = Cow::Owned(text.replace(secret.expose(), SHOWN));
            }
        }
        text
    }

    /// A header's value without secrets; schemes, and the names of cookies, stay.
    pub(super) fn header(&self, name: &HeaderName, value: &HeaderValue) -> String {
        let value = String::from_utf8_lossy(value.as_bytes());
        match *name {
            header::COOKIE => cookies(&value),
            header::SET_COOKIE => match value.split_once(';') {
                Some((cookie, attributes)) => format!("{};{attributes}", cookies(cookie)),
                None => cookies(&value),
            },
            header::LOCATION | header::REFERER | header::CONTENT_LOCATION => self.url(&value),
            header::AUTHORIZATION | header::PROXY_AUTHORIZATION => scheme(&value),
            _ if is_secret(name.as_str()) => scheme(&value),
            _ => self.text(&value).into_owned(),
        }
    }

    /// A URL, whole or relative, without the values of parameters that are secrets.
    pub(super) fn url(&self, text: &str) -> String {
        let text = self.text(text);
        let (address, fragment) = match text.split_once('#') {
            Some((address, _)) => (address, "#…"),
            None => (&*text, ""),
        };
        match address.split_once('?') {
            Some((path, query)) => format!("{path}?{}{fragment}", self.form(query)),
            None => format!("{address}{fragment}"),
        }
    }

    /// A form or a query without the values that are secrets by their names.
    pub(super) fn form(&self, text: &str) -> String {
        let pairs = text.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret(&decoded(name)) => format!("{name}={SHOWN}"),
            _ => self.text(pair).into_owned(),
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// The target of a request.
    pub(super) fn target(&self, url: &Url) -> String {
        self.url(&url[Position::BeforePath..Position::AfterQuery])
    }
}

/// Whether a member, a field, a parameter or a header of this name holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    const WHOLE: [&str; 14] = [
        "authorization",
        "code",
        "codeverifier",
        "cookie",
        "devicecode",
        "dpop",
        "key",
        "otp",
        "pass",
        "passwd",
        "pin",
        "pwd",
        "session",
        "sig",
    ];
    const ENDS: [&str; 10] = [
        "accesskey",
        "apikey",
        "assertion",
        "credential",
        "passphrase",
        "password",
        "privatekey",
        "secret",
        "signature",
        "token",
    ];
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    WHOLE.contains(&name.as_str()) || ENDS.iter().any(|end| name.ends_with(end))
}

fn decoded(name: &str) -> String {
    let mut pairs = form_urlencoded::parse(name.as_bytes());
    pairs
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

fn scheme(value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme, _)) => format!("{scheme} {SHOWN}"),
        None => SHOWN.to_owned(),
    }
}

fn cookies(value: &str) -> String {
    let pairs = value.split(';').map(|pair| match pair.split_once('=') {
        Some((name, _)) => format!("{name}={SHOWN}"),
        None => SHOWN.to_owned(),
    });
    pairs.collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use gatepass_client::{Attachment, Secret, Where};
    use http::{HeaderName, HeaderValue};

    use super::{Redactor, is_secret};

    fn redactor() -> Redactor {
        let mut redactor = Redactor::default();
        redactor.learn(&Attachment {
            place: Where::Header(http::header::AUTHORIZATION),
            value: Secret::new("Basic dTpodW50ZXIy"),
            secret: Secret::new("hunter 2/x"),
            proof: None,
        });
        redactor
    }

    #[test]
    fn known_secrets_are_found_however_they_are_written() {
        let told = redactor()
            .text("a hunter 2/x b hunter+2%2Fx c dTpodW50ZXIy d")
            .into_owned();
        assert_eq!(told, "a [redacted] b [redacted] c [redacted] d");
    }

    #[test]
    fn headers_keep_what_is_no_secret() {
        let told = |name: &str, value: &str| {
            redactor().header(
                &name.parse::<HeaderName>().expect("a name"),
                &HeaderValue::from_str(value).expect("a value"),
            )
        };
        assert_eq!(told("authorization", "Bearer abc"), "Bearer [redacted]");
        assert_eq!(told("x-api-key", "abc"), "[redacted]");
        assert_eq!(told("cookie", "a=1; b=2"), "a=[redacted]; b=[redacted]");
        assert_eq!(
            told("set-cookie", "sid=1; Path=/; HttpOnly"),
            "sid=[redacted]; Path=/; HttpOnly"
        );
        assert_eq!(
            told("location", "/cb?state=x&code=1#t=2"),
            "/cb?state=x&code=[redacted]#…"
        );
        assert_eq!(
            told("www-authenticate", "Bearer error=\"invalid_token\""),
            "Bearer error=\"invalid_token\""
        );
        assert_eq!(told("idempotency-key", "7"), "7");
        assert_eq!(told("x-echo", "dTpodW50ZXIy"), "[redacted]");
    }

    #[test]
    fn names_tell_of_secrets() {
        for name in [
            "password",
            "client_secret",
            "refreshToken",
            "X-Api-Key",
            "access-token",
            "code",
            "PRIVATE-TOKEN",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "token_type",
            "keyboard",
            "country_code",
            "name",
            "scope",
            "Idempotency-Key",
            "expires_in",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
