//! The client's conversations.

mod error;
mod step;

pub use error::FlowError;
pub use step::{Flow, Input, Notice, Request, Response, Step, Unreachable};
