//! The server inside the demo, on loopback, with everything it keeps in a folder that goes when it ends.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use gatepass_server::{Admin, Config, DevSet, Server};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::check::{Checked, Fault, there};

/// How long the server may take to end.
const END: Duration = Duration::from_secs(3);

/// The server, running.
pub(super) struct Embedded {
    /// Its issuer.
    pub(super) issuer: String,
    /// Its ready-made set.
    pub(super) set: DevSet,
    database: String,
    folder: TempDir,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Embedded {
    /// Starts it on a free port.
    ///
    /// # Errors
    ///
    /// There is no room for a temporary folder, or the server does not start.
    pub(super) async fn start() -> Checked<Self> {
        let folder = tempfile::Builder::new().prefix("gatepass-demo-").tempdir();
        let folder = folder.map_err(|error| {
            let (place, why) = (std::env::temp_dir(), error.kind());
            let place = place.display();
            Fault::new(format!(
                "cannot make a folder in {place} ({why}); set TMPDIR to another"
            ))
        })?;
        let file = folder.path().join("demo.db");
        let database = there("a temporary folder whose path is UTF-8", file.to_str())?.to_owned();
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = Config {
            dev: true,
            ..Config::new(listen, database.as_str())
        };
        let server = Server::bind(&config).await?;
        let set = there("a ready-made set", server.dev_set())?.clone();
        let issuer = server.issuer().to_owned();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Ok(Self {
            issuer,
            set,
            database,
            folder,
            stop,
            task,
        })
    }

    /// An operator at its database.
    ///
    /// # Errors
    ///
    /// The database cannot be opened.
    pub(super) async fn admin(&self) -> Checked<Admin> {
        Ok(Admin::open(&self.database).await?)
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it and removes what it kept.
    ///
    /// # Errors
    ///
    /// Something could not be removed.
    pub(super) async fn end(self) -> Checked {
        let _ = self.stop.send(());
        let mut task = self.task;
        if tokio::time::timeout(END, &mut task).await.is_err() {
            task.abort();
        }
        Ok(self.folder.close()?)
    }
}
