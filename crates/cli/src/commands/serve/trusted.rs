//! Whose assertions are taken, as `gatepass serve` takes it.

use std::path::PathBuf;

use clap::Args;
use gatepass_server::Config;

/// Whose assertions are taken.
#[derive(Args)]
pub(super) struct TrustedArgs {
    /// Take signed assertions of this issuer about users here (RFC 7523), by the keys in this JWK set; may be repeated
    #[arg(long, value_name = "ISSUER=FILE", value_parser = pair)]
    trusted_issuer: Vec<(String, PathBuf)>,
}

impl TrustedArgs {
    pub(super) fn apply(self, config: &mut Config) {
        if !self.trusted_issuer.is_empty() {
            config.trusted_issuers = self.trusted_issuer;
        }
    }
}

fn pair(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((issuer, file)) if !issuer.is_empty() && !file.is_empty() => {
            Ok((issuer.to_owned(), PathBuf::from(file)))
        }
        _ => Err("expected ISSUER=FILE, such as https://cluster.example=jwks.json".to_owned()),
    }
}
