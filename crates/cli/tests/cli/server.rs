//! A running `gatepass serve`.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::home::{Home, Told, piped, text};

/// A server of this test's own; it ends with it.
pub(crate) struct Server {
    child: Option<Child>,
    /// What it said on its first line.
    pub(crate) line: Value,
}

impl Server {
    /// `serve --dev` on a free port.
    pub(crate) fn dev(home: &Home) -> Self {
        Self::with(&mut home.command("serve --dev --listen 127.0.0.1:0 --output json"))
    }

    /// `serve` as the command has it, which prints JSON.
    pub(crate) fn with(command: &mut Command) -> Self {
        Self::of(piped(command))
    }

    /// The same, with its log in a file.
    pub(crate) fn with_log(command: &mut Command, log: File) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(log).spawn();
        Self::of(child.expect("started"))
    }

    fn of(mut child: Child) -> Self {
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        match serde_json::from_str(&line) {
            Ok(line) => Self {
                child: Some(child),
                line,
            },
            Err(_) => panic!(
                "{:#?}",
                Told::from(child.wait_with_output().expect("ended"))
            ),
        }
    }

    /// A member of its first line.
    pub(crate) fn get(&self, member: &str) -> &str {
        text(&self.line, member)
    }

    pub(crate) fn issuer(&self) -> &str {
        self.get("issuer")
    }

    /// One that has been started by other means.
    pub(crate) fn started(child: Child, line: Value) -> Self {
        Self {
            child: Some(child),
            line,
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("running");
        kill_process(Pid::from_child(child), signal).expect("told");
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Told {
        let child = self.child.take().expect("running");
        child.wait_with_output().expect("ended").into()
    }

    /// Asks it to end, and waits.
    pub(crate) fn end(self, signal: Signal) -> Told {
        self.signal(signal);
        self.wait()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
