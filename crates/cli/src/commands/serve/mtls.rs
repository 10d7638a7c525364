//! Clients that show certificates (RFC 8705), and what proxies in front say of them, as `gatepass serve` takes it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use gatepass_server::{Config, Network};

use super::settings::replace;

#[derive(Args)]
pub(super) struct MtlsArgs {
    /// Where to listen for clients that show a certificate, besides; takes --tls-cert [default: nowhere; with --dev and
    /// --tls dev any free port]
    #[arg(long, value_name = "ADDRESS:PORT")]
    mtls_listen: Option<SocketAddr>,
    /// The URL in place of the issuer under which such clients find the endpoints [default: the issuer, with the port of
    /// --mtls-listen]
    #[arg(long, value_name = "URL")]
    mtls_url: Option<String>,
    /// The authorities whose word about clients is taken (tls_client_auth), in PEM; certificates that clients sign
    /// themselves and register need none
    #[arg(long, value_name = "FILE")]
    client_ca: Option<PathBuf>,
}

impl MtlsArgs {
    pub(super) fn apply(self, config: &mut Config) {
        let mtls = &mut config.mtls;
        replace(&mut mtls.listen, self.mtls_listen.map(Some));
        replace(&mut mtls.url, self.mtls_url.map(Some));
        replace(&mut mtls.client_ca, self.client_ca.map(Some));
    }
}

#[derive(Args)]
pub(super) struct ProxyArgs {
    /// A proxy in front, or its network, as 10.0.0.0/8: what it says in X-Forwarded-For or Forwarded of who asks is believed;
    /// may be repeated
    #[arg(long, value_name = "ADDRESS[/PREFIX]")]
    trusted_proxy: Vec<Network>,
    /// The header in which those proxies pass on a client's certificate, as nginx's $ssl_client_escaped_cert or as RFC 9440
    /// has it; they must take it out of what a client sends
    #[arg(long, value_name = "HEADER")]
    client_certificate_from: Option<String>,
}

impl ProxyArgs {
    pub(super) fn apply(self, config: &mut Config) {
        let proxies = &mut config.proxies;
        if !self.trusted_proxy.is_empty() {
            proxies.trusted = self.trusted_proxy;
        }
        let header = self.client_certificate_from.map(Some);
        replace(&mut proxies.client_certificate_from, header);
    }
}
