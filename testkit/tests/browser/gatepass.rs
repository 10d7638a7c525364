//! A running `gatepass serve --dev`.

use std::env;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Its name in the server's folder.
const DATABASE: &str = "gatepass.sqlite";
const PATIENCE: Duration = Duration::from_secs(30);

/// The server's process; it ends with this value.
pub(crate) struct Gatepass {
    pub(crate) offer: Offer,
    _child: Child,
    folder: TempDir,
}

/// What a test needs of the server's first line.
pub(crate) struct Offer {
    pub(crate) issuer: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) client_id: String,
}

impl Gatepass {
    /// A server of its own on a free port, with an empty database.
    pub(crate) async fn start(arguments: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut child = Command::new(binary()?)
            .args([
                "serve",
                "--dev",
                "--listen",
                "127.0.0.1:0",
                "--output",
                "json",
                "--database",
            ])
            .arg(folder.path().join(DATABASE))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("`gatepass serve` could not be started")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let first = timeout(PATIENCE, lines.next_line())
            .await
            .context("`gatepass serve` announced nothing")??;
        let first = first.context("`gatepass serve` ended at once; what it said is above")?;
        Ok(Self {
            offer: Offer::read(&first)?,
            _child: child,
            folder,
        })
    }

    /// What `gatepass admin` answers about this server's database.
    pub(crate) async fn admin(&self, words: &[&str]) -> Result<Value> {
        let output = Command::new(binary()?)
            .arg("admin")
            .args(words)
            .args(["--output", "json", "--database"])
            .arg(self.folder.path().join(DATABASE))
            .stdin(Stdio::null())
            .output()
            .await?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "gatepass admin: {said}");
        serde_json::from_slice(&output.stdout).context("`gatepass admin` printed no JSON")
    }
}

impl Offer {
    fn read(line: &str) -> Result<Self> {
        let offer: Value =
            serde_json::from_str(line).context("the server's first line is no JSON")?;
        let field = |name: &str| {
            let text = offer.get(name).and_then(Value::as_str);
            text.map(str::to_owned)
                .with_context(|| format!("the server's first line has no `{name}`"))
        };
        Ok(Self {
            issuer: field("issuer")?,
            user: field("user")?,
            password: field("password")?,
            client_id: field("client_id")?,
        })
    }
}

/// `GATEPASS_BIN`, or the program that cargo built beside this test.
fn binary() -> Result<PathBuf> {
    if let Some(path) = env::var_os("GATEPASS_BIN") {
        return Ok(path.into());
    }
    let this = env::current_exe()?;
    let profile = this
        .ancestors()
        .nth(2)
        .context("this test lies outside of cargo's folders")?;
    Ok(profile.join(format!("gatepass{}", env::consts::EXE_SUFFIX)))
}
