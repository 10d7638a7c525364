//! A person's folders, and the real program in them.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use gatepass_client::{Config, Paths, Profile};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::program::tool;

/// Somebody's home, with nothing in it.
pub(crate) struct Home {
    folder: TempDir,
}

/// What the program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        Ok(Self { folder })
    }

    /// Where the library finds what the program keeps.
    pub(crate) fn paths(&self) -> Paths {
        let home = self.folder.path();
        Paths {
            config: home.join(".config/gatepass"),
            state: home.join(".local/state/gatepass"),
            cache: home.join(".cache/gatepass"),
        }
    }

    /// Where a file of this name is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file that nobody else may read.
    pub(crate) fn file(&self, name: &str, content: &str) -> Result<PathBuf> {
        let path = self.path(name);
        let mut options = fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        std::io::Write::write_all(&mut file, content.as_bytes())?;
        Ok(path)
    }

    /// The one profile, `work`, of these lines.
    pub(crate) fn profile(&self, lines: &str) -> Result<Profile> {
        let paths = self.paths();
        fs::create_dir_all(&paths.config)?;
        fs::write(paths.config_file(), format!("[profile.work]\n{lines}"))?;
        let config = Config::load(&paths)?;
        Ok(config.profile(None)?.clone())
    }

    /// Puts something else into a file.
    pub(crate) fn overwrite(&self, name: &str, content: &str) -> Result<()> {
        Ok(fs::write(self.path(name), content)?)
    }

    /// The program with these words, and nothing of this machine's own settings.
    pub(crate) fn command(&self, words: &[&str]) -> Result<Command> {
        let mut command = Command::new(tool("GATEPASS_BIN")?);
        command
            .args(words)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            // Nobody is there to log in.
            .env("GATEPASS_NO_INTERACTIVE", "1")
            .env("BROWSER", "/nonexistent")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        Ok(command)
    }

    /// What the program does with these words.
    pub(crate) async fn run(&self, words: &[&str]) -> Result<Told> {
        let output = self.command(words)?.output().await;
        let output = output.context("the program could not be started")?;
        Ok(Told {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout)?,
            stderr: String::from_utf8(output.stderr)?,
        })
    }
}

impl Told {
    /// It did end with this code.
    pub(crate) fn code(self, code: i32) -> Result<Self> {
        ensure!(
            self.code == Some(code),
            "expected exit code {code}: {self:#?}"
        );
        Ok(self)
    }

    /// It ended with this code and these words on standard error.
    pub(crate) fn complaining(self, code: i32, words: &str) -> Result<()> {
        let told = self.code(code)?;
        ensure!(told.stderr.contains(words), "expected {words:?}: {told:#?}");
        Ok(())
    }

    pub(crate) fn json(self) -> Result<Value> {
        let told = self.code(0)?;
        serde_json::from_str(&told.stdout).with_context(|| format!("{told:#?}"))
    }

    /// The one line it printed.
    pub(crate) fn line(self) -> Result<String> {
        let told = self.code(0)?;
        Ok(told.stdout.trim_end().to_owned())
    }
}
