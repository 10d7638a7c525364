//! A running guard, which follows its configuration file.

use std::fs::Metadata;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::time::Duration;

use gatepass_gateway::{Config, Gate};
use gatepass_listen::{Certificate, Reloader, Transport};
use tokio::sync::Mutex;

use super::said;
use super::settings::{Settings, serves_somebody};
use crate::exit::Failure;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(2);

/// The guard, and what it was made of.
pub(super) struct Live {
    gate: Gate,
    settings: Settings,
    /// The settings with which it was started.
    started: Config,
    address: SocketAddr,
    certificate: Reloader,
    /// One reading at a time, so that the last one counts.
    reading: Mutex<()>,
}

/// By what a file is told from the one that was there before.
type Stamp = Option<(u64, u64, i64, i64)>;

impl Live {
    pub(super) fn new(
        gate: Gate,
        settings: Settings,
        started: Config,
        address: SocketAddr,
        transport: &Transport,
    ) -> Self {
        Self {
            gate,
            settings,
            started,
            address,
            certificate: transport.reloader(),
            reading: Mutex::new(()),
        }
    }

    /// Reads the file and the certificate again.
    pub(super) async fn reload_all(&self) {
        self.certificate.reload();
        self.reload().await;
    }

    /// Reads the file again whenever it changes, and the certificate too.
    pub(super) async fn watch(self: Arc<Self>, certificate: Option<Arc<Certificate>>) {
        let following = async {
            match certificate {
                Some(certificate) => {
                    let note = |expires| self.gate.certificate_ends(expires);
                    certificate.watch(note).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::join!(following, self.look());
    }

    async fn look(&self) {
        let mut seen = self.stamp().await;
        loop {
            tokio::time::sleep(LOOK).await;
            let stamp = self.stamp().await;
            if stamp != seen {
                seen = stamp;
                self.reload().await;
            }
        }
    }

    /// What makes no sense changes nothing.
    async fn reload(&self) {
        let _turn = self.reading.lock().await;
        let read = self.read().await;
        self.gate.count_reload(read.is_ok());
        match read {
            Ok(()) => tracing::info!("the settings were read again and are in force"),
            Err(error) => {
                tracing::error!(%error, "the settings were not replaced; those from before stay in force");
            }
        }
    }

    async fn read(&self) -> Result<(), Failure> {
        let settings = self.settings.clone();
        let read = tokio::task::spawn_blocking(move || settings.read()).await;
        let config = read.map_err(|error| Failure::error(error.to_string()))??;
        serves_somebody(&config)?;
        for setting in self.started.needs_restart(&config) {
            tracing::warn!(setting, "a new value of this setting needs a restart");
        }
        let config = at(&config, &self.started, self.address);
        self.gate.reload(&config).await.map_err(said)
    }

    async fn stamp(&self) -> Stamp {
        let of = |file: Metadata| (file.ino(), file.len(), file.mtime(), file.mtime_nsec());
        let file = tokio::fs::metadata(self.settings.file()?).await;
        file.ok().map(of)
    }
}

/// The settings with the address that is listened on, and the TLS that is served there.
pub(super) fn at(config: &Config, started: &Config, address: SocketAddr) -> Config {
    Config {
        listen: address,
        tls: started.tls.clone(),
        ..config.clone()
    }
}
