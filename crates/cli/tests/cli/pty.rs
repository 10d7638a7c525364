//! A terminal, for what is shown to people only.

use std::fs::File;
use std::io::Read as _;
use std::process::{Child, Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// What a command showed on a terminal, and how it ended.
pub(crate) struct Shown {
    pub(crate) code: Option<i32>,
    /// Lines end with CR LF there.
    pub(crate) text: String,
}

impl Shown {
    /// Runs a command with all three streams on a terminal where nobody types.
    pub(crate) fn of(command: &mut Command) -> Self {
        let (mut child, mut terminal) = start(command);
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        // Linux ends a terminal with an error once nobody else has it open.
        while let Ok(count) = terminal.read(&mut chunk) {
            if count == 0 {
                break;
            }
            bytes.extend_from_slice(chunk.get(..count).expect("no more than fits"));
        }
        Self {
            code: child.wait().expect("ended").code(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

/// Starts a command on a terminal; its other end.
pub(crate) fn start(command: &mut Command) -> (Child, File) {
    sized(command, 0, 0)
}

/// Starts a command on a terminal of so many columns and rows; its other end.
pub(crate) fn sized(command: &mut Command, columns: u16, rows: u16) -> (Child, File) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&ours).expect("granted");
    unlockpt(&ours).expect("unlocked");
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&ours, size).expect("sized");
    let name = ptsname(&ours, Vec::new()).expect("a name");
    let open = || {
        let mut options = File::options();
        let name = name.to_str().expect("UTF-8");
        Stdio::from(options.read(true).write(true).open(name).expect("opened"))
    };
    command
        .env("TERM", "xterm")
        .stdin(open())
        .stdout(open())
        .stderr(open());
    let child = command.spawn().expect("started");
    // The command keeps its ends open otherwise.
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    (child, File::from(ours))
}
