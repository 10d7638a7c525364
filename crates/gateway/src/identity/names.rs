//! The names of headers that an API believes.
//!
//! Many programs read headers as CGI variables (RFC 3875 §4.1.18), in which `-` is `_` and case is gone; some replace
//! other signs too. So a client's `X_Gatepass_Subject` would be read as ours. Names are compared as such a program sees
//! them: without case, and with every sign that is neither letter nor digit taken for `-`.

use http::{HeaderMap, HeaderName};

/// What we set begins like this, whatever the settings say.
pub(super) const PREFIX: &str = "x-gatepass-";

/// How names begin by which other guards and proxies tell who asks.
const FOREIGN_PREFIXES: [&str; 4] = ["x-auth-request-", "x-remote-", "x-webauth-", "remote-"];

/// What other guards and proxies tell who asks by, and what makes frameworks take a request for another one than the rules
/// have seen.
const FOREIGN: [&str; 12] = [
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "x-forwarded-access-token",
    "x-original-url",
    "x-original-uri",
    "x-original-method",
    "x-rewrite-url",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Names that no client may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reserved {
    /// What we set besides what begins with [`PREFIX`], in the form of [`plain`].
    ours: Vec<String>,
    /// What somebody else may set, in that form.
    theirs: Vec<String>,
}

impl Reserved {
    /// Those that are always reserved; `ours` that we set, and `theirs` that the API believes of somebody else.
    pub(super) fn new<'a>(ours: impl Iterator<Item = &'a str>, theirs: &[String]) -> Self {
        Self {
            ours: ours.map(plain).collect(),
            theirs: theirs.iter().map(|name| plain(name)).collect(),
        }
    }

    /// Whether a header of this name would be read as one that we set.
    pub(crate) fn is_ours(&self, name: &str) -> bool {
        let name = plain(name);
        name.starts_with(PREFIX) || self.ours.contains(&name)
    }

    /// Whether a header of this name would be believed.
    pub(crate) fn has(&self, name: &str) -> bool {
        let plain = plain(name);
        self.is_ours(name)
            || FOREIGN_PREFIXES
                .iter()
                .any(|start| plain.starts_with(start))
            || FOREIGN.contains(&plain.as_str())
            || self.theirs.contains(&plain)
    }

    /// Takes them out.
    pub(crate) fn strip(&self, headers: &mut HeaderMap) {
        let names = headers.keys().filter(|name| self.has(name.as_str()));
        let names: Vec<HeaderName> = names.cloned().collect();
        for name in names {
            headers.remove(name);
        }
    }
}

/// A name as a program sees it that reads headers as variables.
fn plain(name: &str) -> String {
    let sign = |letter: char| match letter.is_ascii_alphanumeric() {
        true => letter.to_ascii_lowercase(),
        false => '-',
    };
    name.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::Reserved;

    #[test]
    fn every_spelling_that_is_read_as_ours_is_reserved() {
        let reserved = Reserved::new(["X-Who"].into_iter(), &["X-Api-Caller".to_owned()]);
        for name in [
            "X-Gatepass-Subject",
            "x-gatepass-anything",
            "X_Gatepass_Subject",
            "X-Gatepass_Subject",
            "x.gatepass.subject",
            "x~gatepass!subject",
            "X-Forwarded-User",
            "x_forwarded_email",
            "Remote_User",
            "X-Auth-Request-Email",
            "X-Original-URL",
            "X_HTTP_Method_Override",
            "X_Api_Caller",
            "X_WHO",
        ] {
            assert!(reserved.has(name), "{name}");
        }
        for name in [
            "X-Gatepass",
            "XGatepassSubject",
            "X-Forwarded-For",
            "Accept",
            "X-Api-Callers",
        ] {
            assert!(!reserved.has(name), "{name}");
        }
        assert!(reserved.is_ours("x.who") && reserved.is_ours("X_Gatepass_New"));
        assert!(!reserved.is_ours("x-api-caller") && !reserved.is_ours("x-original-uri"));
    }

    #[test]
    fn all_of_them_go_however_often_they_come() {
        let mut headers = HeaderMap::new();
        for name in ["x-gatepass-scope", "x_gatepass_scope", "accept"] {
            let name: HeaderName = name.parse().expect("a name");
            headers.append(name.clone(), HeaderValue::from_static("a"));
            headers.append(name, HeaderValue::from_static("b"));
        }
        Reserved::new([].into_iter(), &[]).strip(&mut headers);
        assert_eq!(headers.len(), 2);
        assert_eq!(headers.get_all("accept").iter().count(), 2);
    }
}
