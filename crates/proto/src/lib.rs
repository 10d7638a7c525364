//! The sans-IO core of gatepass: both roles of OAuth 2, OpenID Connect and HTTP authentication.
//!
//! Nothing here opens a socket, reads a clock or draws a random number: the moment and the source of
//! randomness are arguments ([`Cx`]). The same code therefore runs in the real client, in the real
//! server, and in tests that join the two under a virtual clock.
//!
//! * [`message`] holds the wire messages, each with its encoder and its parser side by side.
//! * [`decide`] is what the server judges with and by: facts in, changes and an outcome out; [`endpoint`] judges whole
//!   requests.
//! * [`flow`] is the client's conversations: inputs in, steps out.
//! * [`grant`] and [`client_auth`] are tables of one file per grant and per client authentication method.
//! * [`jose`] signs and checks JSON Web Tokens; [`id_token`], [`dpop`] and [`pkce`] are what is built on it.
//! * [`throttle`] counts wrong guesses.

pub mod base;
pub mod client_auth;
pub mod decide;
pub mod dpop;
pub mod endpoint;
mod error;
pub mod flow;
pub mod grant;
pub mod id_token;
pub mod jose;
pub mod message;
pub mod pkce;
pub mod throttle;

pub use base::{
    ClientId, Cx, Digest, Entropy, GrantId, Params, ParamsError, Scope, ScopeError, Secret,
    Timestamp, UserId,
};
pub use error::{ErrorCode, OAuthError};
