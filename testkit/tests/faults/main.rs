//! The real `gatepass serve` and what goes wrong around it: it is killed, its disk is full, its clock jumps, its files are
//! damaged, it is told to end, its peers are slow or send too much. Nothing that it acknowledged is lost, nothing that was
//! spent is taken twice, and what it refuses it refuses in clear words and leaves as it is.
//!
//! The program is the one that cargo built beside this test, or `GATEPASS_BIN`: whoever runs this test alone builds it
//! before (`cargo build`). `cargo xtask faults --minutes N` does both, and gives N minutes to what is left to chance.
#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    reason = "a member that is missing fails the test"
)]
#![expect(
    clippy::print_stdout,
    reason = "how far a test got is shown where it fails, and with --nocapture"
)]

#[path = "../../../crates/server/tests/wire/browser.rs"]
#[expect(
    dead_code,
    reason = "shared with the server's tests, which use all of it"
)]
mod browser;
#[path = "../../../crates/server/tests/wire/pairs.rs"]
#[expect(
    dead_code,
    reason = "shared with the server's tests, which use all of it"
)]
mod pairs;
#[path = "../../../crates/server/tests/wire/wire.rs"]
#[expect(
    dead_code,
    reason = "shared with the server's tests, which use all of it"
)]
mod wire;

mod chance;
mod database;
mod desk;
mod ledger;
mod load;
mod net;
mod server;
mod site;

mod clock;
mod corrupt;
mod damaged;
mod disk;
mod drained;
mod full;
mod killed;
mod master_key;
mod slow;
