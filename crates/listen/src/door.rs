//! A listener, what is asked on it, how its connections are sealed, and how it closes.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::middleware::{AddExtension, from_fn};
use axum_server::Handle;
use axum_server::accept::Accept;
use axum_server::service::SendService;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use http::Request;
use hyper::body::Incoming;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::connections::{self, Tuned};
use crate::patience::Patient;
use crate::tls::Asking;
use crate::unread;

/// How long requests may take to end after the signal to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// How long connections that are cut may take to end.
const LAST: Duration = Duration::from_secs(1);

/// A listener with what is served on it.
#[derive(Debug)]
pub struct Door {
    /// Where connections come in, as [`bind`] makes it.
    pub listener: TcpListener,
    /// What answers their requests.
    pub router: Router,
    /// How they are sealed.
    pub seal: Seal,
}

/// How connections are sealed.
#[derive(Clone, Debug)]
pub enum Seal {
    /// Not at all.
    None,
    /// By TLS.
    Tls(Arc<ServerConfig>),
    /// By TLS that asks for the client's certificate.
    Asking(Arc<ServerConfig>),
}

/// Listens on `address`, and says on which port.
///
/// # Errors
///
/// The system's.
pub fn bind(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// Serves on all of these doors until `stop` is done, then lets the requests under way end, for as long as ten seconds.
///
/// # Errors
///
/// A listener broke.
pub async fn serve(
    doors: impl IntoIterator<Item = Door>,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let stop = async {
        stop.await;
        DRAIN
    };
    serve_until(doors, stop).await.map(|_| ())
}

/// The same, where `stop` says for how long the requests under way may go on. Says how many connections were cut then.
///
/// # Errors
///
/// A listener broke.
pub async fn serve_until(
    doors: impl IntoIterator<Item = Door>,
    stop: impl Future<Output = Duration> + Send,
) -> io::Result<usize> {
    let handle: Handle<SocketAddr> = Handle::new();
    let doors = doors.into_iter().map(|door| door.serve(handle.clone()));
    let mut serving = futures_util::future::try_join_all(doors);
    let patience = tokio::select! {
        ended = &mut serving => return ended.map(|_| 0),
        patience = stop => patience,
    };
    handle.graceful_shutdown(None);
    if let Ok(ended) = timeout(patience, &mut serving).await {
        return ended.map(|_| 0);
    }
    let cut = handle.connection_count();
    handle.shutdown();
    // One whose peer has not shaken hands yet hears nothing of it.
    match timeout(LAST, serving).await {
        Ok(ended) => ended.map(|_| cut),
        Err(_) => Ok(cut),
    }
}

/// A request's service, which knows where its connection comes from.
type Called = AddExtension<Router, ConnectInfo<SocketAddr>>;

impl Door {
    async fn serve(self, handle: Handle<SocketAddr>) -> io::Result<()> {
        let (listener, router) = (self.listener, self.router);
        match self.seal {
            Seal::None => serve_by(listener, Tuned, router, handle).await,
            Seal::Tls(config) => {
                let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(config));
                serve_by(listener, acceptor.acceptor(Tuned), router, handle).await
            }
            Seal::Asking(config) => serve_by(listener, Asking::new(config), router, handle).await,
        }
    }
}

async fn serve_by<A>(
    listener: TcpListener,
    acceptor: A,
    router: Router,
    handle: Handle<SocketAddr>,
) -> io::Result<()>
where
    A: Accept<TcpStream, Called, Future: Send + 'static> + Clone + Send + Sync + 'static,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send,
    Patient<A>:
        Accept<TcpStream, Called, Future: Send, Stream: AsyncRead + AsyncWrite + Unpin + Send>,
    <Patient<A> as Accept<TcpStream, Called>>::Service: SendService<Request<Incoming>> + Send,
{
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(acceptor)
        .handle(handle)
        .map(connections::patient);
    connections::bound(server.http_builder());
    let router = router.layer(from_fn(unread::settled));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    server.serve(service).await
}
