//! How far something long has come, for whoever watches.

use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// A count on standard error, if that is a terminal.
pub(super) struct Progress {
    bar: ProgressBar,
    what: &'static str,
}

impl Progress {
    /// Counts records of which this is said.
    pub(super) fn begin(what: &'static str) -> Self {
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, what }
    }

    /// So many it are.
    pub(super) fn told(&self, records: u64) {
        let count = HumanCount(records);
        self.bar
            .set_message(format!("{count} records {}", self.what));
    }
}

/// Nothing of it stays: what is said next has the line for itself.
impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
