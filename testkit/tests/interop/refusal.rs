//! Logins that a server refuses, as a table tells them: the real program ends with code 5 and the server's words.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::task::JoinSet;
use url::Url;

use crate::home::Told;
use crate::life::{Case, Desk, verdict};
use crate::page::Decision;
use crate::server::Server;

/// Longer than a hasty client's codes live.
const TOO_LONG: Duration = Duration::from_millis(2500);

/// A login that is refused.
pub(crate) struct Refusal {
    case: Case,
    /// What the server says.
    words: &'static str,
    decision: Decision,
    /// Whether the person comes back too late.
    late: bool,
    /// Whether there is no person at all.
    absent: bool,
    /// Whether the client's secret is not the one that it was given.
    another_secret: bool,
}

impl Refusal {
    pub(crate) fn new(case: Case, words: &'static str) -> Self {
        Self {
            case,
            words,
            decision: Decision::Allow,
            late: false,
            absent: false,
            another_secret: false,
        }
    }

    /// The person says no.
    pub(crate) fn denied(case: Case, words: &'static str) -> Self {
        Self {
            decision: Decision::Deny,
            ..Self::new(case, words)
        }
    }

    pub(crate) fn late(self) -> Self {
        Self { late: true, ..self }
    }

    pub(crate) fn absent(self) -> Self {
        Self {
            absent: true,
            ..self
        }
    }

    pub(crate) fn with_another_secret(self) -> Self {
        Self {
            another_secret: true,
            ..self
        }
    }

    async fn happens(&self, server: &Server) -> Result<()> {
        let mut desk = self.case.prepare(server, self.decision).await?;
        if self.late {
            desk.agent = desk.agent.after(TOO_LONG);
        }
        if self.another_secret {
            desk.home.overwrite("secret", "another secret")?;
        }
        let told = desk.log_in_at_terminal(&[], self.absent).await?;
        told.complaining(5, self.words)?;
        // Nothing was kept.
        let told = desk
            .home
            .run(&["status", "work", "--output", "json"])
            .await?;
        ensure!(!told.stdout.contains("\"valid\""), "{told:#?}");
        Ok(())
    }
}

/// All of them at once, for some have to wait.
pub(crate) async fn refused(server: Server, refusals: Vec<Refusal>) -> Result<()> {
    let server = Arc::new(server);
    let mut tasks = JoinSet::new();
    for refusal in refusals {
        let server = server.clone();
        tasks.spawn(async move { (refusal.case.name, refusal.happens(&server).await) });
    }
    verdict(tasks).await
}

impl Desk {
    /// `gatepass login` with these words, and the person reading what it prints and doing that, unless they are `absent`.
    pub(crate) async fn log_in_at_terminal(&self, words: &[&str], absent: bool) -> Result<Told> {
        let mut child = self
            .home
            .command(&["login", "work", "--timeout", "30"])?
            .args(words)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("a pipe")?).lines();
        let (mut stderr, mut link) = (String::new(), None);
        while let Some(line) = lines.next_line().await? {
            stderr += &line;
            stderr.push('\n');
            if let Ok(url) = line.trim().parse::<Url>() {
                link = Some(url);
            }
            self.do_as_told(&line, &link, absent).await?;
        }
        let mut stdout = String::new();
        let mut pipe = child.stdout.take().context("a pipe")?;
        pipe.read_to_string(&mut stdout).await?;
        Ok(Told {
            code: child.wait().await?.code(),
            stdout,
            stderr,
        })
    }

    async fn do_as_told(&self, line: &str, link: &Option<Url>, absent: bool) -> Result<()> {
        if absent {
            return Ok(());
        }
        if line.starts_with("Confirm the login") {
            self.agent.answer_phone().await?;
        }
        if let Some((_, code)) = line.split_once("enter the code ") {
            let mut link = link.clone().context("a link before the code")?;
            let code = code.split_whitespace().next().unwrap_or_default();
            link.query_pairs_mut().append_pair("user_code", code);
            self.agent.visit(&link).await?;
        } else if let Ok(url) = line.trim().parse::<Url>()
            && url.query_pairs().any(|(name, _)| name == "client_id")
        {
            self.agent.browse(&url);
        }
        Ok(())
    }
}
