//! Certificates for development: an authority of our own and a server certificate for this computer.
//!
//! The authority may vouch for this computer only (name constraints, RFC 5280 §4.2.1.10). Whoever tells a
//! browser to trust it risks nothing beyond, even if its key gets lost.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use gatepass_proto::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::ServerConfig;
use x509_parser::pem::parse_x509_pem;
use x509_parser::x509::SubjectPublicKeyInfo;
use zeroize::Zeroizing;

use super::{TlsError, tls_from_files};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the authority is good.
const CA_LIFE: Duration = DAY.saturating_mul(365);
/// How long a server certificate is good; it never outlives the authority.
const SERVER_LIFE: Duration = DAY.saturating_mul(90);
/// What has less than this left is replaced.
const RENEW: Duration = DAY.saturating_mul(7);
/// Certificates are good from a little before they are made, for clocks differ.
const SKEW: Duration = Duration::from_secs(60 * 60);

/// Names by which a computer calls itself.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What development TLS needs.
#[derive(Debug)]
pub(crate) struct DevTls {
    /// The server's configuration.
    pub(crate) config: Arc<ServerConfig>,
    /// The authority's certificate, for clients to trust.
    pub(crate) ca: PathBuf,
}

/// The development certificates in `folder`; those that are missing, damaged, or good for less than
/// seven days at `now` are made. The folder is made, too.
///
/// Files: `dev-ca.pem` for everyone to read; `dev-ca.key`, `dev-server.pem` and `dev-server.key`.
///
/// # Errors
///
/// A file cannot be read or written.
pub(crate) fn dev_tls(folder: &Path, now: Timestamp) -> Result<DevTls, TlsError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed("create", folder))?;
    // Of two servers that start at once the second finds what the first has made.
    let lock_path = folder.join("dev-tls.lock");
    let lock = File::create(&lock_path).map_err(failed("create", &lock_path))?;
    lock.lock().map_err(failed("lock", &lock_path))?;

    let ca = Pair::in_folder(folder, "dev-ca");
    let server = Pair::in_folder(folder, "dev-server");
    let ca_key = match ca.load(now, None)? {
        Some(key) => key,
        None => ca.store(0o644, make_ca(now)?)?,
    };
    if server.load(now, Some(&ca))?.is_none() {
        server.store(0o644, make_server(now, &ca, ca_key)?)?;
    }
    Ok(DevTls {
        config: tls_from_files(&server.cert, &server.key)?,
        ca: ca.cert,
    })
}

/// A certificate and its key, in two files.
struct Pair {
    cert: PathBuf,
    key: PathBuf,
}

impl Pair {
    fn in_folder(folder: &Path, name: &str) -> Self {
        Self {
            cert: folder.join(format!("{name}.pem")),
            key: folder.join(format!("{name}.key")),
        }
    }

    /// The key, if both files are there, belong together, stay good for a while and are signed by
    /// `issuer`, or by themselves.
    fn load(&self, now: Timestamp, issuer: Option<&Self>) -> Result<Option<KeyPair>, TlsError> {
        let issuer_cert = &issuer.unwrap_or(self).cert;
        let texts = (
            read_if_there(&self.cert)?,
            read_if_there(&self.key)?,
            read_if_there(issuer_cert)?,
        );
        let (Some(cert), Some(key), Some(issuer)) = texts else {
            return Ok(None);
        };
        let key = KeyPair::from_pem(&key)
            .ok()
            .filter(|key| fits(&cert, key, &issuer, now) == Some(true));
        if key.is_none() {
            tracing::info!(path = %self.cert.display(), "replacing a development certificate that is about to end or damaged");
        }
        Ok(key)
    }

    fn store(&self, mode: u32, (cert, key): (String, KeyPair)) -> Result<KeyPair, TlsError> {
        let pem = Zeroizing::new(key.serialize_pem());
        replace(&self.key, pem.as_bytes(), 0o600).map_err(failed("write", &self.key))?;
        replace(&self.cert, cert.as_bytes(), mode).map_err(failed("write", &self.cert))?;
        Ok(key)
    }
}

/// Whether `cert` is for `key`, signed by `issuer` and good for a while; `None` when it cannot be read.
fn fits(cert: &str, key: &KeyPair, issuer: &str, now: Timestamp) -> Option<bool> {
    let (_, cert) = parse_x509_pem(cert.as_bytes()).ok()?;
    let cert = cert.parse_x509().ok()?;
    let (_, issuer) = parse_x509_pem(issuer.as_bytes()).ok()?;
    let issuer = issuer.parse_x509().ok()?;
    let issuer_key: &SubjectPublicKeyInfo<'_> = issuer.public_key();
    let starts = u64::try_from(cert.validity().not_before.timestamp()).ok()?;
    let ends = u64::try_from(cert.validity().not_after.timestamp()).ok()?;
    Some(
        cert.public_key().subject_public_key.data == key.public_key_raw()
            && cert.verify_signature(Some(issuer_key)).is_ok()
            && Timestamp::from_secs(starts) <= now
            && Timestamp::from_secs(ends) > now + RENEW,
    )
}

fn make_ca(now: Timestamp) -> Result<(String, KeyPair), TlsError> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = params(now, now + CA_LIFE);
    // Trust stores tell authorities apart by name, and each new one has a new key.
    let mark = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
    params.distinguished_name = named(&format!("gatepass development CA {mark:08x}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![
            GeneralSubtree::DnsName("localhost".to_owned()),
            GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)),
            GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(
                std::net::Ipv6Addr::LOCALHOST.octets(),
                128,
            )),
        ],
        excluded_subtrees: Vec::new(),
    });
    Ok((params.self_signed(&key)?.pem(), key))
}

fn make_server(now: Timestamp, ca: &Pair, ca_key: KeyPair) -> Result<(String, KeyPair), TlsError> {
    let ca_text = read_if_there(&ca.cert)?.unwrap_or_default();
    let issuer = Issuer::from_ca_cert_pem(&ca_text, ca_key)?;
    let ca_end = end_of(&ca_text).unwrap_or(now + RENEW);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = params(now, ca_end.min(now + SERVER_LIFE));
    params.distinguished_name = named("localhost");
    params.subject_alt_names = CertificateParams::new(NAMES.map(str::to_owned))?.subject_alt_names;
    // Written out, so that the extension for the subject's key is there as well.
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok((params.signed_by(&key, &issuer)?.pem(), key))
}

fn params(now: Timestamp, end: Timestamp) -> CertificateParams {
    let epoch = date_time_ymd(1970, 1, 1);
    let at = |moment: Timestamp| epoch + Duration::from_secs(moment.as_secs());
    let mut params = CertificateParams::default();
    params.not_before = at(now - SKEW);
    params.not_after = at(end);
    params.use_authority_key_identifier_extension = true;
    params
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "gatepass development");
    name.push(DnType::CommonName, common_name);
    name
}

fn end_of(cert: &str) -> Option<Timestamp> {
    let (_, pem) = parse_x509_pem(cert.as_bytes()).ok()?;
    let end = pem.parse_x509().ok()?.validity().not_after.timestamp();
    u64::try_from(end).ok().map(Timestamp::from_secs)
}

fn read_if_there(path: &Path) -> Result<Option<Zeroizing<String>>, TlsError> {
    match fs::read(path) {
        // What is not text is damaged, and text that is damaged will be noticed.
        Ok(bytes) => Ok(Some(Zeroizing::new(
            String::from_utf8(bytes).unwrap_or_default(),
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Puts a whole new file in the place of `path`.
fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let draft = path.with_added_extension("new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(bytes)?;
    // Set apart from the umask.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()?;
    fs::rename(&draft, path)
}

fn failed(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> TlsError {
    let path = path.to_owned();
    move |source| TlsError::File { verb, path, source }
}
