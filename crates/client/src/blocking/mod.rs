//! Sessions for programs without a runtime: the same, and each call waits until it is done.
//!
//! ```no_run
//! # fn example() -> Result<(), gatepass_client::Error> {
//! use gatepass_client::blocking::Session;
//!
//! let session = Session::from_profile("work")?;
//! let answer = session.get("https://api.example.com/items").query([("page", "2")]).send()?;
//! println!("{}", answer.text()?);
//! # Ok(())
//! # }
//! ```
//!
//! The work is done by one runtime in the background, which all sessions share and the first call starts. Calls may come
//! from any number of threads; those that need a token at the same time share one renewal. Inside a task of a tokio
//! runtime a call would hold up other tasks, so it fails with [`Error::Setup`]: use
//! [`gatepass_client::Session`](crate::Session) there, or `tokio::task::spawn_blocking`.

mod request;
mod runtime;
mod session;

pub use request::{RequestBuilder, Response};
pub use session::Session;

#[cfg(doc)]
use crate::Error;
