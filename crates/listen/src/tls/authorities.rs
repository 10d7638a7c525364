//! Who vouches for clients (RFC 8705 §2.1).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use super::{TlsError, read};

/// The authorities whose word about clients is taken.
#[derive(Clone, Debug)]
pub struct Authorities(Arc<dyn ClientCertVerifier>);

impl Authorities {
    /// Those in a PEM file.
    ///
    /// # Errors
    ///
    /// The file is missing, or holds something else.
    pub fn from_file(path: &Path) -> Result<Self, TlsError> {
        let malformed = |reason: String| TlsError::Authorities {
            path: path.to_owned(),
            reason,
        };
        let text = read(path)?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&text) {
            let certificate = certificate.map_err(|error| malformed(error.to_string()))?;
            roots
                .add(certificate)
                .map_err(|error| malformed(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(malformed("no `BEGIN CERTIFICATE` in it".to_owned()));
        }
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()))
            .build()
            .map(Self)
            .map_err(|error| malformed(error.to_string()))
    }

    /// Whether one of them vouches at this moment for the first of these certificates, by way of the others: signatures,
    /// dates, and that it is meant for clients (RFC 5280 §6).
    pub fn vouch_for(&self, chain: &[CertificateDer<'_>], now: Timestamp) -> bool {
        let Some((own, others)) = chain.split_first() else {
            return false;
        };
        let now = UnixTime::since_unix_epoch(Duration::from_millis(now.as_millis()));
        let verified = self.0.verify_client_cert(own, others, now);
        if let Err(error) = &verified {
            tracing::debug!(%error, "nobody vouches for a client's certificate");
        }
        verified.is_ok()
    }
}
