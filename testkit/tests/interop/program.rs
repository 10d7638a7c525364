//! The programs that a test runs.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server's process; it ends with this value, and when this program does.
pub(crate) struct Program {
    child: Child,
    _input: Option<ChildStdin>,
}

impl Program {
    /// Starts a server of ours, which says on its first line where it listens and ends when its standard input does.
    pub(crate) async fn announced(command: &mut Command) -> Result<(Self, Value)> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{command:?} could not be started"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let first = timeout(PATIENCE, lines.next_line())
            .await
            .with_context(|| format!("{command:?} announced nothing"))??;
        let first = first.with_context(|| format!("{command:?} ended; what it said is above"))?;
        let said = serde_json::from_str(&first).with_context(|| format!("no JSON: {first}"))?;
        let program = Self {
            child,
            _input: input,
        };
        Ok((program, said))
    }

    /// Starts a server of Debian's with `input` as its standard input. The kernel ends it if this program ends without
    /// doing so.
    pub(crate) fn foreign(
        name: &str,
        arguments: &[impl AsRef<OsStr>],
        input: impl Into<Stdio>,
    ) -> Result<Self> {
        Self::spawn(name, Command::new("setpriv"), arguments, input)
    }

    /// The same of one that keeps files in its user's folders: they are in this one.
    pub(crate) fn foreign_at_home(
        home: &Path,
        name: &str,
        arguments: &[impl AsRef<OsStr>],
        input: impl Into<Stdio>,
    ) -> Result<Self> {
        let mut command = Command::new("setpriv");
        command
            .env("XDG_CONFIG_HOME", home)
            .env("XDG_DATA_HOME", home);
        Self::spawn(name, command, arguments, input)
    }

    fn spawn(
        name: &str,
        mut setpriv: Command,
        arguments: &[impl AsRef<OsStr>],
        input: impl Into<Stdio>,
    ) -> Result<Self> {
        let child = setpriv
            .args(["--pdeathsig", "KILL"])
            .arg(tool(name)?)
            .args(arguments)
            .stdin(input)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        Ok(Self {
            child,
            _input: None,
        })
    }

    /// Whether it has not ended by itself.
    pub(crate) fn lives(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }
}

/// A program that `cargo xtask interop` has found.
pub(crate) fn tool(name: &str) -> Result<OsString> {
    let path = env::var_os(name);
    path.with_context(|| format!("{name} is not set: run `cargo xtask interop`"))
}

/// A file of the servers' folder.
pub(crate) fn servers(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("servers")
        .join(name)
}

/// A member of an announcement.
pub(crate) fn text(said: &Value, name: &str) -> Result<String> {
    let text = said.get(name).and_then(Value::as_str).unwrap_or_default();
    ensure!(!text.is_empty(), "no {name} in {said}");
    Ok(text.to_owned())
}
