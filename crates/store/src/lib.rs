//! Where the server's records live: the [`Store`] port and its backends.
//!
//! A backend answers look-ups and commits changes, all or none, each under its own condition. Everything that
//! must be exact under concurrency (a code is redeemed once, a refresh family has one head, wrong guesses are
//! counted) is decided here by compare-and-set, never by the caller reading first.
//!
//! * [`open`] takes an address and gives the backend it names.
//! * [`SqliteStore`] keeps everything in one file, durably.
//! * [`PostgresStore`] keeps everything in a database that several nodes share.
//! * [`MemoryStore`] keeps everything in maps, for tests.
//! * [`Remembering`] wraps another and remembers clients for a second.
//!
//! With the feature `contract` there is the suite that every backend passes.

mod account;
mod audit;
mod changes;
mod columns;
#[cfg(feature = "contract")]
pub mod contract;
mod memory;
mod open;
mod port;
mod postgres;
mod remembering;
mod retention;
mod rows;
mod sqlite;

pub use memory::MemoryStore;
pub use open::{file, open, place};
pub use port::{Charge, CommitError, Limit, Store, StoreError, Throttled};
pub use postgres::PostgresStore;
pub use remembering::Remembering;
pub use sqlite::SqliteStore;
