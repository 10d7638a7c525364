//! One file per wire message, encoder and parser together.

pub mod authentication;
pub mod authorization;
pub mod authorization_details;
pub mod backchannel;
pub mod challenge;
pub mod claims;
pub mod credentials;
pub mod device;
pub mod introspection;
pub mod known;
pub(crate) mod link;
pub mod logout;
mod members;
pub mod metadata;
mod one_token;
pub mod par;
pub mod protected_resource;
pub mod quirks;
mod refusal;
pub mod registration;
pub mod response_mode;
pub mod revocation;
pub mod said;
pub mod token;
pub mod userinfo;
