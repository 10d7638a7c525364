//! Sends requests on to one place and brings the answers back.
//!
//! A request goes through `check.rs` (what two readers could understand in two ways is refused), `hop.rs` (what was
//! meant for this connection is taken off), `forwarded.rs` (whom it comes from is written anew), `target.rs` (where it
//! goes), and `exchange.rs` (it is sent, and answered in time). Both bodies stream, through `sent.rs` and `received.rs`,
//! which keep an eye on their size and on silence (`pulse.rs`). A WebSocket's two ends are joined in `upgrade.rs`.

mod check;
mod connect;
mod consent;
mod exchange;
mod fault;
mod forwarded;
mod hop;
mod pulse;
mod received;
mod sent;
mod settings;
mod target;
mod telling;
mod tls;
mod upgrade;
mod via;
mod way;
mod why;
mod wire;

use std::sync::Arc;

use axum::body::Body;
use http::header::{EXPECT, HOST};
use http::{HeaderValue, Request, Response};
use url::Url;

use crate::open::Open;
use connect::{Connector, Pools};
use target::Target;
use via::Via;

pub(crate) use fault::Fault;
pub use forwarded::Client;
pub use hop::end_hop;
pub use settings::{UpstreamError, UpstreamSettings, Way};

/// One place that requests are sent on to. Clones share its connections.
#[derive(Clone)]
pub struct Upstream {
    inner: Arc<Inner>,
}

struct Inner {
    target: Target,
    settings: UpstreamSettings,
    pools: Pools,
    via: Via,
    open: Open,
}

impl Upstream {
    /// The upstream at `url`: `http://`, `https://`, with a path that goes before every request's, or `unix:/path`
    /// for a socket in the file system. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The URL or a certificate cannot be used.
    pub fn new(url: &Url, settings: UpstreamSettings) -> Result<Self, UpstreamError> {
        Self::counting(url, settings, Open::default())
    }

    /// The same, whose answers and WebSockets are among these.
    pub(crate) fn counting(
        url: &Url,
        settings: UpstreamSettings,
        open: Open,
    ) -> Result<Self, UpstreamError> {
        let target = Target::new(url)?;
        if settings.http2 && settings.keep_host && !target.is_tls() {
            return Err(UpstreamError::HostOverHttp2);
        }
        let connector = Connector::new(&target, &settings)?;
        let pools = Pools::new(&connector, &target, &settings);
        let inner = Inner {
            target,
            settings,
            pools,
            via: Via::new(),
            open,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Sends a request on, and brings its answer back, both as they come.
    ///
    /// What the caller has put into the request's headers arrives, and so does what the client has put there, but for
    /// what is for one hop ([`end_hop`]) and what tells of the client. Path and query arrive byte for byte. What goes
    /// wrong here is an answer as well, with `error` and `error_description` in JSON.
    ///
    /// A request is sent once. Only one without a body whose method changes nothing is sent again, when the upstream
    /// closes the connection before it answers.
    pub async fn forward(&self, request: Request<Body>, client: &Client) -> Response<Body> {
        let answer = match self.prepare(request, client) {
            Ok(request) => self.exchange(request).await,
            Err(fault) => Err(fault),
        };
        answer.unwrap_or_else(Fault::into_answer)
    }

    /// The request as the upstream gets it, its URI absolute.
    ///
    /// # Errors
    ///
    /// It is refused.
    pub(crate) fn prepare(
        &self,
        mut request: Request<Body>,
        client: &Client,
    ) -> Result<Request<Body>, Fault> {
        let Inner {
            target, settings, ..
        } = &*self.inner;
        end_hop(&mut request);
        check::check(&request, settings)?;
        let uri = target.uri(request.uri())?;
        let version = request.version();
        let host = host_of(&request);
        let headers = request.headers_mut();
        if headers.contains_key(EXPECT) {
            check::expectation(headers)?;
        }
        forwarded::rewrite(headers, settings.tell_client.then_some(client));
        if settings.tell_client {
            self.inner.via.add(headers, version)?;
        }
        headers.remove(HOST);
        if let Some(host) = host.filter(|_| settings.keep_host) {
            headers.insert(HOST, host);
        }
        *request.uri_mut() = uri;
        Ok(request)
    }
}

/// The host that a request asks for: an absolute URI says it before the header does (RFC 9112 §3.2.2).
fn host_of<B>(request: &Request<B>) -> Option<HeaderValue> {
    match request.uri().authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).ok(),
        None => request.headers().get(HOST).cloned(),
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream")
            .field("target", &self.inner.target)
            .finish_non_exhaustive()
    }
}
