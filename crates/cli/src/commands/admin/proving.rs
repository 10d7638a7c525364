//! How a client is to prove itself and bind its tokens, as `gatepass admin client add` takes it.

use std::path::{Path, PathBuf};

use clap::Args;
use gatepass_proto::decide::details::ClientDetails;
use serde_json::Value;

use crate::exit::Failure;

#[derive(Args)]
pub(super) struct Proving {
    /// How it proves itself: client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt or none
    /// [default: its secret by header or body]
    #[arg(long, value_name = "METHOD")]
    pub(super) auth_method: Option<String>,
    /// Its public keys, a JWK set
    #[arg(long, value_name = "FILE", conflicts_with = "jwks_uri")]
    jwks: Option<PathBuf>,
    /// Where it publishes its public keys
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<String>,
    /// Bind its access tokens to its key: token requests without a DPoP proof are refused
    #[arg(long)]
    dpop: bool,
    /// The master key, which client_secret_jwt needs [default: beside the database]
    #[arg(long, value_name = "FILE")]
    pub(super) master_key_file: Option<PathBuf>,
}

impl Proving {
    /// What of it stands in the client's record.
    pub(super) fn details(&self) -> Result<ClientDetails, Failure> {
        Ok(ClientDetails {
            jwks: self.jwks.as_deref().map(key_set).transpose()?,
            jwks_uri: self.jwks_uri.clone(),
            dpop_bound_access_tokens: self.dpop,
            ..ClientDetails::default()
        })
    }
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
