//! For tests only: the real core at both ends of the wire, joined through bytes under a virtual clock.
//!
//! A [`Pair`] has a server that judges and commits on a real store, and clients that drive the real flows. Time stands
//! still until a test moves it, randomness comes from a seed, and [`Turns`] lets concurrent requests take their steps
//! in an order that the seed decides: every interleaving can be run again.
//!
//! [`Postgres`] is a database server that a test has for itself, and [`Relay`] a way to it that can be cut.

mod cast;
mod clock;
mod entropy;
mod pair;
mod postgres;
mod relay;
mod stepped;
mod turns;
mod wire;

pub use cast::REDIRECT_URI;
pub use clock::VirtualClock;
pub use entropy::Seeded;
pub use pair::Pair;
pub use postgres::{Postgres, PostgresDatabase};
pub use relay::{Relay, Way};
pub use stepped::Stepped;
pub use turns::Turns;
pub use wire::Fault;
