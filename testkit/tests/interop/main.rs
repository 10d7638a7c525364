//! gatepass's client against servers that nobody here wrote: npm's oidc-provider, Authlib, httpbin, nginx, lighttpd.
//!
//! Run by `cargo xtask interop` (and so by `cargo xtask test`), which installs them and builds the program; a plain
//! `cargo test` leaves this target out (`test = false`). The servers' own programs are in `testkit/servers`.
//!
//! Profiles stand in a `config.toml`, as people write them. The login is driven through the library, whose person is an
//! [`agent::Agent`]; what follows is done by the real `gatepass`.

#![expect(
    clippy::indexing_slicing,
    reason = "a member that is missing fails the test"
)]

mod agent;
mod authlib;
mod certificates;
mod forward_auth;
mod home;
mod in_front;
mod life;
mod oidc_provider;
mod page;
mod passwords;
mod program;
mod refusal;
mod server;
mod web;
