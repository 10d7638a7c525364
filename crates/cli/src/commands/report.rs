//! Checks and how they ended, for the commands that tell of one after the other.

use serde_json::{Value, json};

use crate::output::{self, Stream};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// As it should be.
    Good,
    /// Not as it should be, or not looked at; nothing fails of it.
    Odd,
    /// Something fails of it.
    Bad,
}

/// One check.
#[derive(Clone, Debug)]
pub(super) struct Check {
    /// What was looked at, in a word or two.
    pub(super) name: String,
    /// How it ended.
    pub(super) mark: Mark,
    /// What was found.
    pub(super) text: String,
    /// What to do about it.
    pub(super) next: Option<String>,
}

impl Check {
    /// As it should be.
    pub(super) fn good(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(name, Mark::Good, text)
    }

    /// Not as it should be, or not looked at.
    pub(super) fn odd(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(name, Mark::Odd, text)
    }

    /// Something fails of it.
    pub(super) fn bad(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(name, Mark::Bad, text)
    }

    /// Says what to do about it.
    #[must_use]
    pub(super) fn next(mut self, text: impl Into<String>) -> Self {
        self.next = Some(text.into());
        self
    }

    fn new(name: impl Into<String>, mark: Mark, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            mark,
            text: text.into(),
            next: None,
        }
    }
}

/// The checks for people, a line each, and another for what to do.
pub(super) fn told(checks: &[Check]) -> String {
    let wide = checks.iter().map(|check| check.name.chars().count()).max();
    let wide = wide.unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        let (sign, colour) = match check.mark {
            Mark::Good => ("✓", "32"),
            Mark::Odd => ("!", "33"),
            Mark::Bad => ("✗", "31"),
        };
        let sign = output::painted(sign, colour, Stream::Result);
        let name = one_line(&check.name);
        let found = wrapped(&one_line(&check.text), wide + 4);
        text.push_str(&format!(
            "{sign} {name:<wide$}  {found}
"
        ));
        if let Some(next) = &check.next {
            text.push_str(&format!("  {:<wide$}  → {}\n", "", one_line(next)));
        }
    }
    text
}

/// The checks for programs.
pub(super) fn shown(checks: &[Check]) -> Value {
    let each = checks.iter().map(|check| {
        json!({
            "check": check.name,
            "result": match check.mark {
                Mark::Good => "ok",
                Mark::Odd => "warning",
                Mark::Bad => "failed",
            },
            "text": check.text,
            "next": check.next,
        })
    });
    Value::Array(each.collect())
}

/// The most columns of a line on a terminal.
const COLUMNS: usize = 100;

/// The text on lines of a terminal, those after the first so far in. For others it stays on one.
fn wrapped(text: &str, indent: usize) -> String {
    if !output::is_terminal(Stream::Result) {
        return text.to_owned();
    }
    let mut lines = String::new();
    let mut column = indent;
    for word in text.split(' ') {
        let wide = word.chars().count();
        if column > indent && column + 1 + wide > COLUMNS {
            lines.push_str(&format!("\n{:indent$}", ""));
            column = indent;
        } else if !lines.is_empty() {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += wide;
    }
    lines
}

/// Text from anybody, on one line and unable to steer a terminal.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}
