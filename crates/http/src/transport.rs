use std::sync::OnceLock;

use async_trait::async_trait;
use gatepass_proto::flow::Unreachable;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use url::Url;

use crate::{Egress, check_url, is_loopback_host};

/// Sends the protocol's own messages.
///
/// A redirect is an answer like any other here: it is never followed, for a token endpoint that redirects
/// would have client secrets posted elsewhere.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends one message and reads its bounded answer.
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Unreachable>;
}

/// The real network.
///
/// Making one costs nothing; the connection pools are built when they are first needed.
pub struct HttpTransport {
    pub(crate) egress: Egress,
    roots: Vec<reqwest::Certificate>,
    /// For other machines, by the environment's proxies.
    outward: OnceLock<Result<reqwest::Client, String>>,
    /// For this machine, past any proxy.
    loopback: OnceLock<Result<reqwest::Client, String>>,
}

/// The rules cannot be kept as they are given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the extra CA certificate cannot be read: expected a PEM file with at least one certificate"
)]
pub struct SetupError;

impl HttpTransport {
    /// A transport that keeps these rules.
    ///
    /// # Errors
    ///
    /// An extra certificate authority is not PEM.
    pub fn new(egress: Egress) -> Result<Self, SetupError> {
        let mut roots = Vec::new();
        for pem in &egress.extra_roots {
            let found = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| SetupError)?;
            if found.is_empty() {
                return Err(SetupError);
            }
            roots.extend(found);
        }
        Ok(Self {
            egress,
            roots,
            outward: OnceLock::new(),
            loopback: OnceLock::new(),
        })
    }

    /// The pool for `url`, which [`check_url`] has admitted.
    pub(crate) fn pool(&self, url: &Url) -> Result<&reqwest::Client, Unreachable> {
        let local = url.host().is_some_and(|host| is_loopback_host(&host));
        let pool = if local { &self.loopback } else { &self.outward };
        pool.get_or_init(|| self.build(local))
            .as_ref()
            .map_err(|reason| Unreachable {
                reason: reason.clone(),
            })
    }

    fn build(&self, local: bool) -> Result<reqwest::Client, String> {
        let loopback = [
            ([127, 0, 0, 1], 0).into(),
            (std::net::Ipv6Addr::LOCALHOST, 0).into(),
        ];
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("gatepass/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.egress.connect_timeout)
            .read_timeout(self.egress.idle_timeout)
            .tls_certs_merge(self.roots.clone());
        if local {
            builder = builder.resolve_to_addrs("localhost", &loopback);
        }
        if local || !self.egress.environment_proxy {
            builder = builder.no_proxy();
        }
        builder
            .build()
            .map_err(|error| format!("the HTTP client cannot be set up: {}", reason(&error)))
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Unreachable> {
        let url = url_of(request.uri())?;
        let (parts, body) = request.into_parts();
        let answer = self
            .pool(&url)?
            .request(parts.method, url.clone())
            .headers(parts.headers)
            .header(ACCEPT_ENCODING, "identity")
            .body(body)
            .timeout(self.egress.timeout)
            .send()
            .await
            .map_err(|error| unreachable(&url, &error))?;
        self.read(&url, answer).await
    }
}

impl HttpTransport {
    async fn read(
        &self,
        url: &Url,
        mut answer: reqwest::Response,
    ) -> Result<http::Response<Vec<u8>>, Unreachable> {
        // Nothing asked for compression, and a small answer that unfolds to gigabytes is an old trick.
        if answer
            .headers()
            .get(CONTENT_ENCODING)
            .is_some_and(|coding| coding != "identity")
        {
            return Err(because(
                url,
                "the answer is compressed though that was not asked for",
            ));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| unreachable(url, &error))?
        {
            if body.len() + chunk.len() > self.egress.max_answer {
                let limit = self.egress.max_answer;
                return Err(because(
                    url,
                    &format!("the answer is larger than {limit} bytes"),
                ));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = http::Response::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }
}

impl std::fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpTransport")
            .field("egress", &self.egress)
            .finish_non_exhaustive()
    }
}

/// The URL of a request, where it may go at all.
fn url_of(uri: &http::Uri) -> Result<Url, Unreachable> {
    let url: Url = uri.to_string().parse().map_err(|_| Unreachable {
        reason: "the request has no absolute URL".into(),
    })?;
    check_url(&url).map_err(|error| because(&url, &error.to_string()))?;
    Ok(url)
}

/// What went wrong, with the origin but never the path or query, where a secret may stand.
pub(crate) fn because(url: &Url, reason: &str) -> Unreachable {
    Unreachable {
        reason: format!("{}: {reason}", url.origin().ascii_serialization()),
    }
}

pub(crate) fn unreachable(url: &Url, error: &reqwest::Error) -> Unreachable {
    because(url, &reason(error))
}

/// The innermost cause says most; the outer ones repeat the URL.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if error.is_connect() {
        format!("cannot connect: {cause}")
    } else {
        cause.to_string()
    }
}
