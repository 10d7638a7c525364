//! Transport security, as `gatepass serve` takes it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gatepass_server::{Config, Tls};

use super::settings::replace;

#[derive(Args, Clone)]
pub(crate) struct TlsArgs {
    /// "dev": make a certificate for this machine, from an authority made for it
    #[arg(long, value_name = "KIND", hide_possible_values = true, conflicts_with_all = ["tls_cert", "tls_key"])]
    tls: Option<TlsKind>,
    /// The certificate chain, in PEM; read again when it changes, and on SIGHUP
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TlsKind {
    /// From a local authority whose file is printed
    Dev,
}

impl TlsArgs {
    pub(super) fn apply(self, config: &mut Config) {
        replace(&mut config.tls, self.given());
    }

    /// What the flags say, if they say anything.
    pub(crate) fn given(self) -> Option<Tls> {
        match (self.tls, self.tls_cert, self.tls_key) {
            (Some(TlsKind::Dev), ..) => Some(Tls::Dev),
            (None, Some(cert), Some(key)) => Some(Tls::Files { cert, key }),
            _ => None,
        }
    }
}
