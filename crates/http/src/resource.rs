use std::sync::Arc;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use gatepass_proto::flow::Unreachable;
use http::header::HeaderMap;
use http::{Method, Request, Response};
use url::Url;

use crate::patience::repeatable;
use crate::pools::Reach;
use crate::redirect::{becomes_get, target, trim};
use crate::transport::{reason, unreachable};
use crate::{Body, HttpTransport, Patience, UrlError, check_url};

/// Sends requests for resources: bodies stream, redirects are followed without taking a credential to another
/// origin, and a server that asks for patience gets some ([`Patience`]).
#[async_trait]
pub trait ResourceTransport: Send + Sync {
    /// Sends a request and returns the answer as soon as its head is there. The answer's extensions hold
    /// [`AnsweredBy`].
    ///
    /// At each redirect to another scheme, host or port, every header goes that could be a credential, and
    /// none comes back later. A header value marked sensitive always counts as one.
    async fn send_resource(&self, request: Request<Body>) -> Result<Response<Body>, ResourceError>;
}

#[async_trait]
impl<T: ResourceTransport + ?Sized> ResourceTransport for &T {
    async fn send_resource(&self, request: Request<Body>) -> Result<Response<Body>, ResourceError> {
        (**self).send_resource(request).await
    }
}

#[async_trait]
impl<T: ResourceTransport + ?Sized> ResourceTransport for Arc<T> {
    async fn send_resource(&self, request: Request<Body>) -> Result<Response<Body>, ResourceError> {
        (**self).send_resource(request).await
    }
}

/// The URL whose answer this is: the last one, when redirects were followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnsweredBy(pub Url);

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ResourceError {
    /// Nothing is sent to such a URL.
    #[error("{url}: {error}")]
    Url {
        /// The URL's origin, or the text that is no URL.
        url: String,
        /// Why.
        error: UrlError,
    },
    /// The network failed; nothing is known about whether the request arrived.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// Round and round.
    #[error("redirected more than {0} times")]
    TooManyRedirects(usize),
    /// From https to http.
    #[error("redirected from https to something else; that is never followed")]
    Downgrade,
    /// From another machine to this one.
    #[error("redirected from another machine to this one; that is never followed")]
    ToThisMachine,
    /// To a URL that nothing is sent to.
    #[error("redirected to a URL that is not used: {0}")]
    Redirect(UrlError),
    /// The `Location` header makes no URL.
    #[error("redirected to something that is no URL")]
    Location,
    /// The body was a stream, which is gone.
    #[error("redirected after the body was streamed, which cannot be sent again")]
    BodyGone,
}

#[async_trait]
impl ResourceTransport for HttpTransport {
    async fn send_resource(&self, request: Request<Body>) -> Result<Response<Body>, ResourceError> {
        let (parts, mut body) = request.into_parts();
        let mut url = parse(&parts.uri)?;
        let (mut method, mut headers) = (parts.method, parts.headers);
        let max_redirects = self.pools.egress.max_redirects;
        let mut patience = self.patience();
        for _ in 0..=max_redirects {
            let again = body.try_clone();
            let answer = self
                .patiently(&mut patience, &url, &method, &headers, body)
                .await?;
            let Some(to) = target(&url, answer.status(), answer.headers())? else {
                return Ok(finish(url, answer));
            };
            let without_body = becomes_get(answer.status(), &method);
            if without_body {
                method = Method::GET;
            }
            body = if without_body {
                Body::empty()
            } else {
                again.ok_or(ResourceError::BodyGone)?
            };
            trim(&mut headers, &url, &to, without_body);
            tracing::debug!(from = %url.origin().ascii_serialization(), to = %to.origin().ascii_serialization(), "redirected");
            url = to;
        }
        Err(ResourceError::TooManyRedirects(max_redirects))
    }
}

impl HttpTransport {
    /// Sends a request, and again while it may be and patience lasts.
    async fn patiently(
        &self,
        patience: &mut Patience,
        url: &Url,
        method: &Method,
        headers: &HeaderMap,
        mut body: Body,
    ) -> Result<reqwest::Response, Unreachable> {
        let repeatable = repeatable(method, headers);
        loop {
            let again = if repeatable { body.try_clone() } else { None };
            let outcome = self.once(url, method, headers, body)?.await;
            let Some(next) = again else {
                return outcome.map_err(|error| unreachable(url, &error));
            };
            match outcome {
                Ok(answer) => match patience.after(answer.status(), answer.headers()) {
                    None => return Ok(answer),
                    Some(wait) => {
                        let status = answer.status().as_u16();
                        drop(answer);
                        tracing::debug!(status, ?wait, "the server asks for patience");
                        tokio::time::sleep(wait).await;
                    }
                },
                Err(error) if is_break(&error) && patience.after_break() => {
                    tracing::debug!("the connection broke before the answer");
                }
                Err(error) => return Err(unreachable(url, &error)),
            }
            body = next;
        }
    }

    /// The sending of a request, once.
    fn once(
        &self,
        url: &Url,
        method: &Method,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<impl Future<Output = reqwest::Result<reqwest::Response>> + Send, Unreachable> {
        let mut request = self
            .pools
            .pool(url, Reach::Anywhere)?
            .request(method.clone(), url.clone())
            .headers(headers.clone());
        if !body.is_empty() || matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
            request = request.body(match body.into_parts() {
                Ok(bytes) => reqwest::Body::from(bytes),
                Err(stream) => reqwest::Body::wrap_stream(stream),
            });
        }
        Ok(request.send())
    }
}

/// Whether the server hung up before its answer was there. One that refuses connections, cannot be found, or
/// stays silent does so again a moment later.
fn is_break(error: &reqwest::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};

    let mut cause: Option<&dyn std::error::Error> = (!error.is_timeout()).then_some(error);
    while let Some(error) = cause {
        let hung_up = error.downcast_ref::<hyper::Error>().is_some_and(|error| {
            error.is_incomplete_message() || error.is_closed() || error.is_canceled()
        });
        let broken = error.downcast_ref::<std::io::Error>().is_some_and(|error| {
            let kind = error.kind();
            matches!(
                kind,
                ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof
            )
        });
        if hung_up || broken {
            return true;
        }
        cause = error.source();
    }
    false
}

fn parse(uri: &http::Uri) -> Result<Url, ResourceError> {
    let url: Url = uri.to_string().parse().map_err(|_| ResourceError::Url {
        url: uri.path().to_owned(),
        error: UrlError::Malformed,
    })?;
    check_url(&url).map_err(|error| ResourceError::Url {
        url: url.origin().ascii_serialization(),
        error,
    })?;
    Ok(url)
}

fn finish(url: Url, mut answer: reqwest::Response) -> Response<Body> {
    let mut response = Response::new(());
    *response.status_mut() = answer.status();
    *response.version_mut() = answer.version();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    response.extensions_mut().insert(AnsweredBy(url));
    response.map(|()| {
        Body::stream(
            answer
                .bytes_stream()
                .map_err(|error| std::io::Error::other(reason(&error))),
        )
    })
}
