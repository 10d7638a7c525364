//! The client's conversations with a server, each a state machine that the shell drives.

mod code;
mod discover;
mod error;
mod post;
mod step;
mod token;

pub use code::{CodeFlow, CodeSetup, PendingLogin};
pub use discover::DiscoverFlow;
pub use error::FlowError;
pub use post::{IntrospectFlow, RevokeFlow, retry_after};
pub use step::{Flow, Input, Notice, Request, Response, Step, Unreachable};
pub use token::TokenFlow;
