//! A listener, what is asked on it, and how its connections are sealed.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::middleware::AddExtension;
use axum_server::Handle;
use axum_server::accept::{Accept, NoDelayAcceptor};
use axum_server::service::SendService;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use http::Request;
use hyper::body::Incoming;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::limits;
use crate::tls::Asking;

/// A listener with what is served on it.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    pub(crate) router: Router,
    pub(crate) seal: Seal,
}

/// How connections are sealed.
pub(crate) enum Seal {
    /// Not at all.
    None,
    /// By TLS.
    Tls(Arc<ServerConfig>),
    /// By TLS that asks for the client's certificate.
    Asking(Arc<ServerConfig>),
}

/// A request's service, which knows where its connection comes from.
type Called = AddExtension<Router, ConnectInfo<SocketAddr>>;

impl Door {
    /// Serves until the handle says otherwise.
    ///
    /// # Errors
    ///
    /// The listener broke.
    pub(crate) async fn serve(self, handle: Handle<SocketAddr>) -> io::Result<()> {
        let (listener, router) = (self.listener, self.router);
        match self.seal {
            Seal::None => serve(listener, NoDelayAcceptor::new(), router, handle).await,
            Seal::Tls(config) => {
                let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(config));
                let acceptor = acceptor.acceptor(NoDelayAcceptor::new());
                serve(listener, acceptor, router, handle).await
            }
            Seal::Asking(config) => serve(listener, Asking::new(config), router, handle).await,
        }
    }
}

async fn serve<A>(
    listener: TcpListener,
    acceptor: A,
    router: Router,
    handle: Handle<SocketAddr>,
) -> io::Result<()>
where
    A: Accept<TcpStream, Called> + Clone + Send + Sync + 'static,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send,
    A::Service: SendService<Request<Incoming>> + Send,
    A::Future: Send + 'static,
{
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(acceptor)
        .handle(handle)
        .map(limits::patient);
    limits::connections(server.http_builder());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    server.serve(service).await
}
