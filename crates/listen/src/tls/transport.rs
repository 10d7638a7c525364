//! What connections are sealed with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gatepass_proto::Timestamp;
use rustls::ServerConfig;

use super::{Certificate, Reloader, TlsError, asking, dev_tls, serving};
use crate::door::Seal;

/// What connections are sealed with; nothing by default.
#[derive(Debug, Default)]
pub struct Transport {
    /// How; `None` for not at all.
    pub config: Option<Arc<ServerConfig>>,
    /// The file of the authority that is made for this machine.
    pub ca: Option<PathBuf>,
    /// The operator's certificate, which may be replaced.
    pub certificate: Option<Arc<Certificate>>,
}

impl Transport {
    /// A certificate chain and its key, in PEM.
    ///
    /// # Errors
    ///
    /// A file is missing, malformed, or belongs to another. The message names the file and the remedy.
    pub fn of_files(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let certificate = Arc::new(Certificate::read(cert, key)?);
        Ok(Self {
            config: Some(serving(Arc::clone(&certificate))?),
            ca: None,
            certificate: Some(certificate),
        })
    }

    /// The development certificates in this folder; what is missing, damaged or about to end at `now` is made.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written.
    pub fn for_this_machine(folder: &Path, now: Timestamp) -> Result<Self, TlsError> {
        let dev = dev_tls(folder, now)?;
        Ok(Self {
            config: Some(dev.config),
            ca: Some(dev.ca),
            certificate: None,
        })
    }

    /// How a door with it seals its connections.
    pub fn seal(&self) -> Seal {
        self.config.clone().map_or(Seal::None, Seal::Tls)
    }

    /// The same, where clients are asked for a certificate, and go on without.
    ///
    /// # Errors
    ///
    /// The TLS library's.
    pub fn asking(&self) -> Result<Seal, rustls::Error> {
        match &self.config {
            Some(config) => asking(config).map(Seal::Asking),
            None => Ok(Seal::None),
        }
    }

    /// By which the certificate is read again.
    pub fn reloader(&self) -> Reloader {
        Reloader::of(self.certificate.as_ref())
    }
}
