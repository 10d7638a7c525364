//! Sessions against real sockets: a small authority that counts, and an API that checks.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these are tests"
)]
#![expect(clippy::print_stdout, reason = "a child process answers on it")]

mod authority;
mod login;
mod methods;
mod origins;
mod processes;
mod renewal;
#[path = "../../../http/tests/network/server.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of http, which use all of it"
)]
mod server;
mod unauthorized;
