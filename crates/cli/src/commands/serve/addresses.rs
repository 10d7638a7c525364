//! Where the server listens and what it is called, as `gatepass serve` takes it.

use std::net::SocketAddr;

use clap::Args;
use gatepass_server::Config;

use super::settings::replace;

#[derive(Args)]
pub(super) struct AddressArgs {
    /// Where to listen; port 0 takes any free one [default: 127.0.0.1:8484]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The URL under which others know this server [default: made from the address]
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The audience of tokens whose request names no resource [default: ISSUER/api]
    #[arg(long, value_name = "URI")]
    default_audience: Option<String>,
    /// A resource besides that one that every client may ask tokens for (RFC 8707); may be repeated
    #[arg(long, value_name = "URI")]
    resource: Vec<String>,
    /// Where operators ask for /health, /ready and /metrics (Prometheus); keep it from the internet
    #[arg(long, value_name = "ADDRESS:PORT")]
    operations_listen: Option<SocketAddr>,
}

impl AddressArgs {
    pub(super) fn apply(self, config: &mut Config) {
        replace(&mut config.listen, self.listen);
        replace(&mut config.issuer, self.issuer.map(Some));
        replace(
            &mut config.default_audience,
            self.default_audience.map(Some),
        );
        if !self.resource.is_empty() {
            config.tokens.resources = self.resource;
        }
        replace(&mut config.operations, self.operations_listen.map(Some));
    }
}
