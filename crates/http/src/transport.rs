use std::sync::Arc;

use async_trait::async_trait;
use gatepass_proto::flow::Unreachable;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use url::Url;

use crate::pools::{Pools, Reach};
use crate::setup::SetupError;
use crate::{Egress, check_url};

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

#[async_trait]
impl<T: Transport + ?Sized> Transport for &T {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Unreachable> {
        (**self).send(request).await
    }
}

#[async_trait]
impl<T: Transport + ?Sized> Transport for Arc<T> {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Unreachable> {
        (**self).send(request).await
    }
}

/// The real network.
///
/// Making one costs nothing; the connection pools are built when they are first needed. A clone is the same
/// transport with the same pools, and as cheap as a clone of an `Arc`: make one, and give it to everybody.
#[derive(Clone)]
pub struct HttpTransport {
    pub(crate) pools: Arc<Pools>,
}

impl HttpTransport {
    /// A transport that keeps these rules.
    ///
    /// # Errors
    ///
    /// A certificate, the key or the proxy in them cannot be used.
    pub fn new(egress: Egress) -> Result<Self, SetupError> {
        Pools::new(egress).map(|pools| Self {
            pools: Arc::new(pools),
        })
    }

    /// Sends one message to `url`, which is the request's own.
    pub(crate) async fn exchange(
        &self,
        url: Url,
        reach: Reach,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Unreachable> {
        let (parts, body) = request.into_parts();
        let answer = self
            .pools
            .pool(&url, reach)?
            .request(parts.method, url.clone())
            .headers(parts.headers)
            .header(ACCEPT_ENCODING, "identity")
            .body(body)
            .timeout(self.pools.egress.timeout)
            .send()
            .await
            .map_err(|error| unreachable(&url, &error))?;
        self.read(&url, answer).await
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, Unreachable> {
        let url = url_of(request.uri())?;
        self.exchange(url, Reach::Anywhere, request).await
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
        let limit = self.pools.egress.max_answer;
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| unreachable(url, &error))?
        {
            if body.len() + chunk.len() > limit {
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
            .field("egress", &self.pools.egress)
            .finish_non_exhaustive()
    }
}

/// The URL of a request, where it may go at all.
pub(crate) fn url_of(uri: &http::Uri) -> Result<Url, Unreachable> {
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
