//! One expired token and everybody who wants it: crowds, kills, failing servers, wrong clocks, full disks; with the real
//! `gatepass` and real sockets.
//!
//! The program is the one that cargo built beside this test, or `GATEPASS_BIN`: whoever runs this test alone builds it
//! before (`cargo build`). Each case prints a line of figures, which `-- --nocapture` shows; what is asserted is the
//! order of events and never how long they took.
#![cfg(target_os = "linux")]
#![expect(
    clippy::indexing_slicing,
    reason = "a member that is missing fails the test"
)]

mod authority;
mod clocks;
mod crowd;
mod damaged;
mod desk;
mod failing;
mod figures;
mod fleet;
mod front;
mod home;
mod killed;
#[path = "../../../crates/cli/tests/cli/pty.rs"]
mod pty;
mod running;
mod tasks;
mod unsaved;
#[path = "../../../crates/http/tests/network/server.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of http, which use all of it"
)]
mod wire;
