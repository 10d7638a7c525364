//! The certificate that is served, which may be replaced while it is.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use gatepass_http::{Clock as _, SystemClock};
use gatepass_proto::Timestamp;
use rustls::client::verify_server_name;
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::{TlsError, certified};

/// How often the files are looked at. A look costs two calls to the system.
const LOOK: Duration = Duration::from_secs(5);
/// After how many looks the log says again until when the certificate is good: twice a day.
const REMIND: u64 = 12 * 3600 / LOOK.as_secs();
/// How long before its end a certificate is worth a warning.
pub const SOON: Duration = Duration::from_secs(14 * 24 * 3600);

/// A certificate chain and its key, from two files that may be replaced at any time: each connection gets what was there
/// last and made sense.
#[derive(Debug)]
pub struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    seen: Mutex<[Stamp; 2]>,
}

/// Tells a running server to read its certificate again.
#[derive(Clone, Debug)]
pub struct Reloader(Option<Arc<Certificate>>);

impl Reloader {
    /// Of the certificate that is served, if one is that may be replaced.
    pub fn of(certificate: Option<&Arc<Certificate>>) -> Self {
        Self(certificate.cloned())
    }

    /// Reads the certificate again. What makes no sense changes nothing; either is in the log.
    pub fn reload(&self) {
        match &self.0 {
            Some(certificate) => certificate.reload(),
            None => tracing::info!("there is no certificate to read again"),
        }
    }
}

/// By what a file is told from the one that was there before: where it lies, its length and its time.
type Stamp = Option<(u64, u64, i64, i64)>;

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    ///
    /// A file is missing, malformed, or belongs to another.
    pub fn read(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let seen = [stamp(cert), stamp(key)];
        let current = certified(cert, key)?;
        Ok(Self {
            cert: cert.to_owned(),
            key: key.to_owned(),
            current: RwLock::new(Arc::new(current)),
            seen: Mutex::new(seen),
        })
    }

    /// The file of the chain.
    pub(crate) fn file(&self) -> &Path {
        &self.cert
    }

    /// When the certificate ends; `None` if it does not say so in a way that can be read.
    pub fn expires(&self) -> Option<Timestamp> {
        let current = self.current();
        let (_, parsed) = X509Certificate::from_der(current.end_entity_cert().ok()?).ok()?;
        let end = u64::try_from(parsed.validity().not_after.timestamp()).ok()?;
        Some(Timestamp::from_secs(end))
    }

    /// Whether clients that look for `name` will take it.
    pub fn is_for(&self, name: &ServerName<'_>) -> bool {
        let current = self.current();
        let own = current
            .end_entity_cert()
            .and_then(ParsedCertificate::try_from);
        own.is_ok_and(|own| verify_server_name(&own, name).is_ok())
    }

    /// Reads the files again, whether they have changed or not. What makes no sense changes nothing.
    pub(crate) fn reload(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = self.stamps();
        match certified(&self.cert, &self.key) {
            Ok(new) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                self.tell();
            }
            Err(error) => {
                tracing::error!(%error, "the certificate was not replaced; the one from before is served on");
            }
        }
    }

    /// Says in the log until when the certificate is good.
    pub(crate) fn tell(&self) {
        let (file, now) = (self.cert.display(), SystemClock.now());
        let Some(end) = self.expires() else { return };
        let expires = end.as_secs();
        let left = end.as_secs().saturating_sub(now.as_secs());
        if left == 0 {
            tracing::error!(%file, expires, "the certificate has expired; replace it");
        } else if left < SOON.as_secs() {
            tracing::warn!(%file, expires, days = left / 86_400, "the certificate expires soon; replace it");
        } else {
            tracing::info!(%file, expires, days = left / 86_400, "serving this certificate");
        }
    }

    /// Reads the files again whenever they change, for as long as the server runs, and says now and then until when they
    /// are good. `told` hears it at each look.
    pub async fn watch(self: Arc<Self>, told: impl Fn(Timestamp) + Send) {
        self.tell();
        for looks in 1_u64.. {
            if let Some(end) = self.expires() {
                told(end);
            }
            tokio::time::sleep(LOOK).await;
            let own = Arc::clone(&self);
            // A file may lie behind a network.
            let _ = tokio::task::spawn_blocking(move || own.look()).await;
            if looks % REMIND == 0 {
                self.tell();
            }
        }
    }

    fn look(&self) {
        let stamps = self.stamps();
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if stamps != seen {
            self.reload();
        }
    }

    fn stamps(&self) -> [Stamp; 2] {
        [stamp(&self.cert), stamp(&self.key)]
    }

    fn current(&self) -> Arc<CertifiedKey> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn stamp(path: &Path) -> Stamp {
    let of = |file: Metadata| (file.ino(), file.len(), file.mtime(), file.mtime_nsec());
    path.metadata().ok().map(of)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use rcgen::{CertificateParams, KeyPair};

    use super::Certificate;

    /// A certificate and its key.
    fn pair() -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["login.example".to_owned()]).expect("a name");
        let certificate = params.self_signed(&key).expect("signed");
        (certificate.pem(), key.serialize_pem())
    }

    fn serves(certificate: &Certificate, cert: &str) -> bool {
        let current = certificate.current();
        let served = current.end_entity_cert().expect("one").to_vec();
        let (_, pem) = x509_parser::pem::parse_x509_pem(cert.as_bytes()).expect("PEM");
        served == pem.contents
    }

    fn replace(path: &Path, text: &str) {
        let draft = path.with_extension("new");
        fs::write(&draft, text).expect("written");
        fs::rename(&draft, path).expect("renamed");
    }

    #[test]
    fn a_pair_that_makes_sense_replaces_the_one_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let (cert, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        let (first, second) = (pair(), pair());
        fs::write(&cert, &first.0).expect("written");
        fs::write(&key, &first.1).expect("written");
        let certificate = Arc::new(Certificate::read(&cert, &key).expect("good"));
        assert!(certificate.expires().is_some());

        // Half of it is there: the key of the other certificate.
        replace(&cert, &second.0);
        certificate.look();
        assert!(serves(&certificate, &first.0));
        replace(&key, &second.1);
        certificate.look();
        assert!(serves(&certificate, &second.0));

        for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
            replace(&cert, broken);
            certificate.look();
            certificate.reload();
            assert!(serves(&certificate, &second.0), "{broken:?}");
        }
        fs::remove_file(&cert).expect("removed");
        certificate.look();
        assert!(serves(&certificate, &second.0));
        replace(&cert, &second.0);
        certificate.look();
        assert!(serves(&certificate, &second.0));
    }

    #[test]
    fn what_has_not_changed_is_not_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (cert, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        let own = pair();
        fs::write(&cert, &own.0).expect("written");
        fs::write(&key, &own.1).expect("written");
        let certificate = Certificate::read(&cert, &key).expect("good");
        let before = certificate.current();
        certificate.look();
        assert!(Arc::ptr_eq(&before, &certificate.current()));
        certificate.reload();
        assert!(!Arc::ptr_eq(&before, &certificate.current()));
    }
}
