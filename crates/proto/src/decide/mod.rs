//! The server's pure judgement.

pub mod change;
pub mod record;
