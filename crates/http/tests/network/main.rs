//! The transport against real sockets.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "these are tests, and a child tells its parent on standard output"
)]

mod caching;
mod identity;
mod named;
mod patience;
mod proxy;
mod resource;
mod server;
mod tls;
mod transport;
