//! One file per wire message, encoder and parser together.

pub mod authorization;
pub mod challenge;
pub mod credentials;
pub mod introspection;
pub mod metadata;
mod one_token;
pub mod revocation;
pub mod token;
