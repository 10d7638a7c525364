//! How an upstream is spoken to.

use std::time::Duration;

use gatepass_proto::Secret;
use url::Url;

/// How an upstream is spoken to, and how much of it is borne.
#[derive(Clone, Debug)]
pub struct UpstreamSettings {
    /// How long a connection may take, TLS included; 10 s.
    pub connect_timeout: Duration,
    /// How long the head of an answer may take once the request is sent, and a client between two pieces of its
    /// body; 60 s. Zero is for ever.
    pub answer_timeout: Duration,
    /// How long an answer that has begun, or an upgraded connection, may be quiet in both directions; 10 min. Zero
    /// is for ever.
    pub idle_timeout: Duration,
    /// The longest body of a request; by default any.
    pub max_request_body: Option<u64>,
    /// The longest head of a request and of an answer, in bytes; 64 KiB.
    pub max_head: usize,
    /// How many connections wait for the next request; 64.
    pub max_idle_connections: usize,
    /// Certificate authorities that are trusted beside the system's, PEM.
    pub extra_roots: Vec<Vec<u8>>,
    /// The certificate that is shown to the upstream, the chain above it, and its private key, PEM.
    pub identity: Option<Secret>,
    /// By which way an upstream over TLS is reached.
    pub way: Way,
    /// Whether the upstream is told the `Host` that the client has asked for rather than its own. Over TLS that
    /// takes HTTP/1.1.
    pub keep_host: bool,
    /// Whether an upstream without TLS is spoken to in HTTP/2 from the start, as gRPC servers expect (RFC 9113
    /// §3.3). Over TLS both sides agree on a version by themselves.
    pub http2: bool,
    /// Whether the upstream is told whom a request comes from and that it came through here: `Forwarded`,
    /// `X-Forwarded-*`, `Via`. Those of the client are taken away in any case.
    pub tell_client: bool,
}

impl Default for UpstreamSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(600),
            max_request_body: None,
            max_head: 64 * 1024,
            max_idle_connections: 64,
            extra_roots: Vec::new(),
            identity: None,
            way: Way::Direct,
            keep_host: false,
            http2: false,
            tell_client: true,
        }
    }
}

/// By which way an upstream over TLS is reached. One on this machine is reached directly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Directly.
    #[default]
    Direct,
    /// Through the proxy that `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` name, if they name one.
    Environment,
    /// Through this proxy, but for what `NO_PROXY` names.
    Proxy(Url),
}

/// An upstream cannot be used as it is described.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// Its URL is of a kind that requests are not sent to.
    #[error(
        "{0:?} is no upstream: expected http://HOST[:PORT][/BASE], https://HOST[:PORT][/BASE] or unix:/PATH"
    )]
    Url(String),
    /// Its URL has more than says where it is.
    #[error(
        "the upstream's URL has a user, a query or a fragment; expected the place alone, like https://api.example.com/v1"
    )]
    More,
    /// A socket in the file system, where there are none.
    #[error("unix:/PATH works on Unix only; expected http:// or https://")]
    NoUnix,
    /// [`UpstreamSettings::extra_roots`].
    #[error("a CA certificate cannot be used: expected a PEM file with at least one certificate")]
    Root,
    /// [`UpstreamSettings::identity`].
    #[error(
        "the client certificate cannot be used: expected PEM with the certificate, the chain above it, and its private key"
    )]
    Identity,
    /// [`UpstreamSettings::way`].
    #[error(
        "the way to the upstream leads through a proxy that cannot be used: expected http://HOST:PORT"
    )]
    Proxy,
    /// The system's certificate authorities.
    #[error("the system's certificate authorities cannot be used: {0}")]
    SystemRoots(String),
    /// Both [`UpstreamSettings::http2`] and [`UpstreamSettings::keep_host`].
    #[error(
        "an upstream that is spoken to in HTTP/2 from the start is told its own host; leave out one of the two"
    )]
    HostOverHttp2,
}
