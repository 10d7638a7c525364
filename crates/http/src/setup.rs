//! What the rules name that has to be read first: certificates, a key, a proxy.

use gatepass_proto::Secret;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use url::Url;

use crate::Egress;

/// The rules cannot be kept as they are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// [`Egress::extra_roots`].
    #[error(
        "the extra CA certificate cannot be read: expected a PEM file with at least one certificate"
    )]
    Root,
    /// [`Egress::identity`].
    #[error(
        "the client certificate cannot be read: expected PEM with the certificate, the chain above it, and the \
         private key, unencrypted"
    )]
    Identity,
    /// [`Egress::identity`], whose two halves are not of one pair.
    #[error(
        "the private key does not belong to the client certificate: expected the key of the first certificate"
    )]
    OtherKey,
    /// [`Egress::proxy`].
    #[error("the proxy cannot be used: expected http://host:port or https://host:port")]
    Proxy,
}

/// What the connection pools are built from.
pub(crate) struct Setup {
    pub(crate) roots: Vec<reqwest::Certificate>,
    pub(crate) identity: Option<reqwest::Identity>,
    pub(crate) proxy: Option<reqwest::Proxy>,
}

impl Setup {
    /// Reads what the rules name.
    pub(crate) fn read(egress: &Egress) -> Result<Self, SetupError> {
        Ok(Self {
            roots: roots(&egress.extra_roots)?,
            identity: egress.identity.as_ref().map(identity).transpose()?,
            proxy: match &egress.proxy {
                Some(url) => Some(proxy(url, egress.environment_proxy)?),
                None => None,
            },
        })
    }
}

fn roots(files: &[Vec<u8>]) -> Result<Vec<reqwest::Certificate>, SetupError> {
    let mut roots = Vec::new();
    for pem in files {
        let found = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| SetupError::Root)?;
        if found.is_empty() {
            return Err(SetupError::Root);
        }
        roots.extend(found);
    }
    Ok(roots)
}

/// Both halves, and that they belong together: the library would say so at the first request only.
fn identity(pem: &Secret) -> Result<reqwest::Identity, SetupError> {
    let pem = pem.expose().as_bytes();
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| SetupError::Identity)?;
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| SetupError::Identity)?;
    if chain.is_empty() {
        return Err(SetupError::Identity);
    }
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, key, &provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => SetupError::OtherKey,
        _ => SetupError::Identity,
    })?;
    reqwest::Identity::from_pem(pem).map_err(|_| SetupError::Identity)
}

fn proxy(url: &Url, environment: bool) -> Result<reqwest::Proxy, SetupError> {
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(SetupError::Proxy);
    }
    let proxy = reqwest::Proxy::all(url.clone()).map_err(|_| SetupError::Proxy)?;
    Ok(match environment {
        true => proxy.no_proxy(reqwest::NoProxy::from_env()),
        false => proxy,
    })
}
