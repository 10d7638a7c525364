//! Somebody who types at a terminal.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::pty;

/// How long is waited for what has to appear.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Typist {
    child: Child,
    terminal: File,
    screen: Arc<Screen>,
    /// How much of the text has been looked at.
    seen: usize,
}

#[derive(Default)]
struct Screen {
    shown: Mutex<(Vec<u8>, bool)>,
    changed: Condvar,
}

impl Typist {
    /// Starts a command on a terminal of this size.
    pub(crate) fn at(command: &mut Command, columns: u16, rows: u16) -> Self {
        let (child, terminal) = pty::sized(command, columns, rows);
        let screen = Arc::new(Screen::default());
        let (own, mut reading) = (screen.clone(), terminal.try_clone().expect("a copy"));
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            loop {
                let count = reading.read(&mut chunk).unwrap_or(0);
                let mut shown = own.shown.lock().expect("whole");
                shown.0.extend_from_slice(&chunk[..count]);
                shown.1 = count == 0;
                own.changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self {
            child,
            terminal,
            screen,
            seen: 0,
        }
    }

    /// Waits until this stands on the screen, after what was waited for before.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) -> &mut Self {
        let end = Instant::now() + PATIENCE;
        let mut shown = self.screen.shown.lock().expect("whole");
        loop {
            let all = plain(&shown.0);
            if let Some(at) = all.get(self.seen..).and_then(|rest| rest.find(text)) {
                self.seen += at + text.len();
                break;
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!shown.1 && !left.is_zero(), "expected {text:?} in {all}");
            shown = self
                .screen
                .changed
                .wait_timeout(shown, left)
                .expect("whole")
                .0;
        }
        drop(shown);
        self
    }

    /// Types; `\r` is Enter.
    pub(crate) fn types(&mut self, keys: &str) -> &mut Self {
        self.terminal.write_all(keys.as_bytes()).expect("typed");
        self
    }

    /// What stands on the screen, as it came.
    pub(crate) fn raw(&self) -> String {
        let shown = self.screen.shown.lock().expect("whole");
        String::from_utf8_lossy(&shown.0).into_owned()
    }

    /// What stands on the screen.
    pub(crate) fn text(&self) -> String {
        plain(self.raw().as_bytes())
    }

    /// Waits for the end; the code.
    pub(crate) fn ends(&mut self) -> Option<i32> {
        let code = self.child.wait().expect("ended").code();
        // All that was written has been read when the terminal is closed at the other end.
        let mut shown = self.screen.shown.lock().expect("whole");
        while !shown.1 {
            let (next, late) = self
                .screen
                .changed
                .wait_timeout(shown, PATIENCE)
                .expect("whole");
            shown = next;
            if late.timed_out() {
                break;
            }
        }
        code
    }
}

impl Drop for Typist {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text without what steers the terminal (ECMA-48).
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => {
                if chars.next() == Some('[') {
                    chars.by_ref().find(|c| ('@'..='~').contains(c));
                }
            }
            '\r' => {}
            c => plain.push(c),
        }
    }
    plain
}
