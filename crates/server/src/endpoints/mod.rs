//! One file per endpoint.

pub(crate) mod api;
pub(crate) mod authorize;
pub(crate) mod consent;
pub(crate) mod direct_login;
pub(crate) mod introspect;
pub(crate) mod jwks;
pub(crate) mod login;
pub(crate) mod metadata;
pub(crate) mod revoke;
pub(crate) mod token;
