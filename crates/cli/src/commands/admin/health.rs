//! `gatepass admin health`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use gatepass_http::{Egress, HttpTransport, Transport as _};

use super::Which;
use crate::context::Context;
use crate::exit::{Exit, Failure};
use crate::output;

/// How long the server may take, which itself gives its database two seconds.
const PATIENCE: Duration = Duration::from_secs(4);

/// Ask the running server whether it is ready, as a container's health check does
///
/// Asks /ready at the address that operations_listen names in the configuration.
#[derive(Args)]
#[command(after_help = "\
Examples:
  gatepass admin health
  gatepass admin health --address 127.0.0.1:9464")]
pub(super) struct Health {
    /// Where it answers operators [default: operations_listen of the configuration]
    #[arg(long, value_name = "ADDRESS:PORT")]
    address: Option<SocketAddr>,
    #[command(flatten)]
    which: Which,
}

impl Health {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let address = match self.address {
            Some(address) => address,
            None => self.which.settings(context)?.operations.ok_or_else(|| {
                Failure::usage(
                    "the configuration has no operations_listen; set it, or use --address",
                )
            })?,
        };
        let address = reachable(address);
        let fault = |why: String| Failure::new(Exit::Network, format!("{address}: {why}"));
        let egress = Egress {
            connect_timeout: PATIENCE,
            timeout: PATIENCE,
            allow_private_hosts: true,
            ..Egress::default()
        };
        let transport = HttpTransport::new(egress).map_err(|error| fault(error.to_string()))?;
        let request = http::Request::get(format!("http://{address}/ready")).body(Vec::new());
        let request = request.map_err(|error| fault(error.to_string()))?;
        let answer = transport.send(request).await;
        let answer = answer.map_err(|error| fault(error.to_string()))?;
        let text = String::from_utf8_lossy(answer.body());
        match answer.status().is_success() {
            true => output::line(output::tame(text.trim_end()).as_str()),
            false => Err(fault(output::tame(text.trim_end()))),
        }
    }
}

/// A server that listens everywhere listens here too.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
