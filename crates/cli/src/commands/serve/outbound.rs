//! Where the server may go when a client sends it somewhere, as `gatepass serve` takes it.

use std::path::PathBuf;

use clap::Args;
use gatepass_server::Config;

#[derive(Args)]
pub(super) struct OutboundArgs {
    /// Let the addresses that clients name, such as their jwks_uri, be this machine or one of its network
    #[arg(long)]
    outbound_private: bool,
    /// A certificate authority to trust besides the system's when the server fetches something, in PEM
    #[arg(long, value_name = "FILE")]
    outbound_ca: Option<PathBuf>,
}

impl OutboundArgs {
    pub(super) fn apply(self, config: &mut Config) {
        let outbound = &mut config.outbound;
        outbound.allow_private_hosts |= self.outbound_private;
        outbound.extra_ca = self.outbound_ca.or(outbound.extra_ca.take());
    }
}
