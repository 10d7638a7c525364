//! Which certificates an upstream may show, and which it is shown.

use std::sync::Arc;

use gatepass_proto::Secret;
use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use rustls_platform_verifier::Verifier;

use super::{UpstreamError, UpstreamSettings};

/// The rules of TLS: whom the system trusts is trusted, and extra authorities. The system's are read only where they are
/// `needed`.
pub(super) fn rules(
    settings: &UpstreamSettings,
    needed: bool,
) -> Result<ClientConfig, UpstreamError> {
    let extra = roots(&settings.extra_roots)?;
    let unusable = |error: rustls::Error| UpstreamError::SystemRoots(error.to_string());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let rules = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(unusable)?;
    let rules = match needed {
        false => rules.with_root_certificates(RootCertStore::empty()),
        true => {
            let verifier = Verifier::new_with_extra_roots(extra, provider).map_err(unusable)?;
            rules
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    identified(rules, settings.identity.as_ref()).ok_or(UpstreamError::Identity)
}

fn identified(
    rules: ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: Option<&Secret>,
) -> Option<ClientConfig> {
    let Some(pem) = identity.map(|pem| pem.expose().as_bytes()) else {
        return Some(rules.with_no_client_auth());
    };
    let chain = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .ok()?;
    let key = PrivateKeyDer::from_pem_slice(pem).ok()?;
    rules.with_client_auth_cert(chain, key).ok()
}

fn roots(files: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>, UpstreamError> {
    let mut roots = Vec::new();
    for pem in files {
        let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let found = found.map_err(|_| UpstreamError::Root)?;
        if found.is_empty() {
            return Err(UpstreamError::Root);
        }
        roots.extend(found);
    }
    Ok(roots)
}
