//! What a case has shown, for whoever quotes it.

use std::time::Instant;

/// Prints the line of a case that began then.
#[expect(
    clippy::print_stdout,
    reason = "the test's own output, which cargo shows on request"
)]
pub(crate) fn line(case: &str, processes: usize, refreshes: usize, began: Instant) {
    println!(
        "race: {case}: {processes} processes, {refreshes} refresh requests, {:.2} s",
        began.elapsed().as_secs_f64()
    );
}
