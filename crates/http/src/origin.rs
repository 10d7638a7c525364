use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{UrlError, check_url};

/// Scheme, host and port: whom a credential is for (RFC 6454).
///
/// Reading one applies [`check_url`]: https, or http to this machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

impl Origin {
    /// The origin of a URL. Nothing is checked but that it has a host; see [`check_url`].
    ///
    /// # Errors
    ///
    /// [`UrlError::NoHost`].
    pub fn of(url: &Url) -> Result<Self, UrlError> {
        match url.origin() {
            origin @ url::Origin::Tuple(..) => Ok(Self(origin.ascii_serialization())),
            url::Origin::Opaque(_) => Err(UrlError::NoHost),
        }
    }

    /// As it is written: `https://api.example`, with the port where it is not the scheme's own.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `url` is of this origin.
    pub fn covers(&self, url: &Url) -> bool {
        // Asked several times of every request, so nothing is put together for the comparison.
        let rest = self.0.strip_prefix(url.scheme());
        let rest = rest.and_then(|rest| rest.strip_prefix("://"));
        let port = rest.zip(url.host_str());
        let port = port.and_then(|(rest, host)| rest.strip_prefix(host));
        match (port, url.port()) {
            (Some(port), None) => port.is_empty(),
            (Some(own), Some(port)) => {
                own.strip_prefix(':').and_then(|own| own.parse().ok()) == Some(port)
            }
            (None, _) => false,
        }
    }
}

impl FromStr for Origin {
    type Err = UrlError;

    /// Reads an origin. A path, query or fragment is refused: it would promise a narrower rule than there is.
    fn from_str(text: &str) -> Result<Self, UrlError> {
        let url: Url = text.parse().map_err(|_| UrlError::Malformed)?;
        check_url(&url)?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(UrlError::NotAnOrigin);
        }
        Self::of(&url)
    }
}

impl TryFrom<String> for Origin {
    type Error = UrlError;

    fn try_from(text: String) -> Result<Self, UrlError> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;
    use crate::UrlError;

    fn origin(text: &str) -> Result<String, UrlError> {
        text.parse::<Origin>().map(String::from)
    }

    #[test]
    fn the_usual_port_case_and_slash_do_not_count() {
        assert_eq!(
            origin("HTTPS://API.example:443/"),
            Ok("https://api.example".into())
        );
        assert_eq!(
            origin("https://api.example:8443"),
            Ok("https://api.example:8443".into())
        );
        assert_eq!(origin("http://[::1]:80"), Ok("http://[::1]".into()));
    }

    #[test]
    fn what_would_mislead_is_refused() {
        assert_eq!(origin("https://api.example/v1"), Err(UrlError::NotAnOrigin));
        assert_eq!(origin("http://api.example"), Err(UrlError::Plain));
        assert_eq!(origin("https://me@api.example"), Err(UrlError::UserInfo));
        assert_eq!(origin("api.example"), Err(UrlError::Malformed));
    }

    #[test]
    fn scheme_host_and_port_all_count() {
        let own: Origin = "https://a.example".parse().expect("an origin");
        for (url, covered) in [
            ("https://a.example/x?y", true),
            ("https://a.example:443/", true),
            ("https://a.example:444/", false),
            ("http://a.example/", false),
            ("https://b.a.example/", false),
            ("https://a.example.evil.example/", false),
            ("data:text/plain,a", false),
        ] {
            assert_eq!(own.covers(&url.parse().expect("a URL")), covered, "{url}");
        }
    }
}
