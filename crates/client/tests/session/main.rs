//! Sessions against real sockets: a small authority that counts, and an API that checks.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these are tests"
)]
#![expect(clippy::print_stdout, reason = "a child process answers on it")]

#[path = "../support/agent.rs"]
mod agent;
mod authority;
mod blocking;
mod bodies;
mod client_auth;
mod digest;
mod discovered;
mod headers;
mod held_off;
mod id_tokens;
mod layer;
mod login;
mod methods;
mod netrc;
mod origins;
mod patience;
mod processes;
#[path = "../support/provider.rs"]
#[expect(dead_code, reason = "another test uses more of it")]
mod provider;
mod registration;
mod renewal;
mod scopes;
#[path = "../../../http/tests/network/server.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of http, which use all of it"
)]
mod server;
mod standard_input;
mod step_up;
mod together;
mod unauthorized;
