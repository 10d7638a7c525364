//! How a client is to prove itself and bind its tokens, as `gatepass admin client add` takes it.

use std::path::{Path, PathBuf};

use clap::Args;
use gatepass_proto::decide::details::ClientDetails;
use gatepass_server::certificate_jwk;
use serde_json::Value;

use crate::exit::Failure;

#[derive(Args)]
pub(super) struct Proving {
    /// How it proves itself: client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, tls_client_auth,
    /// self_signed_tls_client_auth or none [default: its secret by header or body]
    #[arg(long, value_name = "METHOD")]
    pub(super) auth_method: Option<String>,
    /// Its public keys, a JWK set
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks: Option<PathBuf>,
    /// Where it publishes its public keys
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<String>,
    /// Its certificate in PEM, which is registered as a JWK set
    #[arg(long, value_name = "FILE", conflicts_with_all = ["jwks", "jwks_uri"])]
    certificate: Option<PathBuf>,
    #[command(flatten)]
    certified: CertifiedName,
    /// Bind its access tokens to its key: token requests without a DPoP proof are refused
    #[arg(long)]
    dpop: bool,
    /// Bind its access tokens to its certificate: token requests without one are refused (RFC 8705)
    #[arg(long)]
    certificate_bound: bool,
    /// The master key, which client_secret_jwt needs [default: beside the database]
    #[arg(long, value_name = "FILE")]
    pub(super) master_key_file: Option<PathBuf>,
}

/// The one name by which an authority knows it (RFC 8705 §2.1.2).
#[derive(Args)]
#[group(multiple = false, requires = "auth_method")]
struct CertifiedName {
    /// For tls_client_auth: the subject of its certificate (RFC 4514), as in "CN=robot,O=Example"
    #[arg(long, value_name = "NAME")]
    tls_client_auth_subject_dn: Option<String>,
    /// For tls_client_auth: a host name in its certificate
    #[arg(long, value_name = "HOST")]
    tls_client_auth_san_dns: Option<String>,
    /// For tls_client_auth: a URI in its certificate
    #[arg(long, value_name = "URI")]
    tls_client_auth_san_uri: Option<String>,
    /// For tls_client_auth: an IP address in its certificate
    #[arg(long, value_name = "ADDRESS")]
    tls_client_auth_san_ip: Option<String>,
    /// For tls_client_auth: a mail address in its certificate
    #[arg(long, value_name = "ADDRESS")]
    tls_client_auth_san_email: Option<String>,
}

impl Proving {
    /// What of it stands in the client's record.
    pub(super) fn details(&self) -> Result<ClientDetails, Failure> {
        let jwks = match (&self.jwks, &self.certificate) {
            (Some(path), _) => Some(key_set(path)?),
            (None, Some(path)) => Some(certificate(path)?),
            (None, None) => None,
        };
        let name = &self.certified;
        Ok(ClientDetails {
            jwks,
            jwks_uri: self.jwks_uri.clone(),
            tls_client_auth_subject_dn: name.tls_client_auth_subject_dn.clone(),
            tls_client_auth_san_dns: name.tls_client_auth_san_dns.clone(),
            tls_client_auth_san_uri: name.tls_client_auth_san_uri.clone(),
            tls_client_auth_san_ip: name.tls_client_auth_san_ip.clone(),
            tls_client_auth_san_email: name.tls_client_auth_san_email.clone(),
            tls_client_certificate_bound_access_tokens: self.certificate_bound,
            dpop_bound_access_tokens: self.dpop,
            ..ClientDetails::default()
        })
    }
}

/// A JWK set of one certificate.
fn certificate(path: &Path) -> Result<Value, Failure> {
    let fault = |why: String| Failure::error(format!("cannot use {}: {why}", path.display()));
    let text = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let jwk = certificate_jwk(&text).map_err(|why| fault(why.to_owned()))?;
    Ok(serde_json::json!({ "keys": [jwk] }))
}

/// A JWK set, or one JWK.
fn key_set(path: &Path) -> Result<Value, Failure> {
    let fault = |why: String| Failure::error(format!("cannot use {}: {why}", path.display()));
    let text = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let read: Value =
        serde_json::from_slice(&text).map_err(|_| fault("it is not JSON".to_owned()))?;
    if read.get("kty").is_some() {
        return Ok(serde_json::json!({ "keys": [read] }));
    }
    Ok(read)
}
