//! The transport against real sockets.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod caching;
mod identity;
mod named;
mod patience;
mod proxy;
mod resource;
mod server;
mod tls;
mod transport;
