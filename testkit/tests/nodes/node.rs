//! One `gatepass serve`.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::{PATIENCE, programs};

/// How often a port may turn out to be taken.
const TRIES: usize = 5;

/// A node, running or killed.
pub(crate) struct Node {
    /// Where it is asked directly, without nginx.
    pub(crate) address: SocketAddr,
    /// Where it tells how it is.
    pub(crate) operations: SocketAddr,
    settings: Settings,
    child: Option<Child>,
}

/// What a node is started with.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) number: usize,
    pub(crate) issuer: String,
    pub(crate) database: String,
    pub(crate) folder: PathBuf,
}

impl Node {
    /// Starts a node on a port of its own.
    pub(crate) async fn start(settings: Settings) -> Self {
        for _ in 0..TRIES {
            let any = SocketAddr::from(([127, 0, 0, 1], 0));
            let operations = free_port();
            let started = settings.serve(any, operations).await;
            if let Some((child, address)) = started {
                return Self {
                    address,
                    operations,
                    settings,
                    child: Some(child),
                };
            }
        }
        panic!("node {} does not start", settings.number);
    }

    /// Ends it with SIGKILL.
    pub(crate) async fn kill(&mut self) {
        let child = self.child.take();
        let mut child = child.expect("a node that runs");
        child.kill().await.expect("it ends");
    }

    /// Starts it again where it was.
    pub(crate) async fn start_again(&mut self) {
        let started = self.settings.serve(self.address, self.operations).await;
        let (child, _) = started.expect("it starts again");
        self.child = Some(child);
    }

    /// The address of one of its pages.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The same for operators.
    pub(crate) fn operations_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.operations)
    }
}

impl Settings {
    /// A process that listens, and where; `None` when it ended instead.
    async fn serve(
        &self,
        listen: SocketAddr,
        operations: SocketAddr,
    ) -> Option<(Child, SocketAddr)> {
        let mut log = File::options();
        let log = log.create(true).append(true).open(self.log());
        let mut command = gatepass("serve", &self.folder);
        command.args(["--issuer", &self.issuer]);
        command.args(["--listen", &listen.to_string()]);
        command.args(["--operations-listen", &operations.to_string()]);
        command.args(["--database", &self.database]);
        command.args(["--registration", "open"]);
        let command = command
            .env("GATEPASS_LOG", "warn")
            .stdout(Stdio::piped())
            .stderr(log.expect("the log"));
        let mut child = command.spawn().expect("setpriv runs");
        let address = timeout(PATIENCE, announced(&mut child)).await;
        Some((child, address.expect("it says so in time")?))
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("node{}.log", self.number))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let name = format!("node {}", self.settings.number);
        programs::show_on_panic(&name, &self.settings.log());
    }
}

/// The address in `listening on ADDRESS, issuer …`.
async fn announced(child: &mut Child) -> Option<SocketAddr> {
    let output = child.stdout.take()?;
    let line = BufReader::new(output).lines().next_line().await.ok()??;
    let (address, _) = line.strip_prefix("listening on ")?.split_once(',')?;
    address.parse().ok()
}

/// A port that nobody listens on now.
fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}

/// A command of `gatepass` in the nodes' folder, where their master key is.
pub(crate) fn gatepass(command: &str, folder: &Path) -> Command {
    let mut program = programs::leashed(&programs::gatepass(), folder);
    let key = folder.join("master.key");
    program
        .arg(command)
        .env("GATEPASS_SERVE_MASTER_KEY__FILE", key);
    program
}
