//! The judgement of a whole request, one file per endpoint: who asks, by the table of [`crate::client_auth`], and for
//! what, by the table of [`crate::grant`].

pub mod authorize;
pub mod introspect;
pub mod revoke;
pub mod token;
