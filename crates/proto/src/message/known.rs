//! Secrets that went out in a request. A server that repeats one in its answer is not repeated by us.

use std::borrow::Cow;
use std::cmp::Reverse;

use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value};

use super::credentials::Credentials;
use crate::Secret;

/// What stands in place of a secret.
pub(super) const REDACTED: &str = "[redacted]";
/// What is shorter is no secret, and would be found everywhere, in bytes.
const MIN: usize = 3;
/// What is shorter is looked for as a word of its own, in bytes.
const LONG: usize = 8;
/// The most secrets of one conversation.
const MAX: usize = 64;

/// Secrets, to be struck out of what is shown. Printing shows none of them.
#[derive(Clone, Debug, Default)]
pub struct KnownSecrets(Vec<Secret>);

impl KnownSecrets {
    /// The secrets of a request: its credentials and proofs, and the members of its form or JSON object that are secrets
    /// by their names.
    pub fn of(request: &Request<Vec<u8>>) -> Self {
        let mut known = Self::default();
        known.learn(request);
        known
    }

    /// Adds the secrets of another request of the same conversation.
    pub fn learn(&mut self, request: &Request<Vec<u8>>) {
        let headers = request.headers();
        for name in ["authorization", "dpop"] {
            let Some(value) = headers.get(name).and_then(|value| value.to_str().ok()) else {
                continue;
            };
            self.add(value.split_once(' ').map_or(value, |(_, rest)| rest));
        }
        let basic = headers.get(AUTHORIZATION).map(|value| value.to_str());
        if let Some(Ok(text)) = basic
            && let Ok(Credentials::Basic { password, .. }) = Credentials::parse(text)
        {
            self.add(password.expose());
            // A client's secret is form-encoded in it (RFC 6749 §2.3.1).
            self.add(&decoded(password.expose()));
        }
        let kind = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
        if kind.is_some_and(|kind| kind.starts_with(b"application/json")) {
            self.learn_json(request.body());
        } else {
            self.learn_form(request.body());
        }
    }

    /// Adds a secret, and the other ways to write it.
    pub fn add(&mut self, secret: &str) {
        if secret.len() < MIN {
            return;
        }
        let form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let percent = form.replace('+', "%20");
        for text in [secret, &form, &lower(&form), &percent, &lower(&percent)] {
            let new = !self.0.iter().any(|own| own.expose() == text);
            if new && self.0.len() < MAX {
                self.0.push(Secret::new(text));
            }
        }
        // The longer one first, of which the shorter may be a part.
        self.0.sort_by_key(|own| Reverse(own.expose().len()));
    }

    /// The text without them.
    pub fn strike<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.0 {
            if let Some(struck) = struck(&text, secret.expose()) {
                text = Cow::Owned(struck);
            }
        }
        text
    }

    fn learn_form(&mut self, body: &[u8]) {
        for (_, value) in form_urlencoded::parse(body).filter(|(name, _)| is_secret(name)) {
            self.add(&value);
        }
    }

    fn learn_json(&mut self, body: &[u8]) {
        let members: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        for (_, value) in members.iter().filter(|(name, _)| is_secret(name)) {
            self.add(value.as_str().unwrap_or_default());
        }
    }
}

impl<'a> FromIterator<&'a Secret> for KnownSecrets {
    fn from_iter<I: IntoIterator<Item = &'a Secret>>(secrets: I) -> Self {
        let mut known = Self::default();
        for secret in secrets {
            known.add(secret.expose());
        }
        known
    }
}

/// Whether a parameter of this name holds a secret.
fn is_secret(name: &str) -> bool {
    const WHOLE: [&str; 8] = [
        "auth_req_id",
        "code",
        "code_verifier",
        "device_code",
        "id_token_hint",
        "login_hint_token",
        "request",
        "user_code",
    ];
    const ENDS: [&str; 4] = ["assertion", "password", "secret", "token"];
    WHOLE.contains(&name) || ENDS.iter().any(|end| name.ends_with(end))
}

/// The text without the secret; `None` when it is not in there. A short one, and one that is a plain word, is struck
/// where it stands by itself: it must not turn `authorization_pending` into something else.
fn struck(text: &str, secret: &str) -> Option<String> {
    let plain = secret.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let alone = secret.len() < LONG || plain;
    let mut out = String::new();
    let mut from = 0;
    for (at, found) in text.match_indices(secret) {
        let (before, after) = (text.get(..at)?, text.get(at + found.len()..)?);
        if alone && (goes_on(before) || after.starts_with(is_of_word)) {
            continue;
        }
        out.push_str(text.get(from..at)?);
        out.push_str(REDACTED);
        from = at + found.len();
    }
    if from == 0 {
        return None;
    }
    out.push_str(text.get(from..)?);
    Some(out)
}

/// Whether the last word of this text is not over. An escape ends it.
fn goes_on(text: &str) -> bool {
    let escape = text.len().checked_sub(3).and_then(|at| text.get(at..));
    text.ends_with(is_of_word) && !escape.is_some_and(|escape| escape.starts_with('%'))
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn decoded(text: &str) -> String {
    let form = format!("v={text}");
    let mut pairs = form_urlencoded::parse(form.as_bytes());
    pairs
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

/// The same with the escapes in small letters, as some write them.
fn lower(encoded: &str) -> String {
    let mut escape = 0;
    let small = |c: char| {
        escape = if c == '%' { 3_u8 } else { escape };
        let c = if escape > 0 {
            c.to_ascii_lowercase()
        } else {
            c
        };
        escape = escape.saturating_sub(1);
        c
    };
    encoded.chars().map(small).collect()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use proptest::prelude::*;

    use super::KnownSecrets;
    use crate::Secret;

    fn knowing(secrets: &[&str]) -> KnownSecrets {
        let secrets: Vec<Secret> = secrets.iter().map(|text| Secret::new(*text)).collect();
        secrets.iter().collect()
    }

    #[test]
    fn secrets_are_found_however_they_are_written() {
        let known = knowing(&["hunter 2/é", "hunter2", "correcthorse"]);
        for (text, shown) in [
            ("no hunter 2/é here", "no [redacted] here"),
            ("a=hunter+2%2F%C3%A9&b", "a=[redacted]&b"),
            ("a=hunter%202%2f%c3%a9", "a=[redacted]"),
            ("password%3Dhunter2", "password%3D[redacted]"),
            ("(hunter2), hunter2.", "([redacted]), [redacted]."),
            // Another word is no secret.
            ("hunter22 or the_hunter2", "hunter22 or the_hunter2"),
            ("correcthorses, correcthorse", "correcthorses, [redacted]"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(known.strike(text), shown);
        }
        let plain = knowing(&["authorization", "s", "of"]);
        for text in ["authorization_pending", "s of it"] {
            assert_eq!(plain.strike(text), text);
        }
        assert!(!format!("{known:?}").contains("hunter"));
    }

    #[test]
    fn a_request_is_searched_for_them() {
        let form =
            "grant_type=password&username=me&password=pass+1%25&client_secret=se%2Fcret&code=c0de";
        let json = r#"{"access_token":"t0ken","client_id":"me","n":1}"#;
        for (request, said, shown) in [
            (
                Request::post("/").body(form.as_bytes().to_vec()),
                "me: pass 1% se/cret c0de password",
                "me: [redacted] [redacted] [redacted] password",
            ),
            (
                Request::post("/")
                    .header("content-type", "application/json; charset=utf-8")
                    .body(json.as_bytes().to_vec()),
                "me t0ken",
                "me [redacted]",
            ),
            (
                // cl:a%2Fb
                Request::post("/")
                    .header("authorization", "Basic Y2w6YSUyRmI=")
                    .header("dpop", "p.r.f")
                    .body(Vec::new()),
                "cl, a/b, a%2fb, a%2Fb, Y2w6YSUyRmI=, p.r.f",
                "cl, [redacted], [redacted], [redacted], [redacted], [redacted]",
            ),
            (
                Request::get("/")
                    .header("authorization", "DPoP t0ken")
                    .body(Vec::new()),
                "t0ken DPoP",
                "[redacted] DPoP",
            ),
        ] {
            let known = KnownSecrets::of(&request.expect("a request"));
            assert_eq!(known.strike(said), shown);
        }
    }

    proptest! {
        #[test]
        fn none_gets_through_and_anything_is_survived(
            secret in "[!-~é ]{8,30}", before in ".{0,20}", after in ".{0,20}", body in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let plain = secret.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let known = knowing(&[&secret]);
            let text = format!("{before}{secret}{after}");
            prop_assert!(plain || !known.strike(&text).contains(&secret));
            let _ = KnownSecrets::of(&Request::new(body)).strike(&text);
        }
    }
}
