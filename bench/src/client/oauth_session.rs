//! requests-oauthlib in a Python of its own.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::requests::Tally;

/// How long an answer may take beyond the round itself.
const PATIENCE: Duration = Duration::from_secs(30);
const PROGRAM: &str = include_str!("oauth_session.py");

/// A running Python on the core of the load.
pub(super) struct OAuthSession {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// What it says after a round.
#[derive(Deserialize)]
struct Said {
    requests: u32,
    elapsed: f64,
    processor: f64,
}

impl OAuthSession {
    /// Starts it, and makes its connection.
    pub(super) async fn start(python: &Path, url: &str, token: &str) -> anyhow::Result<Self> {
        let mut child = Command::new(python)
            .args(["-c", PROGRAM])
            .env("OAUTHLIB_INSECURE_TRANSPORT", "1")
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let input = child.stdin.take().context("no standard input")?;
        let output = child.stdout.take().context("no standard output")?;
        let mut own = Self {
            child,
            input,
            output: BufReader::new(output).lines(),
        };
        let given = json!({ "url": url, "access_token": token });
        own.tell(&given.to_string()).await?;
        own.round(Duration::from_millis(300)).await?;
        Ok(own)
    }

    /// Requests for the span.
    pub(super) async fn round(&mut self, span: Duration) -> anyhow::Result<Tally> {
        self.tell(&span.as_secs_f64().to_string()).await?;
        let line = timeout(span + PATIENCE, self.output.next_line())
            .await
            .context("Python did not answer in time")??
            .context("Python has ended; what it says is above")?;
        let said: Said = serde_json::from_str(&line)?;
        Ok(Tally {
            requests: said.requests,
            elapsed: Duration::try_from_secs_f64(said.elapsed)?,
            processor: Duration::try_from_secs_f64(said.processor)?,
        })
    }

    /// Ends it.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    async fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        Ok(self.input.write_all(format!("{line}\n").as_bytes()).await?)
    }
}
