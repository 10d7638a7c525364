//! The transport against real sockets.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod resource;
mod server;
mod transport;
