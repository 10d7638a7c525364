//! How settings files are read, and what is said of those that make no sense.
//!
//! A file is TOML of at most a megabyte. What is wrong in it is told with its line and column, a misspelt setting with the
//! one that was likely meant, and a message never repeats a value that might be a secret.

mod file;
#[cfg(feature = "contract")]
mod reference;
pub mod span;

pub use file::{FileError, Source, of_table};
#[cfg(feature = "contract")]
pub use reference::Reference;
