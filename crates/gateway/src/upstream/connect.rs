//! Connections to the upstream, and the pools that keep them.

use std::io;
#[cfg(unix)]
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
#[cfg(unix)]
use hyper_util::rt::TokioIo;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::{BoxError, Service};

use super::sent::Sent;
use super::target::Target;
use super::wire::Wire;
use super::{UpstreamError, UpstreamSettings, tls, way};

/// How long a connection waits for the next request. Servers close them too, and a request that crosses that on its
/// way is lost: the shorter, the rarer.
const IDLE: Duration = Duration::from_secs(30);
/// How soon a peer that has vanished is noticed on a quiet connection.
const PROBE: Duration = Duration::from_secs(60);

/// Connects to the one upstream, within a time.
#[derive(Clone)]
pub(super) struct Connector {
    /// With HTTP/2 where the upstream offers it over TLS.
    any: HttpsConnector<Dial>,
    /// With HTTP/1.1 alone.
    plain: HttpsConnector<Dial>,
    timeout: Duration,
}

impl Connector {
    pub(super) fn new(target: &Target, settings: &UpstreamSettings) -> Result<Self, UpstreamError> {
        let rules = tls::rules(settings, target.is_tls())?;
        let dial = Dial::new(target, settings)?;
        let builder = |rules| {
            HttpsConnectorBuilder::new()
                .with_tls_config(rules)
                .https_or_http()
        };
        let plain = builder(rules.clone())
            .enable_http1()
            .wrap_connector(dial.clone());
        let any = match settings.keep_host {
            true => plain.clone(),
            false => builder(rules).enable_all_versions().wrap_connector(dial),
        };
        Ok(Self {
            any,
            plain,
            timeout: settings.connect_timeout,
        })
    }
}

/// The pools of connections.
pub(super) struct Pools {
    /// For most requests.
    pub(super) shared: Client<Within, Sent>,
    /// For those that take a connection of HTTP/1.1 over.
    pub(super) upgrading: Client<Within, Sent>,
}

impl Pools {
    pub(super) fn new(connector: &Connector, target: &Target, settings: &UpstreamSettings) -> Self {
        let within = |https: &HttpsConnector<Dial>| Within {
            https: https.clone(),
            timeout: connector.timeout,
        };
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .http1_max_buf_size(settings.max_head.max(64 * 1024))
            .http2_max_header_list_size(u32::try_from(settings.max_head).unwrap_or(u32::MAX))
            .http2_keep_alive_interval(PROBE)
            .http2_adaptive_window(true);
        let upgrading = builder
            .clone()
            .pool_max_idle_per_host(0)
            .build(within(&connector.plain));
        let shared = builder
            .pool_max_idle_per_host(settings.max_idle_connections)
            .http2_only(settings.http2 && !target.is_tls())
            .build(within(&connector.any));
        Self { shared, upgrading }
    }
}

/// Connects within a time, TLS included.
#[derive(Clone)]
pub(super) struct Within {
    https: HttpsConnector<Dial>,
    timeout: Duration,
}

impl Service<Uri> for Within {
    type Response = MaybeHttpsStream<Wire>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connecting = self.https.call(to);
        let timeout = self.timeout;
        Box::pin(async move {
            match tokio::time::timeout(timeout, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        })
    }
}

/// Dials, wherever the upstream is.
#[derive(Clone)]
enum Dial {
    Tcp(HttpConnector),
    /// Through a proxy.
    Tunnel(Tunnel<HttpConnector>),
    #[cfg(unix)]
    Socket(PathBuf),
}

impl Dial {
    fn new(target: &Target, settings: &UpstreamSettings) -> Result<Self, UpstreamError> {
        #[cfg(unix)]
        if let Some(path) = &target.socket {
            return Ok(Self::Socket(path.clone()));
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(PROBE));
        tcp.set_connect_timeout(Some(settings.connect_timeout));
        Ok(match way::tunnel(target, &settings.way, &tcp)? {
            Some(tunnel) => Self::Tunnel(tunnel),
            None => Self::Tcp(tcp),
        })
    }
}

impl Service<Uri> for Dial {
    type Response = Wire;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Tcp(tcp) => tcp.poll_ready(cx).map_err(Into::into),
            Self::Tunnel(tunnel) => tunnel.poll_ready(cx).map_err(Into::into),
            #[cfg(unix)]
            Self::Socket(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        match self {
            Self::Tcp(tcp) => {
                let connecting = tcp.call(to);
                Box::pin(async move { Ok(Wire::Tcp(connecting.await?)) })
            }
            Self::Tunnel(tunnel) => {
                let connecting = tunnel.call(to);
                Box::pin(async move { Ok(Wire::Tcp(connecting.await?)) })
            }
            #[cfg(unix)]
            Self::Socket(path) => {
                let path = path.clone();
                Box::pin(async move {
                    let stream = tokio::net::UnixStream::connect(path).await?;
                    Ok(Wire::Socket(TokioIo::new(stream)))
                })
            }
        }
    }
}
