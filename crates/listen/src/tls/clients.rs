//! Connections on which clients show certificates.
//!
//! The handshake proves that the client has the certificate's key, and asks nobody whether that certificate is any good:
//! those that clients sign themselves must pass as well (RFC 8705 §2.2, §7.3). What one is worth is judged with the
//! request, when it is known which client asks.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tower::Layer as _;

use crate::connections::Tuned;
use crate::shown::{Connection, Shown};

/// The configuration `like` that one, which asks for a client's certificate and goes on without.
///
/// # Errors
///
/// The TLS library's.
pub fn asking(like: &ServerConfig) -> Result<Arc<ServerConfig>, rustls::Error> {
    let provider = default_provider();
    let anybody = Anybody(provider.signature_verification_algorithms);
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(anybody))
        .with_cert_resolver(Arc::clone(&like.cert_resolver));
    config.alpn_protocols.clone_from(&like.alpn_protocols);
    Ok(Arc::new(config))
}

/// Takes any certificate whose key the client has.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl ClientCertVerifier for Anybody {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No authority is named, for a client would keep back what that authority has not issued.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

/// Accepts connections, and has each request of one carry its certificate in the extensions.
#[derive(Clone, Debug)]
pub(crate) struct Asking(RustlsAcceptor<Tuned>);

impl Asking {
    /// By what [`asking`] has made.
    pub(crate) fn new(config: Arc<ServerConfig>) -> Self {
        let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(config));
        Self(acceptor.acceptor(Tuned))
    }
}

type Accepted<S> = (TlsStream<TcpStream>, AddExtension<S, Connection>);

impl<S: Send + 'static> Accept<TcpStream, S> for Asking {
    type Stream = TlsStream<TcpStream>;
    type Service = AddExtension<S, Connection>;
    type Future = Pin<Box<dyn Future<Output = io::Result<Accepted<S>>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let accepting = self.0.accept(stream, service);
        Box::pin(async move {
            let failed = |error| {
                tracing::debug!(%error, "the handshake with a client failed");
                error
            };
            let (stream, service) = accepting.await.map_err(failed)?;
            let (_, session) = stream.get_ref();
            let certificate = match session.peer_certificates() {
                None | Some([]) => None,
                Some(chain) => {
                    let chain = chain.iter().map(|own| own.clone().into_owned());
                    let unread = || io::Error::other("a client's certificate cannot be read");
                    Some(Shown::read(chain.collect()).ok_or_else(unread)?)
                }
            };
            let service = Extension(Connection { certificate }).layer(service);
            Ok((stream, service))
        })
    }
}
