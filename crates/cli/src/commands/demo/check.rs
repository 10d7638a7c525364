//! How a step says that something is not as it must be.

use std::fmt;

/// What is not as it must be, for people; never a secret.
#[derive(Debug)]
pub(super) struct Fault(String);

/// What a step, or a part of one, comes to.
pub(super) type Checked<T = ()> = Result<T, Fault>;

impl Fault {
    /// A fault in these words.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// A statement that must hold; it is said as what was expected.
pub(super) fn holds(expected: &str, is: bool) -> Checked {
    if is {
        return Ok(());
    }
    Err(Fault(format!("expected {expected}")))
}

/// A value that must be this one. Not for secrets: it says both.
pub(super) fn same<T: PartialEq + fmt::Display>(what: &str, got: T, expected: T) -> Checked {
    if got == expected {
        return Ok(());
    }
    Err(Fault(format!("{what}: expected {expected}, got {got}")))
}

/// A text that must be this one and may be missing. Not for secrets.
pub(super) fn same_text(what: &str, got: Option<&str>, expected: &str) -> Checked {
    same(what, got.unwrap_or("nothing"), expected)
}

/// What must be there.
pub(super) fn there<T>(what: &str, found: Option<T>) -> Checked<T> {
    found.ok_or_else(|| Fault(format!("expected {what}, got none")))
}
