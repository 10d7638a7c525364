//! The judgement of a whole request, one file per endpoint: who asks, by the table of [`crate::client_auth`], and for
//! what, by the table of [`crate::grant`].

pub mod authorize;
pub mod backchannel;
pub mod device;
mod fetched;
pub mod introspect;
pub mod logout;
mod next;
pub mod par;
pub mod register;
mod resolve;
pub mod revoke;
pub mod token;
pub mod userinfo;
