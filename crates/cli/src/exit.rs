//! How the program ends.

use std::fmt;
use std::process::ExitCode;

/// The exit codes; scripts depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It is done.
    Done,
    /// Anything that has no code of its own.
    Error,
    /// The command line makes no sense.
    Usage,
    /// The network failed, or time ran out; trying again may help.
    Network,
    /// A person has to log in.
    LoginNeeded,
    /// The other side understood and said no.
    Refused,
    /// Ctrl-C.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Error => 1,
            Exit::Usage => 2,
            Exit::Network => 3,
            Exit::LoginNeeded => 4,
            Exit::Refused => 5,
            Exit::Interrupted => 130,
        })
    }
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    text: String,
}

impl Failure {
    /// A failure with a code of its own. The text is lower case and says what to do next.
    pub(crate) fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self {
            exit,
            text: text.into(),
        }
    }

    /// A failure without a code of its own.
    pub(crate) fn error(text: impl Into<String>) -> Self {
        Self::new(Exit::Error, text)
    }

    /// The words on the command line do not go together.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(Exit::Usage, text)
    }

    /// What went wrong with a profile's credential.
    pub(crate) fn of_profile(error: gatepass_client::Error, profile: &str) -> Self {
        match error {
            gatepass_client::Error::LoginNeeded(reason) => {
                let text = format!("login needed: {reason}; run `gatepass login {profile}`");
                Self::new(Exit::LoginNeeded, text)
            }
            error => error.into(),
        }
    }

    /// Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted")
    }

    /// Whoever read our output has gone, like `head` after its last line. That is no fault and needs no words.
    fn reader_gone() -> Self {
        Self::new(Exit::Done, "")
    }

    /// The code to end with.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::reader_gone(),
            // Ctrl-C while a secret was being typed.
            std::io::ErrorKind::Interrupted => Self::interrupted(),
            _ => Self::error(error.to_string()),
        }
    }
}

#[cfg(unix)]
impl From<gatepass_server::AdminError> for Failure {
    fn from(error: gatepass_server::AdminError) -> Self {
        Self::error(error.to_string())
    }
}

#[cfg(unix)]
impl From<gatepass_server::TransferError> for Failure {
    fn from(error: gatepass_server::TransferError) -> Self {
        match error {
            gatepass_server::TransferError::Io(error) => error.into(),
            error => Self::error(error.to_string()),
        }
    }
}

#[cfg(unix)]
impl From<gatepass_server::StartError> for Failure {
    fn from(error: gatepass_server::StartError) -> Self {
        Self::error(error.to_string())
    }
}

impl From<gatepass_client::Error> for Failure {
    fn from(error: gatepass_client::Error) -> Self {
        let exit = match &error {
            error if error.is_login_needed() => Exit::LoginNeeded,
            error if error.is_temporary() => Exit::Network,
            error if error.is_refusal() => Exit::Refused,
            _ => Exit::Error,
        };
        match error.retry_after() {
            Some(seconds) => Self::new(exit, format!("{error}; try again in {seconds} s")),
            None => Self::new(exit, error.to_string()),
        }
    }
}
