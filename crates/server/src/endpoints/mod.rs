//! One file per endpoint.

pub(crate) mod account;
pub(crate) mod answer;
pub(crate) mod api;
pub(crate) mod authorize;
pub(crate) mod backchannel;
pub(crate) mod consent;
pub(crate) mod device;
pub(crate) mod direct_login;
mod ending;
pub(crate) mod introspect;
pub(crate) mod jwks;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod metadata;
pub(crate) mod par;
pub(crate) mod register;
pub(crate) mod revoke;
mod sign_in;
pub(crate) mod token;
pub(crate) mod userinfo;
