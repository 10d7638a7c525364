//! A person's folders, and the real program in them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use gatepass_client::tokens::{FileTokens, StoredToken, TokenKey, TokenStore as _};
use gatepass_client::{Config, Paths, Profile};
use tempfile::TempDir;
use tokio::process::Command;

use crate::running::{Running, Told};

/// Somebody's home, with nothing in it.
pub(crate) struct Home {
    folder: TempDir,
    variables: BTreeMap<&'static str, String>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            folder,
            variables: BTreeMap::new(),
        }
    }

    /// The same, whose programs have this variable.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.insert(name, value.to_owned());
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the library finds what the program keeps.
    pub(crate) fn paths(&self) -> Paths {
        let home = self.path();
        Paths {
            config: home.join(".config/gatepass"),
            state: home.join(".local/state/gatepass"),
            cache: home.join(".cache/gatepass"),
        }
    }

    /// Adds a profile of these lines.
    pub(crate) fn add(&self, name: &str, lines: &str) -> Profile {
        let paths = self.paths();
        fs::create_dir_all(&paths.config).expect("made");
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(paths.config_file());
        let written = file.and_then(|mut file| write!(file, "[profile.{name}]\n{lines}\n"));
        written.expect("written");
        self.profile(name)
    }

    pub(crate) fn profile(&self, name: &str) -> Profile {
        let config = Config::load(&self.paths()).expect("profiles");
        config.profile(Some(name)).expect("a profile").clone()
    }

    /// Keeps a token of a profile in its sealed file.
    pub(crate) async fn keep(&self, name: &str, token: &StoredToken) {
        let saved = self.tokens().save(&key(name), token).await;
        saved.expect("saved");
    }

    /// The token of a profile, read anew.
    pub(crate) async fn kept(&self, name: &str) -> StoredToken {
        let token = self.tokens().load(&key(name)).await;
        token.expect("it is whole").expect("it is there")
    }

    fn tokens(&self) -> FileTokens {
        FileTokens::new(self.paths().tokens())
    }

    /// The file of a profile's token.
    pub(crate) fn token_file(&self, name: &str) -> PathBuf {
        self.paths().tokens().join(format!("{name}.json"))
    }

    /// The file whose lock a renewal holds. Whoever has it open has found the token expired.
    pub(crate) fn lock_file(&self, name: &str) -> PathBuf {
        self.paths().tokens().join(format!("{name}.lock"))
    }

    /// Everything that is kept: names and contents.
    pub(crate) fn state(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let state = self.paths().state;
        let folders = [state.clone(), state.join("tokens")];
        let entries = folders
            .iter()
            .flat_map(|path| fs::read_dir(path).expect("a folder"));
        entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), fs::read(path).expect("readable")))
            .collect()
    }

    /// The program with these words, split at spaces, and nothing of this machine's own settings.
    pub(crate) fn command(&self, words: &str) -> Command {
        self.program(&[], words)
    }

    /// The same, started by another program.
    pub(crate) fn program(&self, starter: &[&str], words: &str) -> Command {
        let mut line: Vec<OsString> = starter.iter().map(OsString::from).collect();
        line.push(gatepass().into());
        line.extend(words.split_whitespace().map(OsString::from));
        let (first, rest) = line.split_first().expect("a program");
        let mut command = Command::new(first);
        command
            .args(rest)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("BROWSER", self.path().join("browser"))
            .envs(&self.variables)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Starts the program.
    pub(crate) fn start(&self, words: &str) -> Running {
        Running::of(&mut self.command(words))
    }

    /// What the program does with these words.
    pub(crate) async fn run(&self, words: &str) -> Told {
        self.start(words).told().await
    }

    /// Puts a browser there that leaves a trace when it is opened.
    pub(crate) fn watch_browser(&self) {
        let path = self.path().join("browser");
        let script = format!("#!/bin/sh\ntouch {}\n", self.trace().display());
        fs::write(&path, script).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("changed");
    }

    /// Whether the browser was opened.
    pub(crate) fn browser_was_opened(&self) -> bool {
        self.trace().exists()
    }

    fn trace(&self) -> PathBuf {
        self.path().join("opened")
    }
}

pub(crate) fn key(name: &str) -> TokenKey {
    TokenKey::new(name).expect("a key")
}

/// `GATEPASS_BIN`, or the program that cargo built beside this test.
fn gatepass() -> PathBuf {
    if let Some(path) = std::env::var_os("GATEPASS_BIN") {
        return path.into();
    }
    let this = std::env::current_exe().expect("this program");
    let path = this
        .ancestors()
        .nth(2)
        .expect("cargo's folder")
        .join("gatepass");
    assert!(
        path.is_file(),
        "{} is not there: run `cargo build` before this test",
        path.display()
    );
    path
}
