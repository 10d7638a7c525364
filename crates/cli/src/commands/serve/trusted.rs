use std::path::PathBuf;

use clap::Args;

/// Whose assertions are taken.
#[derive(Args)]
pub(super) struct TrustedArgs {
    /// Take signed assertions of this issuer about users here (RFC 7523), by the keys in this JWK set; may be repeated
    #[arg(long, value_name = "ISSUER=FILE", value_parser = pair)]
    trusted_issuer: Vec<(String, PathBuf)>,
}

impl TrustedArgs {
    pub(super) fn issuers(self) -> Vec<(String, PathBuf)> {
        self.trusted_issuer
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
