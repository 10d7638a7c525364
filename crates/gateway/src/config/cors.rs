//! The `[cors]` table of `guard.toml`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use gatepass_settings::span;
use http::HeaderName;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::ConfigError;

/// Every origin there is.
const ANY: &str = "*";
/// The longest time for which a browser need not ask again; none of them goes by a longer one.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Which pages of other origins may call the API, with a token or an API key and never with a session
/// (<https://fetch.spec.whatwg.org/#http-cors-protocol>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorsEntry {
    /// Their origins; empty leaves all of it to the API.
    pub origins: Vec<PageOrigin>,
    /// Which headers of an answer they may read, besides those that the guard needs itself.
    pub expose_headers: Vec<String>,
    /// For how long a browser need not ask again, a day at most.
    #[serde(with = "span")]
    pub max_age: Duration,
}

/// An origin, byte for byte as browsers name it in `Origin`; or `*` for every one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PageOrigin(String);

/// A text is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It is of another form.
    #[error(
        "{0:?} is no origin; expected one like \"https://app.example.com\", or \"*\" for every one"
    )]
    Form(String),
    /// It has more than an origin, or is spelt otherwise than browsers do.
    #[error("{given:?} is no origin as browsers write it; did you mean {meant:?}?")]
    Spelling {
        /// What was given.
        given: String,
        /// Which origin that is.
        meant: String,
    },
    /// It stands for several.
    #[error(
        "{0:?} is a pattern, and those are not taken; name each origin, or write \"*\" for every one"
    )]
    Pattern(String),
    /// It stands for nobody in particular.
    #[error(
        "\"null\" is said by every page that has no origin, whoever made it; serve the page at an address, and name that"
    )]
    Null,
}

impl Default for CorsEntry {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            expose_headers: Vec::new(),
            max_age: Duration::from_secs(600),
        }
    }
}

impl CorsEntry {
    /// Whether the settings make sense together, in a guard that sends requests on or in one that only answers proxies.
    pub(super) fn agree(&self, sends_on: bool) -> Result<(), ConfigError> {
        if !sends_on && !self.origins.is_empty() {
            let reason = "without an upstream no page calls anything here; have the proxies that ask answer browsers";
            return Err(ConfigError::setting("cors.origins", reason));
        }
        let wrong = |setting| move |reason: String| ConfigError::setting(setting, reason);
        self.origins_agree().map_err(wrong("cors.origins"))?;
        self.names_agree().map_err(wrong("cors.expose_headers"))?;
        if self.max_age > LONGEST {
            let reason = "expected a day at most";
            return Err(ConfigError::setting("cors.max_age", reason));
        }
        Ok(())
    }

    fn origins_agree(&self) -> Result<(), String> {
        if let Some(origin) = twice(&self.origins, PageOrigin::eq) {
            return Err(format!(
                "\"{origin}\" stands there twice; take one of them out"
            ));
        }
        match self.origins.iter().any(PageOrigin::is_any) && self.origins.len() > 1 {
            true => Err("\"*\" is every origin; take it out, or all the others".to_owned()),
            false => Ok(()),
        }
    }

    fn names_agree(&self) -> Result<(), String> {
        let names = &self.expose_headers;
        if self.origins.is_empty() && !names.is_empty() {
            return Err("nobody may read them yet; name the pages in cors.origins".to_owned());
        }
        let is_name = |name: &&String| name.parse::<HeaderName>().is_ok() && *name != ANY;
        if let Some(name) = names.iter().find(|name| !is_name(name)) {
            return Err(format!(
                "expected the names of headers, each by itself; {name:?} is none"
            ));
        }
        match twice(names, |one, other| one.eq_ignore_ascii_case(other)) {
            Some(name) => Err(format!("{name:?} stands there twice; take one of them out")),
            None => Ok(()),
        }
    }
}

/// The first of them that stands there a second time.
fn twice<T>(all: &[T], same: impl Fn(&T, &T) -> bool) -> Option<&T> {
    let mut placed = all.iter().enumerate();
    let again = placed.find(|(place, one)| all.iter().take(*place).any(|other| same(one, other)));
    again.map(|(_, one)| one)
}

impl PageOrigin {
    /// Whether it stands for every one.
    pub fn is_any(&self) -> bool {
        self.0 == ANY
    }

    /// It as it stands in `Origin`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PageOrigin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        match text {
            ANY => return Ok(Self(text.to_owned())),
            "null" => return Err(OriginError::Null),
            _ if text.contains('*') => return Err(OriginError::Pattern(text.to_owned())),
            _ => {}
        }
        let url = Url::parse(text).ok();
        let meant = url.and_then(|url| written(&url));
        match meant {
            Some(meant) if meant == text => Ok(Self(meant)),
            Some(meant) => Err(OriginError::Spelling {
                given: text.to_owned(),
                meant,
            }),
            None => Err(OriginError::Form(text.to_owned())),
        }
    }
}

/// The origin of pages at this address. Programs that are made of pages, and extensions of browsers, have schemes of their
/// own, whose origins are written in the same way.
fn written(url: &Url) -> Option<String> {
    if matches!(url.scheme(), "ws" | "wss" | "ftp" | "file") {
        return None;
    }
    let origin = url.origin();
    if origin.is_tuple() {
        return Some(origin.ascii_serialization());
    }
    let host = match url.host()? {
        Host::Domain(name) => name.to_ascii_lowercase(),
        address => address.to_string(),
    };
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    (!host.is_empty()).then(|| format!("{}://{host}{port}", url.scheme()))
}

impl fmt::Display for PageOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PageOrigin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, OriginError> {
        text.parse()
    }
}

impl From<PageOrigin> for String {
    fn from(origin: PageOrigin) -> Self {
        origin.0
    }
}
