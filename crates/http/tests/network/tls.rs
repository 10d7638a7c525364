//! Certificates made for one test.

use std::sync::Arc;

use rcgen::{CertificateParams, Issuer, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, crypto::aws_lc_rs};

/// An authority that signs for servers and clients.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub(crate) pem: String,
    root: rcgen::Certificate,
}

/// A certificate and its key, in PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
    parts: (rcgen::Certificate, KeyPair),
}

impl Authority {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap();
        Self {
            pem: root.pem(),
            issuer: Issuer::new(params, key),
            root,
        }
    }

    /// A pair for `name`.
    pub(crate) fn pair(&self, name: &str) -> Pair {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            parts: (certificate, key),
        }
    }

    /// A server that is `name`.
    pub(crate) fn server(&self, name: &str) -> TlsAcceptor {
        self.acceptor(name, None)
    }

    /// A server that is `name` and lets in nobody without a certificate of this authority.
    pub(crate) fn strict_server(&self, name: &str) -> TlsAcceptor {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der().clone()).unwrap();
        self.acceptor(name, Some(roots))
    }

    fn acceptor(&self, name: &str, clients: Option<RootCertStore>) -> TlsAcceptor {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(roots) => builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .build()
                    .unwrap(),
            ),
        };
        let (certificate, key) = self.pair(name).parts;
        let config = builder
            .with_single_cert(
                vec![certificate.der().clone()],
                key.serialize_der().try_into().unwrap(),
            )
            .unwrap();
        Arc::new(config).into()
    }
}
