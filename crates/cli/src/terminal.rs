//! Asking the person at the terminal.

use std::io;

use gatepass_client::Secret;

use crate::output;

/// Asks for a secret without showing what is typed. Blocks.
///
/// # Errors
///
/// The terminal is gone.
pub(crate) fn ask_hidden(question: &str) -> io::Result<Secret> {
    restore::remember();
    let typed = rpassword::prompt_password(question)?;
    Ok(Secret::new(typed))
}

/// Asks for a line on standard error and reads it from standard input. Blocks.
///
/// # Errors
///
/// Standard input ended or cannot be read.
pub(crate) fn ask(question: &str) -> io::Result<String> {
    output::prompt(question);
    let mut line = String::new();
    match io::stdin().read_line(&mut line)? {
        0 => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "standard input ended before an answer",
        )),
        _ => Ok(line),
    }
}

/// Notes how the terminal is, for [`restore()`].
pub(crate) fn remember() {
    restore::remember();
}

/// Shows again what is typed, if the program ends while something is being asked for.
pub(crate) fn restore() {
    restore::restore();
}

#[cfg(unix)]
mod restore {
    use std::fs::File;
    use std::sync::OnceLock;

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    static BEFORE: OnceLock<(File, Termios)> = OnceLock::new();

    pub(super) fn remember() {
        if let Some((tty, termios)) = look() {
            BEFORE.get_or_init(|| (tty, termios));
        }
    }

    pub(super) fn restore() {
        if let Some((tty, termios)) = BEFORE.get() {
            let _ = tcsetattr(tty, OptionalActions::Now, termios);
        }
    }

    fn look() -> Option<(File, Termios)> {
        let tty = File::open("/dev/tty").ok()?;
        let termios = tcgetattr(&tty).ok()?;
        Some((tty, termios))
    }
}

#[cfg(not(unix))]
mod restore {
    pub(super) fn remember() {}

    pub(super) fn restore() {}
}
