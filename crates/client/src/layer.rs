//! The tower layer: requests of other libraries' clients, authenticated by a session.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use gatepass_http::AnsweredBy;
use http::request::Parts;
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::exchange::Exchange;
use crate::session::{not_absolute, url_of};
use crate::{Advice, Error, Session};

/// What the service of an [`AuthLayer`] fails with: an [`Error`](crate::Error) of the session, or the error of the
/// service within.
type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Session {
    /// A layer that authenticates the requests of any tower service that sends `http::Request`s: hyper's client, tonic's
    /// channel, axum's router in a test, reqwest behind an adapter.
    ///
    /// Every request gets what [`Session::attachment_for`] makes for it: a header, a cookie, a parameter of the query,
    /// the proof of a bound token, the answer to a digest challenge. One that is not for [`Session::api`] fails with
    /// [`Error::WrongOrigin`](crate::Error::WrongOrigin) and is not sent. A request's URI must be absolute: tonic's
    /// clients are told theirs by `with_origin`.
    ///
    /// An answer that refuses for want of scope or of a better login has the [`Advice`] in its extensions.
    ///
    /// Each request is sent once, whatever its body. What the answer teaches is used from the next request on: the
    /// token that a 401 refused is renewed, a nonce goes into the proof. [`AuthLayer::repeating`] repeats the refused
    /// request itself.
    ///
    /// # Redirects
    ///
    /// The layer sees a request and its answer, and nothing of redirects that the service within follows between them:
    /// what that carries to another origin is beyond it, and a stranger's answer would be taken for the API's, so that a
    /// token is renewed for its 401 and its nonce believed. Turn following off in that client: reqwest's
    /// `redirect::Policy::none()`; hyper's follows none. A redirect is an answer then. Whoever follows it sends
    /// another request through the layer, which lets none go to another origin. [`Session::send`] follows redirects
    /// itself and looks at every hop.
    ///
    /// A service that has to follow them says who answered: with [`AnsweredBy`] in its answer's extensions, as our own
    /// transport has it, the answer is judged as that URL's, and teaches nothing unless it is one of
    /// [`Session::api`]. Otherwise it is judged as the answer of the URL that the request was for.
    ///
    /// ```
    /// # use bytes::Bytes;
    /// # use http_body_util::Full;
    /// # use hyper_util::{client::legacy::Client, rt::TokioExecutor};
    /// # async fn example(session: gatepass_client::Session) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    /// use tower::{Layer as _, ServiceExt as _};
    ///
    /// let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    /// let client = session.layer().repeating().layer(client);
    /// let request = http::Request::get("http://localhost:8080/items").body(Full::default())?;
    /// let answer = client.oneshot(request).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn layer(&self) -> AuthLayer {
        AuthLayer {
            session: self.clone(),
            repeat: Once,
        }
    }
}

/// Authenticates the requests of a service. Made by [`Session::layer`].
#[derive(Clone, Debug)]
pub struct AuthLayer<P = Once> {
    session: Session,
    repeat: P,
}

impl<P> AuthLayer<P> {
    /// Repeats a refused request, at most once for each thing that mends a refusal, as [`Session::send`] does. For
    /// bodies that can be cloned.
    pub fn repeating(self) -> AuthLayer<Repeating> {
        self.repeating_by(Repeating)
    }

    /// The same for other bodies: `copy` makes a body to send again, or `None` where that is impossible, like
    /// `|body: &gatepass_client::Body| body.try_clone()`.
    pub fn repeating_by<R>(self, copy: R) -> AuthLayer<R> {
        AuthLayer {
            session: self.session,
            repeat: copy,
        }
    }
}

/// Which bodies are sent again.
pub trait Repeat<B> {
    /// A body to send again, if there is one.
    fn copy(&self, body: &B) -> Option<B>;
}

/// No body is sent again.
#[derive(Clone, Copy, Debug)]
pub struct Once;

/// Every body is sent again.
#[derive(Clone, Copy, Debug)]
pub struct Repeating;

impl<B> Repeat<B> for Once {
    fn copy(&self, _: &B) -> Option<B> {
        None
    }
}

impl<B: Clone> Repeat<B> for Repeating {
    fn copy(&self, body: &B) -> Option<B> {
        Some(body.clone())
    }
}

impl<B, F: Fn(&B) -> Option<B>> Repeat<B> for F {
    fn copy(&self, body: &B) -> Option<B> {
        self(body)
    }
}

impl<S, P: Clone> Layer<S> for AuthLayer<P> {
    type Service = AuthService<S, P>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService {
            inner,
            session: self.session.clone(),
            repeat: self.repeat.clone(),
        }
    }
}

/// A service whose requests are authenticated. Made by an [`AuthLayer`].
#[derive(Clone, Debug)]
pub struct AuthService<S, P = Once> {
    inner: S,
    session: Session,
    repeat: P,
}

impl<S, P, B, R> Service<Request<B>> for AuthService<S, P>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    P: Repeat<B> + Clone + Send + 'static,
    B: Send + 'static,
    R: Send + 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that was found ready has to be the one that is called.
        let next = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, next);
        let repeat = self.repeat.clone();
        let (mut parts, body) = request.into_parts();
        match begin(&self.session, &mut parts) {
            Ok(exchange) => Box::pin(send(exchange, parts, body, inner, repeat)),
            Err(error) => Box::pin(async { Err(error.into()) }),
        }
    }
}

/// Takes the headers out of `parts`, into the exchange.
fn begin(session: &Session, parts: &mut Parts) -> Result<Exchange, Error> {
    let url = url_of(&parts.uri)?;
    let headers = std::mem::take(&mut parts.headers);
    let exchange = Exchange::new(session.clone(), parts.method.clone(), url, headers)?;
    Ok(exchange.written_as(parts.uri.path_and_query().cloned()))
}

/// The next try. The URI stays as it was written, but for a credential in its query.
async fn next(exchange: &mut Exchange, parts: &Parts) -> Result<Parts, Error> {
    let head = exchange.head().await?;
    let mut next = parts.clone();
    next.headers = head.headers;
    if let Some(url) = head.url {
        next.uri = url.as_str().parse().map_err(|_| not_absolute(&parts.uri))?;
    }
    Ok(next)
}

/// Sends it until an answer stands, or its body is gone. `inner` is ready.
async fn send<S, P, B, R>(
    mut exchange: Exchange,
    parts: Parts,
    mut body: B,
    mut inner: S,
    repeat: P,
) -> Result<Response<R>, BoxError>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    P: Repeat<B>,
{
    loop {
        let head = next(&mut exchange, &parts).await?;
        let again = repeat.copy(&body);
        let request = Request::from_parts(head, body);
        let mut answer = inner.call(request).await.map_err(Into::into)?;
        let by = answer.extensions().get::<AnsweredBy>();
        let by = by.map_or_else(|| exchange.url().clone(), |AnsweredBy(url)| url.clone());
        let verdict = exchange.judge(&by, &answer)?;
        let verdict = exchange.look(verdict).await;
        let mended = again.is_some() && exchange.mend(&verdict).await?;
        let Some(copy) = again.filter(|_| mended) else {
            if let Some(advice) = verdict.advice() {
                answer.extensions_mut().insert::<Advice>(advice);
            }
            return Ok(answer);
        };
        drop(answer);
        body = copy;
        poll_fn(|cx| inner.poll_ready(cx))
            .await
            .map_err(Into::into)?;
    }
}
