//! Where an upstream is, and the URI of a request to it.

use std::fmt;
use std::net::IpAddr;
#[cfg(unix)]
use std::path::PathBuf;

use http::Uri;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use percent_encoding::percent_decode_str;
use url::Url;

use super::{Fault, UpstreamError};

/// Where an upstream is.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    scheme: Scheme,
    authority: Authority,
    /// What goes before the path of every request, without a slash at its end.
    base: String,
    /// The socket in the file system, where it is one.
    #[cfg(unix)]
    pub(super) socket: Option<PathBuf>,
}

impl Target {
    pub(super) fn new(url: &Url) -> Result<Self, UpstreamError> {
        let more = !url.username().is_empty() || url.password().is_some();
        if more || url.query().is_some() || url.fragment().is_some() {
            return Err(UpstreamError::More);
        }
        match url.scheme() {
            "http" => Self::network(Scheme::HTTP, url),
            "https" => Self::network(Scheme::HTTPS, url),
            "unix" => Self::socket(url),
            _ => Err(wrong(url)),
        }
    }

    fn network(scheme: Scheme, url: &Url) -> Result<Self, UpstreamError> {
        let host = url.host_str().ok_or_else(|| wrong(url))?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let path = url.path();
        Ok(Self {
            scheme,
            authority: authority.parse().map_err(|_| wrong(url))?,
            base: path.strip_suffix('/').unwrap_or(path).to_owned(),
            #[cfg(unix)]
            socket: None,
        })
    }

    #[cfg(unix)]
    fn socket(url: &Url) -> Result<Self, UpstreamError> {
        use std::ffi::OsString;
        use std::os::unix::ffi::OsStringExt as _;
        let path: Vec<u8> = percent_decode_str(url.path()).collect();
        if url.has_host() || !path.starts_with(b"/") || path.contains(&0) {
            return Err(wrong(url));
        }
        Ok(Self {
            scheme: Scheme::HTTP,
            authority: Authority::from_static("localhost"),
            base: String::new(),
            socket: Some(OsString::from_vec(path).into()),
        })
    }

    #[cfg(not(unix))]
    fn socket(_: &Url) -> Result<Self, UpstreamError> {
        Err(UpstreamError::NoUnix)
    }

    /// Whether it is spoken to over TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Whether it is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let host = self.authority.host();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|own| own.is_loopback())
    }

    /// Its root, without the base.
    pub(super) fn root(&self) -> Uri {
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// The URI of a request: what was asked for, after the base, byte for byte.
    ///
    /// # Errors
    ///
    /// A path could leave the base.
    pub(super) fn uri(&self, asked: &Uri) -> Result<Uri, Fault> {
        let path = asked.path_and_query();
        let path = path.cloned().unwrap_or(PathAndQuery::from_static("/"));
        let path = match self.base.as_str() {
            "" => path,
            _ if leaves(path.path()) => return Err(Fault::path()),
            base => joined(base, path.as_str())?,
        };
        let uri = Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path);
        uri.build().map_err(|_| Fault::path())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(unix)]
        if let Some(path) = &self.socket {
            return write!(f, "unix:{}", path.display());
        }
        write!(f, "{}://{}{}", self.scheme, self.authority, self.base)
    }
}

fn joined(base: &str, path: &str) -> Result<PathAndQuery, Fault> {
    let joined = PathAndQuery::from_maybe_shared(format!("{base}{path}"));
    joined.map_err(|_| Fault::path())
}

/// Whether a path has a segment that means the folder above, as some reader may decode it.
fn leaves(path: &str) -> bool {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let mut segments = decoded.split(['/', '\\']);
    // What follows a semicolon is dropped by some.
    segments.any(|segment| segment.split(';').next() == Some(".."))
}

fn wrong(url: &Url) -> UpstreamError {
    UpstreamError::Url(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::Target;
    use crate::UpstreamError;

    fn target(url: &str) -> Result<Target, UpstreamError> {
        Target::new(&url.parse().expect("a URL"))
    }

    #[test]
    fn what_was_asked_for_follows_the_base_byte_for_byte() {
        for (upstream, asked, sent) in [
            ("http://a.example", "/x?y", "http://a.example/x?y"),
            ("http://a.example/", "/x", "http://a.example/x"),
            ("http://a.example:80/v1", "/", "http://a.example/v1/"),
            (
                "https://a.example:8443/v1/",
                "/x",
                "https://a.example:8443/v1/x",
            ),
            ("http://[::1]:8080/v1", "//x", "http://[::1]:8080/v1//x"),
            (
                "http://a.example",
                "/a/../%2e%2E/b",
                "http://a.example/a/../%2e%2E/b",
            ),
            (
                "http://a.example",
                "//b.example/x",
                "http://a.example//b.example/x",
            ),
            (
                "http://a.example/v1",
                "/a%2Fb;c?d=%00&&",
                "http://a.example/v1/a%2Fb;c?d=%00&&",
            ),
            ("unix:/run/app.sock", "/x", "http://localhost/x"),
        ] {
            let uri = target(upstream)
                .expect(upstream)
                .uri(&asked.parse().expect("a path"));
            assert_eq!(uri.expect(asked).to_string(), sent);
        }
    }

    #[test]
    fn no_path_leaves_the_base() {
        let own = target("https://a.example/v1").expect("an upstream");
        for asked in [
            "/..",
            "/../x",
            "/x/%2e%2e/y",
            "/.%2E/",
            "/..;x/y",
            "/..%2fx",
            "/x/..%5cy",
        ] {
            assert!(own.uri(&asked.parse().expect("a path")).is_err(), "{asked}");
        }
        for asked in ["/...", "/x..", "/..x", "/?/../"] {
            assert!(own.uri(&asked.parse().expect("a path")).is_ok(), "{asked}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for url in [
            "ftp://a.example/",
            "unix:run/app.sock",
            "unix://host/app.sock",
            "data:x",
        ] {
            assert_eq!(target(url).err(), Some(UpstreamError::Url(url.to_owned())));
        }
        for url in [
            "http://me@a.example",
            "https://a.example/?x",
            "https://a.example/#x",
        ] {
            assert_eq!(target(url).err(), Some(UpstreamError::More), "{url}");
        }
    }
}
