//! Certificates for a server and its clients, of an authority that lives as long as the test.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gatepass_proto::jose::SigningKey;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use serde_json::Value;
use tempfile::TempDir;

/// What the authority's client is called in its certificate.
pub(crate) const CLIENT: &str = "client.example.com";

/// The files, in PEM.
pub(crate) struct Certificates {
    pub(crate) authority: PathBuf,
    pub(crate) server: PathBuf,
    pub(crate) server_key: PathBuf,
    /// A client that the authority vouches for.
    pub(crate) client: PathBuf,
    pub(crate) client_key: PathBuf,
    /// A client that nobody vouches for, and its key as the server learns it.
    pub(crate) stranger: PathBuf,
    pub(crate) stranger_key: PathBuf,
    pub(crate) stranger_jwk: Value,
    _folder: TempDir,
}

impl Certificates {
    pub(crate) fn make() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let write = |name: &str, pem: String| {
            let path = folder.path().join(name);
            fs::write(&path, pem).map(|()| path)
        };
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

        let key = KeyPair::generate()?;
        let server = named("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth)?;
        let server = server.signed_by(&key, &authority)?;
        let client_key = KeyPair::generate()?;
        let client = named(CLIENT, ExtendedKeyUsagePurpose::ClientAuth)?;
        let client = client.signed_by(&client_key, &authority)?;
        let stranger_key = KeyPair::generate()?;
        let stranger = named("stranger.example.com", ExtendedKeyUsagePurpose::ClientAuth)?;
        let stranger = stranger.self_signed(&stranger_key)?;

        let mut jwk = SigningKey::from_pkcs8(&stranger_key.serialize_der())?
            .jwk()
            .clone();
        jwk["x5c"] = vec![BASE64_STANDARD.encode(stranger.der())].into();
        Ok(Self {
            authority: write("authority.pem", authority.pem())?,
            server: write("server.pem", server.pem())?,
            server_key: write("server.key", key.serialize_pem())?,
            client: write("client.pem", client.pem())?,
            client_key: write("client.key", client_key.serialize_pem())?,
            stranger: write("stranger.pem", stranger.pem())?,
            stranger_key: write("stranger.key", stranger_key.serialize_pem())?,
            stranger_jwk: jwk,
            _folder: folder,
        })
    }
}

fn named(name: &str, purpose: ExtendedKeyUsagePurpose) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    // By the same name as the authority's it would be taken for self-signed.
    params.distinguished_name.push(DnType::CommonName, name);
    params.extended_key_usages = vec![purpose];
    Ok(params)
}
