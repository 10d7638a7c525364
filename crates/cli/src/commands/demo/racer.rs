//! One of the processes of `refresh-race`: our own program once more, which asks the client library for a token as
//! any program would, and shares nothing with the others but the folder of the tokens.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use gatepass_client::tokens::{FileTokens, TokenKey};
use gatepass_client::{Credential, OAuth, Session};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::check::{Checked, Fault, there};
use crate::output;

/// The hidden option by which our program becomes a racer.
pub(super) const OPTION: &str = "--racer";
/// What a racer says when it stands at the line.
const READY: &str = "ready";

/// What a racer has to know. There is no secret in it: the client is a public one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Race {
    /// The issuer.
    pub(super) issuer: String,
    /// The token endpoint, which is the relay's.
    pub(super) token_endpoint: String,
    /// The public client.
    pub(super) client_id: String,
    /// The folder of the tokens.
    pub(super) tokens: PathBuf,
}

impl Race {
    /// The store that all of them share.
    pub(super) fn store(&self) -> FileTokens {
        FileTokens::new(&self.tokens)
    }

    /// The key of the token.
    ///
    /// # Errors
    ///
    /// Never in earnest: the name is a good one.
    pub(super) fn key() -> Checked<TokenKey> {
        there("a key", TokenKey::new("race"))
    }

    /// A session that has nothing in memory yet.
    ///
    /// # Errors
    ///
    /// The addresses make no sense.
    pub(super) fn session(&self) -> Checked<Session> {
        let mut oauth = OAuth::authorization_code(&self.issuer, &self.client_id);
        oauth.endpoints.token = Some(self.token_endpoint.clone());
        let builder = Session::builder(Credential::from(oauth)).api(&self.issuer);
        Ok(builder
            .tokens(Arc::new(self.store()), Self::key()?)
            .build()?)
    }

    /// The token that the session comes to; its digest, for the token itself is nobody's business.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(super) async fn token_digest(session: &Session) -> Checked<String> {
        Ok(session
            .token(Duration::ZERO)
            .await?
            .access_token
            .digest()
            .to_base64url())
    }
}

/// A racer at the line.
pub(super) struct Racer {
    child: Child,
    stdin: ChildStdin,
    lines: tokio::io::Lines<BufReader<ChildStdout>>,
}

impl Racer {
    /// Starts a process and waits until it stands at the line.
    ///
    /// # Errors
    ///
    /// It does not come so far.
    pub(super) async fn at_the_line(program: &Path) -> Checked<Self> {
        let mut child = Command::new(program)
            .args(["demo", OPTION])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let stdin = there("the racer's standard input", child.stdin.take())?;
        let stdout = there("the racer's standard output", child.stdout.take())?;
        let mut lines = BufReader::new(stdout).lines();
        match lines.next_line().await?.as_deref() {
            Some(READY) => Ok(Self {
                child,
                stdin,
                lines,
            }),
            _ => Err(Fault::new("a racer did not come to the line")),
        }
    }

    /// Off it goes.
    ///
    /// # Errors
    ///
    /// It is gone.
    pub(super) async fn start(&mut self, race: &Race) -> Checked {
        let line = format!("{}\n", serde_json::to_string(race)?);
        Ok(self.stdin.write_all(line.as_bytes()).await?)
    }

    /// The digest of the token it came to.
    ///
    /// # Errors
    ///
    /// It came to none.
    pub(super) async fn finish(mut self) -> Checked<String> {
        let line = self.lines.next_line().await?;
        self.child.wait().await?;
        there("a token from every process", line)
    }
}

/// The racer's own side.
///
/// # Errors
///
/// It comes to no token.
pub(super) async fn run() -> Checked {
    say(READY)?;
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    });
    let race: Race = serde_json::from_str(&line.await??)?;
    say(&Race::token_digest(&race.session()?).await?)
}

fn say(line: &str) -> Checked {
    output::line(line).map_err(|failure| Fault::new(failure.to_string()))
}
