//! Lets a request pass only with good credentials and enough scope.
//!
//! A [`Guard`] knows which credentials it takes and how each is checked; [`Guard::layer`] puts it in front of any
//! HTTP service that speaks the `http` crate's types (axum, tonic, plain tower). What passes carries an
//! [`Identity`] in its extensions and no credentials any more (RFC 9700 §4.10: a token goes no further than the
//! service it was meant for). What does not pass is answered as RFC 6750 §3 and RFC 7617 say.
//!
//! An access token that is bound to a key (RFC 9449) passes only with a proof that its holder has the key, and only where
//! [`GuardBuilder::dpop`] says under which address clients know the service; never as a plain Bearer token. One that is
//! bound to a certificate (RFC 8705) passes only where the server says with [`PeerCertificate`] that the connection has it.
//!
//! Who the users are, which API keys there are and which tokens were withdrawn it asks through small ports:
//! [`Users`], [`ApiKeys`], [`OpaqueTokens`], [`Revocations`], [`Keys`]. When one of them cannot answer, nobody passes.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use gatepass_guard::{FixedKeys, Guard, JwtCheck};
//! use gatepass_proto::jose::KeySet;
//! use gatepass_proto::Scope;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let keys = KeySet::parse(br#"{"keys":[]}"#)?;
//! let guard = Guard::builder()
//!     .realm("weather")
//!     .bearer(JwtCheck {
//!         issuer: "https://login.example".into(),
//!         audience: "https://weather.example".into(),
//!         keys: Arc::new(FixedKeys::new(keys)),
//!         leeway: Duration::from_secs(30),
//!         revocations: None,
//!     })
//!     .build();
//! let reading = guard.layer("read".parse::<Scope>()?);
//! # let _ = reading;
//! # Ok(())
//! # }
//! ```

mod basic;
mod bound;
mod flights;
mod guard;
mod identity;
mod jwt;
mod layer;
mod peer;
mod ports;
mod presented;
mod refusal;
mod remembered;
mod seen;

pub use guard::{Guard, GuardBuilder};
pub use identity::{Identity, Scheme};
pub use jwt::JwtCheck;
pub use layer::{GuardLayer, GuardService};
pub use peer::{PeerAddr, PeerCertificate};
pub use ports::{
    ApiKeys, FixedKeys, KeyHolder, Keys, OpaqueTokens, Revocations, Unavailable, UserCheck, Users,
};
pub use presented::X_API_KEY;

#[cfg(test)]
mod tests;
