use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gatepass_proto::Timestamp;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use super::{TlsError, dev_tls, tls_from_files};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp::from_secs(since.unwrap().as_secs())
}

/// Shakes hands in memory, as a client that trusts `ca` and calls `name`.
fn handshake(server: &Arc<ServerConfig>, ca: &Path, name: &str) -> Result<Vec<u8>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(ca).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut server = ServerConnection::new(server.clone()).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut rest = &wire[..];
        while !rest.is_empty() {
            server.read_tls(&mut rest).unwrap();
            server.process_new_packets()?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut rest = &wire[..];
        while !rest.is_empty() {
            client.read_tls(&mut rest).unwrap();
            client.process_new_packets()?;
        }
    }
    Ok(client.alpn_protocol().unwrap_or_default().to_vec())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn dev_certificates_serve_this_computer_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let tls = dev_tls(folder.path(), now()).unwrap();
    for name in ["localhost", "127.0.0.1", "::1"] {
        assert_eq!(
            handshake(&tls.config, &tls.ca, name).as_deref(),
            Ok(&b"h2"[..])
        );
    }
    for name in ["example.com", "127.0.0.2", "sub.localhost"] {
        assert!(handshake(&tls.config, &tls.ca, name).is_err(), "{name}");
    }
    assert_eq!(tls.ca, folder.path().join("dev-ca.pem"));
    assert_eq!(mode(&tls.ca), 0o644);
    for key in ["dev-ca.key", "dev-server.key"] {
        assert_eq!(mode(&folder.path().join(key)), 0o600);
    }
    let other = tempfile::tempdir().unwrap();
    let other = dev_tls(other.path(), now()).unwrap();
    assert!(handshake(&tls.config, &other.ca, "localhost").is_err());
}

#[test]
fn dev_certificates_are_kept_until_a_week_before_their_end() {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
    let made = now();
    dev_tls(folder.path(), made).unwrap();
    let (ca, server) = (read("dev-ca.pem"), read("dev-server.pem"));

    dev_tls(folder.path(), made + DAY * 82).unwrap();
    assert_eq!(
        (&read("dev-ca.pem"), &read("dev-server.pem")),
        (&ca, &server)
    );
    let tls = dev_tls(folder.path(), made + DAY * 84).unwrap();
    assert_eq!(read("dev-ca.pem"), ca);
    assert_ne!(read("dev-server.pem"), server);
    assert!(tls.config.alpn_protocols.len() == 2);

    dev_tls(folder.path(), made + DAY * 359).unwrap();
    assert_ne!(read("dev-ca.pem"), ca);
}

#[test]
fn what_a_crash_or_a_hand_left_behind_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let files = [
        "dev-ca.pem",
        "dev-ca.key",
        "dev-server.pem",
        "dev-server.key",
    ];
    let other = tempfile::tempdir().unwrap();
    dev_tls(other.path(), now()).unwrap();
    for file in files {
        for damage in ["gone", "empty", "binary", "another's"] {
            dev_tls(folder.path(), now()).unwrap();
            match damage {
                "gone" => fs::remove_file(path(file)).unwrap(),
                "empty" => fs::write(path(file), "").unwrap(),
                "binary" => fs::write(path(file), [0xff; 9]).unwrap(),
                _ => drop(fs::copy(other.path().join(file), path(file)).unwrap()),
            }
            let tls = dev_tls(folder.path(), now()).unwrap();
            let shaken = handshake(&tls.config, &tls.ca, "localhost");
            assert!(shaken.is_ok(), "{file} {damage}: {shaken:?}");
        }
    }
    // A draft that a crash left does not stand in the way.
    fs::write(path("dev-ca.pem.new"), "").unwrap();
    fs::remove_file(path("dev-ca.pem")).unwrap();
    dev_tls(folder.path(), now()).unwrap();
}

#[test]
fn files_of_the_operator_are_read_or_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let pair = || {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["login.example.com".to_owned()]).unwrap();
        let cert = params.self_signed(&key).unwrap().pem();
        (cert, key.serialize_pem())
    };
    let ((cert_text, key_text), (_, other_key)) = (pair(), pair());
    let cert = path("cert.pem", &cert_text);
    let key = path("key.pem", &key_text);
    assert_eq!(tls_from_files(&cert, &key).unwrap().alpn_protocols.len(), 2);
    let both = path("both.pem", &format!("{key_text}{cert_text}"));
    assert!(tls_from_files(&both, &both).is_ok());

    let fails = |cert: &Path, key: &Path| tls_from_files(cert, key).unwrap_err();
    let error = fails(&cert, &path("other.pem", &other_key));
    assert!(matches!(error, TlsError::Mismatch { .. }), "{error}");
    let error = fails(&key, &cert);
    assert!(matches!(error, TlsError::Certificate { .. }), "{error}");
    let error = fails(&cert, &cert);
    assert!(matches!(error, TlsError::Key { .. }), "{error}");
    let error = fails(&folder.path().join("none.pem"), &key);
    assert!(
        matches!(error, TlsError::File { verb: "read", .. }),
        "{error}"
    );
    for text in ["", "hunter2", &cert_text[..cert_text.len() / 2]] {
        let error = fails(&path("bad.pem", text), &key);
        assert!(matches!(error, TlsError::Certificate { .. }), "{error}");
    }
    let rubbish = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let error = fails(&path("bad.pem", rubbish), &key);
    assert!(matches!(error, TlsError::Certificate { .. }), "{error}");

    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let error = fails(&cert, &path("bad.pem", encrypted)).to_string();
    assert!(error.contains("it is encrypted"), "{error}");
    let rubbish = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for text in ["", "hunter2", rubbish, &rubbish.replace("AAAA", "hunter2!")] {
        let error = fails(&cert, &path("bad.pem", text));
        assert!(matches!(error, TlsError::Key { .. }), "{error}");
        assert!(
            !error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2")
        );
    }
}

/// Makes development certificates in `$GATEPASS_DEV_TLS`, for other programs to judge.
#[test]
fn dev_certificates_can_be_looked_at() {
    if let Some(folder) = std::env::var_os("GATEPASS_DEV_TLS") {
        dev_tls(Path::new(&folder), now()).unwrap();
    }
}
