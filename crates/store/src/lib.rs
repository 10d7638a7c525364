//! Where the server's records live: the [`Store`] port and its backends.
//!
//! A backend answers look-ups and commits changes, all or none, each under its own condition. Everything that
//! must be exact under concurrency (a code is redeemed once, a refresh family has one head, wrong guesses are
//! counted) is decided here by compare-and-set, never by the caller reading first.

mod port;

pub use port::{Charge, CommitError, Limit, Store, StoreError, Throttled};
