//! The local proxy behind real sockets, in front of an API that checks tokens.
#![expect(clippy::indexing_slicing, reason = "what is missing fails the test")]

mod stage;

mod locals;
mod sockets;
mod streams;
mod tokens;
