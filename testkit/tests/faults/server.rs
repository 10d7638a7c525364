//! A running `gatepass serve`.

use std::process::ExitStatus;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::net::PATIENCE;
use crate::site::Site;

/// The process; it ends with this value.
pub(crate) struct Server {
    child: Child,
    pid: Pid,
}

impl Server {
    /// Starts it, and waits for its first line.
    pub(crate) async fn of(command: &mut Command, site: &Site) -> Self {
        let mut child = command.spawn().expect("`gatepass` is built");
        let stdout = child.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let first = timeout(PATIENCE, lines.next_line()).await;
        let first = first.expect("a line in time").expect("text");
        let first = first.unwrap_or_else(|| panic!("it did not start: {}", site.log()));
        let line: Value = serde_json::from_str(&first).expect("JSON");
        assert_eq!(line["issuer"], format!("http://{}", site.address));
        Self::around(child)
    }

    /// The process as it is, whether or not it listens yet.
    pub(crate) fn around(child: Child) -> Self {
        let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        Self {
            pid: pid.expect("it runs"),
            child,
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Ends it by SIGKILL, and waits until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it is gone");
    }

    /// Tells it to end.
    pub(crate) fn tell_to_end(&self) {
        kill_process(self.pid, Signal::TERM).expect("it listens");
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended.expect("it ends in time").expect("it ends")
    }

    /// Ends it in good order.
    pub(crate) async fn end(self) {
        self.tell_to_end();
        assert!(self.ended().await.success());
    }

    /// The most that it may write to any file, in bytes.
    pub(crate) fn limit_files(&self, most: Option<u64>) {
        let limit = Rlimit {
            current: most,
            maximum: None,
        };
        prlimit(Some(self.pid), Resource::Fsize, limit).expect("it is ours");
    }

    /// How much memory it has, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next());
        number.expect("VmRSS").parse().expect("a number")
    }
}
