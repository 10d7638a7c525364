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
//! * [`Remembering`] wraps another and remembers clients; [`News`] tell it what other nodes change.
//!
//! * [`transfer`] is how records go from one database to another, of whatever kind.
//!
//! With the feature `contract` there is the suite that every backend passes.

mod account;
mod audit;
mod changes;
mod columns;
#[cfg(feature = "contract")]
pub mod contract;
mod copied;
mod found;
mod memory;
mod news;
mod open;
mod port;
mod postgres;
mod remembering;
mod retention;
mod rows;
mod sqlite;
mod steps;
mod table;
pub mod transfer;

pub use copied::{Copied, CopyError};
pub use found::Found;
pub use gatepass_proto::throttle::{Charge, Limit, Throttled};
pub use memory::MemoryStore;
pub use news::News;
pub use open::{file, look, open, place};
pub use port::{CommitError, Store, StoreError};
pub use postgres::PostgresStore;
pub use remembering::Remembering;
pub use sqlite::{Restore, SqliteStore};
pub use table::Table;
