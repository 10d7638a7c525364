//! Certificates made for a test, and connections on which a client shows one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use gatepass_proto::Digest;
use gatepass_server::{Config, Mtls, Tls, certificate_jwk};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::wire::{Answer, Call, hear};
use crate::world::World;

/// What the clients of these tests are called in their certificates.
pub(crate) const NAME: &str = "robot.example.com";

/// An authority.
pub(crate) type Authority = CertifiedIssuer<'static, KeyPair>;

/// A client's certificate, with those that vouch for it, and its key.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) pem: String,
    key: Vec<u8>,
}

/// The files that a server is started with, and its authority.
pub(crate) struct Papers {
    folder: TempDir,
    pub(crate) authority: Authority,
}

/// An authority of this name, of itself or of another.
pub(crate) fn authority(name: &str, of: Option<&Authority>) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    match of {
        None => CertifiedIssuer::self_signed(params, key),
        Some(issuer) => CertifiedIssuer::signed_by(params, key, issuer),
    }
    .expect("an authority")
}

/// What a good client's certificate says; `CN=Robot,O=Example`.
pub(crate) fn robot() -> CertificateParams {
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).expect("a name");
    let name = &mut params.distinguished_name;
    *name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "Example");
    name.push(DnType::CommonName, "Robot");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params
}

/// The same, which has expired.
pub(crate) fn expired() -> CertificateParams {
    let mut params = robot();
    params.not_before = date_time_ymd(2019, 1, 1);
    params.not_after = date_time_ymd(2020, 1, 1);
    params
}

impl Identity {
    /// Signed by an authority.
    pub(crate) fn signed(params: &CertificateParams, by: &Authority) -> Self {
        let key = KeyPair::generate().expect("a key");
        let made = params.signed_by(&key, by).expect("a certificate");
        Self::of(&made, &key)
    }

    /// Signed by itself.
    pub(crate) fn own(params: &CertificateParams) -> Self {
        let key = KeyPair::generate().expect("a key");
        let made = params.self_signed(&key).expect("a certificate");
        Self::of(&made, &key)
    }

    fn of(made: &rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            chain: vec![made.der().clone()],
            pem: made.pem(),
            key: key.serialize_der(),
        }
    }

    /// With the certificate of an authority in between.
    pub(crate) fn by_way_of(mut self, authority: &Authority) -> Self {
        self.chain.push(authority.der().clone());
        self
    }

    /// `x5t#S256`.
    pub(crate) fn thumbprint(&self) -> String {
        Digest::of(self.der()).to_base64url()
    }

    /// The certificate's bytes.
    pub(crate) fn der(&self) -> &CertificateDer<'static> {
        self.chain.first().expect("a certificate")
    }

    /// A JWK set with the certificate.
    pub(crate) fn jwks(&self) -> Value {
        json!({ "keys": [certificate_jwk(self.pem.as_bytes()).expect("a key")] })
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.clone()).expect("a key")
    }
}

impl Papers {
    pub(crate) fn new() -> Self {
        let authority = authority("Test authority", None);
        let folder = tempfile::tempdir().expect("a folder");
        let papers = Self { folder, authority };
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let server = Identity::signed(&params, &papers.authority);
        let key = KeyPair::try_from(server.key.as_slice()).expect("a key");
        papers.write("server.pem", &server.pem);
        papers.write("server.key", &key.serialize_pem());
        papers.write("ca.pem", &papers.authority.pem());
        papers
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A client that the authority vouches for.
    pub(crate) fn robot(&self) -> Identity {
        Identity::signed(&robot(), &self.authority)
    }

    /// Has a server serve over TLS, and take clients' certificates at a port of their own.
    pub(crate) fn seal(&self, config: &mut Config) {
        config.tls = Tls::Files {
            cert: self.path("server.pem"),
            key: self.path("server.key"),
        };
        config.mtls = Mtls {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            client_ca: Some(self.path("ca.pem")),
            ..Mtls::default()
        };
    }

    /// Sends a request over TLS, showing a certificate or none.
    pub(crate) async fn send(&self, to: SocketAddr, call: &Call, by: Option<&Identity>) -> Answer {
        let heard = self.exchange(to, call, by).await.expect("a handshake");
        Answer::read(&heard)
    }

    async fn exchange(
        &self,
        to: SocketAddr,
        call: &Call,
        by: Option<&Identity>,
    ) -> std::io::Result<Vec<u8>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).expect("a root");
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let config = match by {
            None => config.with_no_client_auth(),
            Some(own) => config
                .with_client_auth_cert(own.chain.clone(), own.key())
                .expect("an identity"),
        };
        let stream = TcpStream::connect(to).await?;
        let name = ServerName::from(to.ip());
        let mut stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await?;
        stream.write_all(&call.bytes()).await?;
        Ok(hear(&mut stream).await)
    }
}

impl World {
    /// A server with the ready-made set that takes clients' certificates.
    pub(crate) async fn sealed(papers: &Papers, change: impl FnOnce(&mut Config)) -> Self {
        Self::dev_with(|config| {
            papers.seal(config);
            change(config);
        })
        .await
    }

    /// Where clients with certificates come in.
    pub(crate) fn certified(&self) -> SocketAddr {
        let base = self.mtls.as_deref().expect("it takes certificates");
        let authority = base.strip_prefix("https://").expect("https");
        let authority = authority.split('/').next().unwrap_or_default();
        authority.parse().expect("an address")
    }
}
