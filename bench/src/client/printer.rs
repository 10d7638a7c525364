//! A program that prints a token which it has already.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use crate::pinning;

/// How it is run, and what it prints.
pub(super) struct Printer {
    pub(super) name: &'static str,
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
    printed: Vec<u8>,
}

impl Printer {
    /// A program that has printed once what it prints from now on.
    pub(super) fn new<const N: usize>(
        name: &'static str,
        program: impl Into<PathBuf>,
        args: [&str; N],
        env: Vec<(&'static str, OsString)>,
    ) -> anyhow::Result<Self> {
        let mut printer = Self {
            name,
            program: program.into(),
            args: args.iter().map(OsString::from).collect(),
            env,
            printed: Vec::new(),
        };
        let child = printer.command().spawn();
        printer.printed = printer.output(child)?;
        Ok(printer)
    }

    /// A program that does nothing at all.
    pub(super) fn nothing() -> anyhow::Result<Self> {
        Self::new("/bin/true", "/bin/true", [], Vec::new())
    }

    /// Runs it on the servers' core, from its start to its end.
    pub(super) fn run(&self) -> anyhow::Result<Duration> {
        let mut command = self.command();
        let (started, child) = pinning::on_server_core(|| (Instant::now(), command.spawn()))?;
        self.check(child)?;
        Ok(started.elapsed())
    }

    /// Starts it without waiting for it.
    pub(super) fn start(&self) -> std::io::Result<Child> {
        self.command().spawn()
    }

    /// Waits until it ends; it has to print what it always prints.
    pub(super) fn check(&self, child: std::io::Result<Child>) -> anyhow::Result<()> {
        let printed = self.output(child)?;
        ensure!(
            printed == self.printed,
            "{} printed another token: it was not a cached one",
            self.name
        );
        Ok(())
    }

    fn output(&self, child: std::io::Result<Child>) -> anyhow::Result<Vec<u8>> {
        let child = child.with_context(|| format!("cannot start {}", self.program.display()))?;
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{} failed: {}",
            self.name,
            said.trim()
        );
        Ok(output.stdout)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}
