//! The gate over real sockets: a client that writes bytes, an API that tells what it got, and an issuer of tokens.

#![expect(
    clippy::indexing_slicing,
    reason = "a member that is missing fails the test"
)]

mod api;
mod api_keys;
mod bound;
#[cfg(unix)]
mod certificates;
mod cors;
mod forward_auth;
mod headers;
mod identity;
mod issuer;
mod login;
mod nonces;
mod operations;
mod paths;
mod reload;
mod rules;
mod streams;
mod tokens;
mod users;
mod wire;
mod world;
