use std::sync::Arc;

use async_trait::async_trait;
use gatepass_proto::flow::Unreachable;
use gatepass_proto::message::protected_resource::covers;
use http::header::HeaderMap;
use http::{Method, Request, Response, StatusCode};
use url::Url;

use crate::patience::repeatable;
use crate::pools::Reach;
use crate::redirect::{becomes_get, estrange, target, trim};
use crate::sending::{Arriving, Sent, send};
use crate::transport::because;
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
        let (parts, body) = request.into_parts();
        let url = parse(&parts.uri)?;
        let request = Resource {
            method: parts.method,
            url,
            headers: parts.headers,
            body,
            within: Arc::default(),
        };
        let (by, mut answer) = self.fetch(request).await?;
        answer.extensions_mut().insert(AnsweredBy(by));
        Ok(answer)
    }
}

/// A request for a resource, whose URL has been read already.
pub struct Resource {
    /// Its method.
    pub method: Method,
    /// Its URL, which [`check_url`] has admitted.
    pub url: Url,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Body,
    /// The resources that its credential is for ([`covers`]): a redirect to another path takes it away as one to another origin
    /// does. None means the whole origin.
    pub within: Arc<[Url]>,
}

impl std::fmt::Debug for Resource {
    /// Where it goes is shown, but neither path nor query: a key may stand there.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resource")
            .field("method", &self.method)
            .field("origin", &self.url.origin().ascii_serialization())
            .finish_non_exhaustive()
    }
}

impl HttpTransport {
    /// [`ResourceTransport::send_resource`] for whoever has the URL at hand; the URL that answered comes beside the
    /// answer.
    ///
    /// # Errors
    ///
    /// As there, but for [`ResourceError::Url`].
    pub async fn fetch(
        &self,
        mut request: Resource,
    ) -> Result<(Url, Response<Body>), ResourceError> {
        let max_redirects = self.pools.egress.max_redirects;
        let mut patience = self.patience();
        for _ in 0..=max_redirects {
            let again = request.body.try_clone();
            let answer = self.patiently(&mut patience, &mut request).await?;
            let Some(to) = target(&request.url, answer.status(), answer.headers())? else {
                return Ok((request.url, self.answered(answer)));
            };
            request.follow(to, answer.status(), again)?;
        }
        Err(ResourceError::TooManyRedirects(max_redirects))
    }

    /// Sends a request, and again while it may be and patience lasts. Its body is gone then.
    async fn patiently(
        &self,
        patience: &mut Patience,
        request: &mut Resource,
    ) -> Result<reqwest::Response, Unreachable> {
        let repeatable = repeatable(&request.method, &request.headers);
        loop {
            let body = std::mem::take(&mut request.body);
            let again = if repeatable { body.try_clone() } else { None };
            let outcome = self.once(request, body)?.await;
            let Some(next) = again else {
                return outcome.map_err(|failure| because(&request.url, &failure.reason()));
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
                Err(failure) if failure.is_break() && patience.after_break() => {
                    tracing::debug!("the connection broke before the answer");
                }
                Err(failure) => return Err(because(&request.url, &failure.reason())),
            }
            request.body = next;
        }
    }

    /// The sending of a request with this body, once.
    fn once(
        &self,
        request: &Resource,
        body: Body,
    ) -> Result<impl Future<Output = Sent> + Send + use<>, Unreachable> {
        let pool = self.pools.pool(&request.url, Reach::Anywhere)?;
        let mut sent = reqwest::Request::new(request.method.clone(), request.url.clone());
        *sent.headers_mut() = request.headers.clone();
        Ok(send(pool, sent, body, self.pools.egress.idle_timeout))
    }

    fn answered(&self, mut answer: reqwest::Response) -> Response<Body> {
        let mut response = Response::new(());
        *response.status_mut() = answer.status();
        *response.version_mut() = answer.version();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let idle = self.pools.egress.idle_timeout;
        response.map(|()| Body::arriving(Arriving { answer, idle }))
    }
}

impl Resource {
    /// Becomes the request that a redirect asks for. `again` is its body, if that is still there.
    fn follow(
        &mut self,
        to: Url,
        status: StatusCode,
        again: Option<Body>,
    ) -> Result<(), ResourceError> {
        let without_body = becomes_get(status, &self.method);
        if without_body {
            self.method = Method::GET;
        }
        self.body = match without_body {
            true => Body::empty(),
            false => again.ok_or(ResourceError::BodyGone)?,
        };
        trim(&mut self.headers, &self.url, &to, without_body);
        if !self.within.is_empty() && !self.within.iter().any(|own| covers(own, &to)) {
            estrange(&mut self.headers);
        }
        tracing::debug!(from = %self.url.origin().ascii_serialization(), to = %to.origin().ascii_serialization(), "redirected");
        self.url = to;
        Ok(())
    }
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
