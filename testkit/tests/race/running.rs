//! Processes of the program under way.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard};

/// Beyond this something hangs that should not.
const PATIENCE: Duration = Duration::from_secs(60);

/// One process; it ends with this value.
pub(crate) struct Running {
    child: Child,
    pid: u32,
}

/// What a process printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Running {
    /// Starts a command whose streams are pipes.
    pub(crate) fn of(command: &mut Command) -> Self {
        let child = command.spawn().expect("`gatepass` is built");
        let pid = child.id().expect("it runs");
        Self { child, pid }
    }

    /// Whether it has this file open.
    pub(crate) fn has_open(&self, path: &Path) -> bool {
        let Ok(files) = std::fs::read_dir(format!("/proc/{}/fd", self.pid)) else {
            return false;
        };
        let mut files = files.flatten();
        files.any(|file| std::fs::read_link(file.path()).is_ok_and(|target| target == path))
    }

    /// Whether it has not ended yet.
    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it with SIGKILL, and waits until it is gone; whether it still ran.
    pub(crate) async fn kill(mut self) -> bool {
        let runs = self.runs();
        // It may end by itself this very moment.
        let _ = self.child.start_kill();
        let status = self.child.wait().await.expect("it ends");
        runs && status.code().is_none()
    }

    /// Interrupts it, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        let pid = i32::try_from(self.pid).expect("a number of a process");
        let pid = rustix::process::Pid::from_raw(pid).expect("not nought");
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("told");
    }

    /// Waits for its end.
    pub(crate) async fn told(self) -> Told {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait_with_output()).await;
        ended.expect("it ends in time").expect("it ends").into()
    }
}

/// Waits for the ends of all; the one token that every one of them has printed.
pub(crate) async fn the_one_token(all: impl IntoIterator<Item = Running>) -> String {
    let mut one: Option<String> = None;
    for process in all {
        let told = process.told().await.code(0);
        let token = told.line().to_owned();
        assert_eq!(one.get_or_insert_with(|| token.clone()), &token);
    }
    one.expect("somebody")
}

impl Told {
    /// It did end with this code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// It said this on standard error, and nothing on standard output.
    #[track_caller]
    pub(crate) fn complaining(self, text: &str) -> Self {
        assert!(self.stdout.is_empty(), "{self:#?}");
        self.saying(text)
    }

    /// It said this on standard error.
    #[track_caller]
    pub(crate) fn saying(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "expected {text:?}: {self:#?}");
        self
    }

    /// The one line it printed.
    #[track_caller]
    pub(crate) fn line(&self) -> &str {
        let line = self.stdout.strip_suffix('\n').unwrap_or_default();
        assert!(!line.is_empty() && !line.contains('\n'), "{self:#?}");
        line
    }
}

impl From<Output> for Told {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = tokio::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(tokio::time::Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The turn of a case with many processes: two crowds at once would have too many files open.
pub(crate) async fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}
