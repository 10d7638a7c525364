//! The table that people read. In a narrow terminal the method and its time have a line of their own, above what was
//! sent and what came back.

use std::fmt::Write as _;
use std::time::Duration;

use super::report::Told;
use super::wrap::{all_wrapped, wrapped};
use crate::output::{self, Stream};

/// From how many columns on there is room for four side by side.
const ROOMY: usize = 118;
/// Below that, lines are left to the terminal.
const NARROWEST: usize = 48;
/// Lines are no longer than that: nobody likes to read them.
const WIDEST: usize = 132;
/// The width of what goes to a file or a program.
const USUAL: usize = 120;
/// The width of the longest name.
const NAME: usize = 24;
/// The width of the longest line of what was sent.
const LONGEST: usize = 40;
/// The width of a time.
const TIME: usize = 8;

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";

/// How the table is laid out.
pub(super) struct Table {
    width: usize,
    colour: bool,
}

impl Table {
    /// As it suits standard output.
    pub(super) fn of_this_terminal() -> Self {
        let width = columns().unwrap_or(USUAL).clamp(NARROWEST, WIDEST);
        let colour = output::colours(Stream::Result);
        Self { width, colour }
    }

    /// What stands above the columns.
    pub(super) fn heading(&self) -> String {
        let begin = format!("{:1$}", "  METHOD", self.indent());
        let (sent, got) = self.columns();
        let row = match self.is_roomy() {
            true => format!(
                "{begin}{:sent$}  {:got$}",
                "WHAT WAS SENT", "WHAT CAME BACK"
            ),
            false => format!("  {:sent$}  {}", "METHOD, WHAT WAS SENT", "WHAT CAME BACK"),
        };
        let gap = self.width.saturating_sub(row.chars().count());
        format!("{}\n", self.paint(DIM, &format!("{row}{:>gap$}", "TIME")))
    }

    /// A step.
    pub(super) fn row(&self, told: &Told) -> String {
        let (sent, got) = self.columns();
        let roomy = self.is_roomy();
        let mark = match told.fault {
            None => self.paint(GREEN, "✓"),
            Some(_) => self.paint(RED, "✗"),
        };
        let mut text = String::new();
        let mut begin = format!(
            "{mark} {}",
            self.paint(BOLD, &format!("{:NAME$}", told.name))
        );
        let mut time = format!("{:>TIME$}", format!("{} ms", told.took.as_millis()));
        if !roomy {
            let gap = self.width.saturating_sub(2 + NAME);
            let _ = writeln!(text, "{begin}{}", self.paint(DIM, &format!("{time:>gap$}")));
            (begin, time) = (String::new(), String::new());
        }
        let indent = " ".repeat(self.indent());
        for (left, right, colour) in lines(told, sent, got) {
            let begin = match std::mem::take(&mut begin) {
                none if none.is_empty() => indent.clone(),
                some => format!("{some}  "),
            };
            let right = self.paint(colour, &format!("{right:got$}"));
            let time = self.paint(DIM, &std::mem::take(&mut time));
            let line = format!("{begin}{left:sent$}  {right}  {time}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }

    /// How it went, and what to try next.
    pub(super) fn summary(&self, steps: usize, failed: usize, took: Duration) -> String {
        let took = format!("{:.1} s", took.as_secs_f64());
        let line = match failed {
            0 => self.paint(GREEN, &format!("✓ all {steps} steps work, in {took}")),
            _ => self.paint(
                RED,
                &format!("✗ {failed} of {steps} steps failed, in {took}"),
            ),
        };
        format!("\n{line}\n")
    }

    /// What to try next.
    pub(super) fn next(&self, failed: usize) -> String {
        let text = match failed {
            0 => {
                "Next: `gatepass demo --keep` to try it by hand, `gatepass serve --dev` for a server that stays."
            }
            _ => "Next: `gatepass demo --log-level debug` tells more.",
        };
        wrapped(text, self.width, 6).join("\n") + "\n"
    }

    fn is_roomy(&self) -> bool {
        self.width >= ROOMY
    }

    /// How far to the right the columns begin.
    fn indent(&self) -> usize {
        if self.is_roomy() { 2 + NAME + 2 } else { 2 }
    }

    /// The widths of what was sent and what came back.
    fn columns(&self) -> (usize, usize) {
        let after = if self.is_roomy() { 2 + TIME } else { 0 };
        let room = self.width.saturating_sub(self.indent() + 2 + after);
        let sent = (room / 2).max(LONGEST).min(room * 3 / 5);
        (sent, room - sent)
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if !self.colour || colour.is_empty() || text.trim().is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{colour}m{text}\x1b[0m")
    }
}

/// The width of the terminal, if there is one and it says.
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// The lines of both columns, and the colour of the second. A fault stands where an answer is missing.
fn lines(told: &Told, sent: usize, got: usize) -> Vec<(String, String, &'static str)> {
    let mut lines = Vec::new();
    let mut fault = told
        .fault
        .as_ref()
        .map(|fault| wrapped(&fault.to_string(), got, 2));
    for turn in told.seen.turns() {
        let missing = turn.got.is_empty().then(|| fault.take()).flatten();
        let colour = if missing.is_some() { RED } else { "" };
        let right = missing.unwrap_or_else(|| all_wrapped(&turn.got, got));
        let rows = zipped(all_wrapped(&turn.sent, sent), right);
        lines.extend(rows.into_iter().map(|(left, right)| (left, right, colour)));
    }
    let fault = fault.into_iter().flatten();
    lines.extend(fault.map(|line| (String::new(), line, RED)));
    lines
}

/// Two columns as rows; the shorter one is filled up.
fn zipped(left: Vec<String>, right: Vec<String>) -> Vec<(String, String)> {
    let rows = left.len().max(right.len());
    let filled = |side: Vec<String>| side.into_iter().chain(std::iter::repeat(String::new()));
    filled(left).zip(filled(right)).take(rows).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Table;
    use crate::commands::demo::check::Fault;
    use crate::commands::demo::report::Told;
    use crate::commands::demo::seen::Seen;

    fn told(fault: Option<Fault>) -> Told {
        let mut seen = Seen::default();
        seen.sent("GET /protected-resource");
        seen.sent("Authorization: Basic [redacted]");
        seen.got("200 as us_1234… (basic; read)");
        Told {
            name: "authorization-code-paste",
            took: Duration::from_millis(1234),
            seen,
            fault,
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for width in [48, 60, 80, 117, 118, 120, 132] {
            let table = Table {
                width,
                colour: false,
            };
            let fault = || {
                Some(Fault::new(
                    "a fault that is rather long ".repeat(9) + &"x".repeat(200),
                ))
            };
            let text = table.heading() + &table.row(&told(None)) + &table.row(&told(fault()));
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {line:?}");
            }
        }
    }

    #[test]
    fn colour_is_only_where_it_is_asked_for() {
        let row = |colour| Table { width: 80, colour }.row(&told(None));
        assert!(!row(false).contains('\x1b'));
        assert!(row(true).contains("\x1b[32m✓\x1b[0m"));
    }
}
