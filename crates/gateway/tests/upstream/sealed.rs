//! Servers over TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use gatepass_gateway::UpstreamSettings;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::stage::settings;

/// A certificate that signs itself, and its key.
pub(crate) struct Pair {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Pair {
    pub(crate) fn of(name: &str) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        Self {
            certificate: cert,
            key: signing_key,
        }
    }

    /// Both, PEM.
    pub(crate) fn pem(&self) -> String {
        self.certificate.pem() + &self.key.serialize_pem()
    }

    /// A server that shows it, offers these protocols, and wants the client's certificate where that is given.
    pub(crate) async fn serve(
        &self,
        protocols: &[&str],
        client: Option<&Self>,
        router: Router,
    ) -> SocketAddr {
        let acceptor = TlsAcceptor::from(Arc::new(self.config(protocols, client)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, router) = (acceptor.clone(), router.clone());
                tokio::spawn(async move {
                    let stream = TokioIo::new(acceptor.accept(stream).await?);
                    let server = Builder::new(TokioExecutor::new());
                    let service = TowerToHyperService::new(router);
                    let _ = server.serve_connection_with_upgrades(stream, service).await;
                    Ok::<_, std::io::Error>(())
                });
            }
        });
        address
    }

    fn config(&self, protocols: &[&str], client: Option<&Self>) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider.clone());
        let config = config
            .with_safe_default_protocol_versions()
            .expect("versions");
        let config = match client {
            None => config.with_no_client_auth(),
            Some(client) => {
                let mut roots = RootCertStore::empty();
                roots.add(client.certificate.der().clone()).expect("a root");
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                config.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).expect("a key");
        let chain = vec![self.certificate.der().clone()];
        let mut config = config.with_single_cert(chain, key).expect("a pair");
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        config
    }
}

/// A server at `localhost` that offers these protocols, and its certificate.
pub(crate) async fn sealed(protocols: &[&str], router: Router) -> (SocketAddr, Vec<u8>) {
    let pair = Pair::of("localhost");
    let address = pair.serve(protocols, None, router).await;
    (address, pair.certificate.pem().into_bytes())
}

/// Settings by which this certificate is trusted.
pub(crate) fn trusting(root: Vec<u8>) -> UpstreamSettings {
    UpstreamSettings {
        extra_roots: vec![root],
        ..settings()
    }
}
