use std::fmt;
use std::time::Duration;

use gatepass_proto::Secret;
use url::{Host, Url};

/// The rules that every request of this process keeps on its way out.
///
/// ```
/// # use gatepass_http::Egress;
/// let strict = Egress { max_answer: 64 * 1024, ..Egress::default() };
/// ```
#[derive(Clone)]
pub struct Egress {
    /// The largest answer to a protocol message, in bytes. Default 1 MiB. Answers of resources stream and have
    /// no limit here.
    pub max_answer: usize,
    /// How long connecting may take, TLS included. Default 10 s.
    pub connect_timeout: Duration,
    /// How long one protocol message and its answer may take in all. Default 30 s.
    pub timeout: Duration,
    /// How long a resource may be silent: before its answer begins, and between two pieces of it. Default 60 s.
    pub idle_timeout: Duration,
    /// How many redirects of a resource are followed. Default 10. Protocol messages are never redirected.
    pub max_redirects: usize,
    /// How often a request for a resource is sent again whose server asks for patience (429, 503) or whose
    /// connection breaks, where that changes nothing; see [`crate::Patience`]. Default 2; 0 sends everything once.
    pub repeats: u32,
    /// How long such a request may take in all before it is not sent again any more. Default 30 s. An answer that
    /// asks for a longer wait is returned as it is.
    pub max_wait: Duration,
    /// Certificate authorities to trust besides the system's, each a PEM file's bytes.
    pub extra_roots: Vec<Vec<u8>>,
    /// The client's certificate for mutual TLS (RFC 8705), the chain above it, and the private key, unencrypted,
    /// one after the other in PEM. It is shown to every server that asks for one.
    pub identity: Option<Secret>,
    /// The proxy for all requests to other machines, instead of the environment's: `http://host:port` or
    /// `https://host:port`, with a user name and password if it wants them, which nobody else gets to see. While
    /// `environment_proxy` is set, the hosts in `NO_PROXY` are asked without it.
    pub proxy: Option<Url>,
    /// Whether `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` are obeyed. Default yes. Requests to this machine never
    /// go through a proxy, for they may be plain http.
    pub environment_proxy: bool,
    /// Whether a host that only a server has named may be this machine or one of its network; see
    /// [`crate::NamedByServer`]. Default no.
    pub allow_private_hosts: bool,
}

impl Default for Egress {
    fn default() -> Self {
        Self {
            max_answer: 1024 * 1024,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            max_redirects: 10,
            repeats: 2,
            max_wait: Duration::from_secs(30),
            extra_roots: Vec::new(),
            identity: None,
            proxy: None,
            environment_proxy: true,
            allow_private_hosts: false,
        }
    }
}

impl fmt::Debug for Egress {
    /// The proxy is shown without its user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proxy = self.proxy.as_ref();
        f.debug_struct("Egress")
            .field("max_answer", &self.max_answer)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("max_redirects", &self.max_redirects)
            .field("repeats", &self.repeats)
            .field("max_wait", &self.max_wait)
            .field("extra_roots", &self.extra_roots.len())
            .field("identity", &self.identity)
            .field(
                "proxy",
                &proxy.map(|url| url.origin().ascii_serialization()),
            )
            .field("environment_proxy", &self.environment_proxy)
            .field("allow_private_hosts", &self.allow_private_hosts)
            .finish()
    }
}

/// Why nothing is sent to a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is no absolute URL.
    #[error("not an absolute URL; expected something like https://api.example.com/")]
    Malformed,
    /// It has no host.
    #[error("the URL has no host")]
    NoHost,
    /// Another scheme than http and https.
    #[error("only https URLs are used, and http ones to this machine")]
    Scheme,
    /// http to another machine: everybody on the way could read the credential (RFC 6749 §1.6, RFC 6750 §5.3).
    #[error("plain http is used to this machine only (localhost, 127.0.0.1, ::1); use https")]
    Plain,
    /// `user:password@` in the URL: it would end in logs, and RFC 9110 §4.2.4 deprecates it.
    #[error(
        "the URL carries a user name or password; remove it and use a profile with method basic"
    )]
    UserInfo,
    /// An origin was expected.
    #[error("expected an origin (scheme, host and port) without path, query or fragment")]
    NotAnOrigin,
}

/// Whether a request may go to `url`: https, or http to this machine; no user name or password in it.
///
/// # Errors
///
/// See [`UrlError`].
pub fn check_url(url: &Url) -> Result<(), UrlError> {
    match url.scheme() {
        "https" => {}
        "http" if url.host().is_none_or(|host| is_loopback_host(&host)) => {}
        "http" => return Err(UrlError::Plain),
        _ => return Err(UrlError::Scheme),
    }
    if !url.has_host() {
        return Err(UrlError::NoHost);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::UserInfo);
    }
    Ok(())
}

/// Whether a host is this machine: `localhost`, 127.0.0.0/8 or `::1`. [`crate::HttpTransport`] does not ask
/// the resolver about `localhost`, so that nobody can answer with another address (RFC 6761 §6.3).
pub fn is_loopback_host<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => name.as_ref().eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::{UrlError, check_url};

    #[test]
    fn https_anywhere_and_http_to_this_machine_only() {
        for (url, outcome) in [
            ("https://api.example/", Ok(())),
            ("http://localhost:8000/", Ok(())),
            ("http://LOCALHOST/", Ok(())),
            ("http://127.0.0.1/", Ok(())),
            ("http://127.9.9.9/", Ok(())),
            ("http://2130706433/", Ok(())),
            ("http://[::1]:1/", Ok(())),
            ("http://api.example/", Err(UrlError::Plain)),
            ("http://localhost.example/", Err(UrlError::Plain)),
            ("http://sub.localhost/", Err(UrlError::Plain)),
            ("http://0.0.0.0/", Err(UrlError::Plain)),
            ("http://127.0.0.1.example/", Err(UrlError::Plain)),
            ("http://192.168.0.1/", Err(UrlError::Plain)),
            ("http://[::ffff:127.0.0.1]/", Err(UrlError::Plain)),
            ("https://me@api.example/", Err(UrlError::UserInfo)),
            ("https://:pw@api.example/", Err(UrlError::UserInfo)),
            ("ftp://api.example/", Err(UrlError::Scheme)),
            ("file:///etc/passwd", Err(UrlError::Scheme)),
            ("data:,x", Err(UrlError::Scheme)),
        ] {
            assert_eq!(check_url(&url.parse().expect(url)), outcome, "{url}");
        }
    }
}
