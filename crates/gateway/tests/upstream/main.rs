//! An upstream behind a real socket, in front of real servers.
#![expect(clippy::indexing_slicing, reason = "what is missing fails the test")]

mod sealed;
mod stage;

mod bodies;
mod expecting;
mod failing;
mod headers;
mod smuggling;
mod streams;
mod versions;
mod ways;
mod websockets;
