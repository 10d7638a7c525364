//! TLS: from the operator's certificate, or from a development authority of our own (see [`dev`]).

mod authorities;
mod certificate;
mod clients;
mod dev;
mod transport;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

pub use authorities::Authorities;
pub use certificate::{Certificate, Reloader, SOON};
pub(crate) use clients::Asking;
pub use clients::asking;
pub(crate) use dev::dev_tls;
pub use transport::Transport;

/// HTTP/2 first, for the clients that can.
const ALPN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file or folder cannot be read or written.
    #[error("cannot {verb} {path}: {source}", path = path.display())]
    File {
        /// `read`, `write` ….
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate file holds something else.
    #[error(
        "{path} holds no certificate that can be read ({reason}); --tls-cert wants a PEM file with the server's certificate first and the intermediate ones after it",
        path = path.display()
    )]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key file holds something else.
    #[error(
        "{path} holds no private key that can be read ({reason}); --tls-key wants an unencrypted PEM file, PKCS#8, PKCS#1 or SEC1",
        path = path.display()
    )]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file of those who vouch for clients holds something else.
    #[error(
        "{path} holds no authority that can be read ({reason}); --client-ca wants a PEM file with the certificates of those who vouch for clients",
        path = path.display()
    )]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Both are well-formed, but each belongs to another.
    #[error(
        "the private key in {key} does not belong to the first certificate in {cert}; give the key that this certificate was issued for",
        cert = cert.display(), key = key.display()
    )]
    Mismatch {
        /// The certificate file.
        cert: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// A development certificate cannot be made.
    #[error("cannot make a development certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// The TLS library refuses the configuration.
    #[error("cannot serve TLS with {path}: {reason}", path = path.display())]
    Refused {
        /// The certificate file.
        path: PathBuf,
        /// What the library said.
        reason: rustls::Error,
    },
}

/// The configuration for a certificate and its key, both PEM files.
///
/// # Errors
///
/// A file is missing, malformed, or belongs to another. The message names the file and the remedy.
pub(crate) fn tls_from_files(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    serving(Arc::new(Certificate::read(cert, key)?))
}

/// The configuration that serves whatever `certificate` is at the moment.
///
/// # Errors
///
/// The TLS library's.
pub(crate) fn serving(certificate: Arc<Certificate>) -> Result<Arc<ServerConfig>, TlsError> {
    // The provider is named, so that what else is linked in, or set for the process, cannot change it.
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|reason| TlsError::Refused {
            path: certificate.file().to_owned(),
            reason,
        })?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = ALPN.map(<[u8]>::to_vec).to_vec();
    Ok(Arc::new(config))
}

/// The chain and the key in two files, which belong together.
fn certified(cert: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain = read_chain(cert)?;
    let private = read_key(key)?;
    CertifiedKey::from_der(chain, private, &default_provider()).map_err(|reason| match reason {
        rustls::Error::InconsistentKeys(_) => TlsError::Mismatch {
            cert: cert.to_owned(),
            key: key.to_owned(),
        },
        rustls::Error::InvalidCertificate(reason) => TlsError::Certificate {
            path: cert.to_owned(),
            reason: reason.to_string(),
        },
        reason => TlsError::Refused {
            path: cert.to_owned(),
            reason,
        },
    })
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let malformed = |reason: String| TlsError::Certificate {
        path: path.to_owned(),
        reason,
    };
    let text = read(path)?;
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| malformed(error.to_string()))?;
    if chain.is_empty() {
        return Err(malformed("no `BEGIN CERTIFICATE` in it".to_owned()));
    }
    Ok(chain)
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let malformed = |reason: &str| TlsError::Key {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let text = read(path)?;
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound if contains(&text, b"ENCRYPTED") => {
            malformed("it is encrypted; decrypt it with `openssl pkey`")
        }
        pem::Error::NoItemsFound => malformed("no `BEGIN PRIVATE KEY` in it"),
        // Other errors may quote the line they stumbled upon.
        _ => malformed("its PEM is damaged"),
    })?;
    // Told apart here from a mismatch, for which the library would need the certificate.
    default_provider()
        .key_provider
        .load_private_key(key.clone_key())
        .map_err(|_| malformed("it is not a key of a kind that TLS can use"))?;
    Ok(key)
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    std::fs::read(path)
        .map(Zeroizing::new)
        .map_err(|source| TlsError::File {
            verb: "read",
            path: path.to_owned(),
            source,
        })
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests;
