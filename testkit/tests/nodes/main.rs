//! Three nodes over one PostgreSQL, behind nginx that sends each request to the next: the real `gatepass serve` and
//! `gatepass admin`, real sockets, a real database. First everything is well, then nodes are killed, cut off from the
//! database and left without it, under load.
//!
//! The program is the one that cargo built beside this test, or `GATEPASS_BIN`: whoever runs this test alone builds it
//! before (`cargo build`). nginx and PostgreSQL are Debian's, which `cargo xtask setup` installs. Lines of figures are
//! shown with `-- --nocapture`; they decide nothing.
#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    reason = "a member that is missing fails the test"
)]
#![expect(clippy::print_stdout, reason = "figures, and the logs of a failure")]

mod admin;
mod caller;
mod cluster;
mod faults;
mod front;
mod load;
mod node;
mod person;
mod programs;
mod together;
mod world;

use std::time::Duration;

/// Beyond this something hangs that should not.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "never: {what}");
}
