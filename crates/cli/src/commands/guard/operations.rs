//! Where operators ask about the guard.

use std::net::{SocketAddr, TcpListener};

use gatepass_gateway::{Config, Gate};
use gatepass_listen::bind;
use tokio::task::JoinHandle;

use crate::commands::report::Check;
use crate::exit::Failure;

/// A listener for operators, if the settings name one.
pub(super) struct Operations(Option<(TcpListener, SocketAddr)>);

impl Operations {
    /// Listens where the settings say.
    ///
    /// # Errors
    ///
    /// The address is not to be had.
    pub(super) fn listen(config: &Config) -> Result<Self, Failure> {
        let bound = config.operations_listen.map(|address| {
            bind(address)
                .map_err(|error| Failure::error(format!("operations_listen: {address}: {error}")))
        });
        bound.transpose().map(Self)
    }

    /// Its URL.
    pub(super) fn url(&self) -> Option<String> {
        self.0
            .as_ref()
            .map(|(_, address)| format!("http://{address}"))
    }

    /// Answers operators about this guard, until it is aborted.
    pub(super) fn answer(self, gate: &Gate) -> JoinHandle<()> {
        let gate = gate.clone();
        tokio::spawn(async move {
            if let Some((listener, _)) = self.0 {
                gate.operate(listener).await;
            }
        })
    }
}

/// What `--check` says of it.
pub(super) fn check(config: &Config) -> Option<Check> {
    let address = config.operations_listen?;
    let name = "operations_listen";
    Some(match address.ip().is_loopback() {
        true => Check::good(name, format!("this machine alone, at {address}")),
        false => Check::odd(
            name,
            format!("whoever reaches {address} may read the metrics; keep it from the internet"),
        ),
    })
}
