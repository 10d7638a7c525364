//! A person's folders, for one test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Somebody's home, with nothing in it.
pub(crate) struct Home {
    folder: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the program keeps tokens and databases.
    pub(crate) fn state(&self) -> PathBuf {
        self.path().join("state/gatepass")
    }

    /// The program with these words, split at spaces, and nothing of this machine's own settings.
    pub(crate) fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatepass"));
        command
            .args(words.split_whitespace())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("XDG_STATE_HOME", self.path().join("state"))
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .env("BROWSER", "/nonexistent")
            .stdin(Stdio::null());
        command
    }

    /// What the program does with these words.
    pub(crate) fn run(&self, words: &str) -> Told {
        Told::of(&mut self.command(words))
    }

    /// What it prints as JSON, when all goes well.
    pub(crate) fn json(&self, words: &str) -> Value {
        self.run(words).done().json()
    }

    /// Starts the program with pipes on all three streams.
    pub(crate) fn start(&self, words: &str) -> Child {
        piped(&mut self.command(words))
    }
}

/// Starts a command with pipes on all three streams.
pub(crate) fn piped(command: &mut Command) -> Child {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started")
}

/// What a program printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Told {
    pub(crate) fn of(command: &mut Command) -> Self {
        command.output().expect("run").into()
    }

    /// It did end with this code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// It did end well.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        self.code(0)
    }

    /// It said this on standard error, and it said nothing on standard output.
    #[track_caller]
    pub(crate) fn complaining(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text) && self.stdout.is_empty(),
            "expected {text:?}: {self:#?}"
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The one line it printed.
    #[track_caller]
    pub(crate) fn line(&self) -> &str {
        let line = self.stdout.strip_suffix('\n').expect("a line");
        assert!(!line.contains('\n'), "{self:#?}");
        line
    }
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// A member that is text.
#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no text {member} in {value}"))
}
