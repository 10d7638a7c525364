//! The words every other module is written in.

mod client_url;
mod cx;
mod digest;
mod ids;
pub mod opaque;
mod params;
mod scope;
mod secret;
mod timestamp;

pub use cx::{Cx, Entropy};
pub use digest::Digest;
pub use ids::{ClientId, GrantId, UserId};
pub use params::{Params, ParamsError};
pub use scope::{Scope, ScopeError};
pub use secret::Secret;
pub use timestamp::Timestamp;
