//! What the demo prints: a row as soon as its step is done, or one JSON document in the end; progress on standard error.

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::check::Fault;
use super::seen::Seen;
use super::table::Table;
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, Stream};

/// A step that is over.
pub(super) struct Told {
    /// Its name.
    pub(super) name: &'static str,
    /// How long it took.
    pub(super) took: Duration,
    /// What it saw.
    pub(super) seen: Seen,
    /// What was not as it must be.
    pub(super) fault: Option<Fault>,
}

/// The report of one walk.
pub(super) struct Report {
    table: Option<Table>,
    live: bool,
    /// Whether progress stands on the last line of standard error.
    shown: bool,
    began: Instant,
    expected: usize,
    told: Vec<Told>,
}

impl Report {
    /// A report of so many steps.
    pub(super) fn new(format: Format, expected: usize) -> Self {
        let table = (format == Format::Text).then(Table::of_this_terminal);
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let live = output::is_terminal(Stream::Error) && !dumb;
        Self {
            table,
            live,
            shown: false,
            began: Instant::now(),
            expected,
            told: Vec::new(),
        }
    }

    /// A step begins.
    pub(super) fn begin(&mut self, name: &str) {
        if self.live {
            let (number, of) = (self.told.len() + 1, self.expected);
            overwrite(&format!("{number:>2} of {of}  {name} …"));
            self.shown = true;
        }
    }

    /// A step is over.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written.
    pub(super) fn step(&mut self, told: Told) -> Result<(), Failure> {
        self.clear();
        if let Some(table) = &self.table {
            if self.told.is_empty() {
                output::bytes(table.heading().as_bytes())?;
            }
            output::bytes(table.row(&told).as_bytes())?;
        }
        self.told.push(told);
        Ok(())
    }

    /// The walk is over. What to try next is said here unless the server is `kept`, which has its own words for it.
    ///
    /// # Errors
    ///
    /// Standard output cannot be written.
    pub(super) fn end(self, kept: bool) -> Result<Exit, Failure> {
        let failed = self.told.iter().filter(|told| told.fault.is_some()).count();
        match &self.table {
            Some(table) => {
                let mut text = table.summary(self.told.len(), failed, self.began.elapsed());
                if !kept {
                    text += &table.next(failed);
                }
                output::bytes(text.as_bytes())?;
            }
            None => output::json(&Document::of(&self.told))?,
        }
        Ok(if failed == 0 { Exit::Done } else { Exit::Error })
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            overwrite("");
        }
    }
}

impl Drop for Report {
    /// A walk that is cut short leaves no progress standing.
    fn drop(&mut self) {
        self.clear();
    }
}

/// Puts `text` in place of the last line of standard error.
fn overwrite(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = write!(stderr, "\r\x1b[2K{text}");
    let _ = stderr.flush();
}

/// The report for programs. They depend on its shape; a change to it changes the version.
#[derive(Serialize)]
struct Document {
    version: u32,
    ok: bool,
    steps: Vec<Line>,
}

#[derive(Serialize)]
struct Line {
    name: &'static str,
    ok: bool,
    ms: u64,
    /// What came back, or what was not as it must be.
    detail: String,
}

impl Document {
    fn of(told: &[Told]) -> Self {
        let steps: Vec<Line> = told.iter().map(Line::of).collect();
        Self {
            version: 1,
            ok: steps.iter().all(|line| line.ok),
            steps,
        }
    }
}

impl Line {
    fn of(told: &Told) -> Self {
        let detail = match &told.fault {
            Some(fault) => fault.to_string(),
            None => told.seen.came_back(),
        };
        let ms = u64::try_from(told.took.as_millis()).unwrap_or(u64::MAX);
        Self {
            name: told.name,
            ok: told.fault.is_none(),
            ms,
            detail,
        }
    }
}
