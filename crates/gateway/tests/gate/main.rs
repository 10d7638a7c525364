//! The gate over real sockets: a client that writes bytes, an API that tells what it got, and an issuer of tokens.

#![expect(
    clippy::indexing_slicing,
    reason = "a member that is missing fails the test"
)]

mod api;
mod api_keys;
mod bound;
mod forward_auth;
mod headers;
mod identity;
mod issuer;
mod login;
mod paths;
mod reload;
mod rules;
mod streams;
mod tokens;
mod wire;
mod world;
