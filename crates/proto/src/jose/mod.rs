//! JSON Web Keys, Signatures and Tokens (RFC 7515, 7517, 7518, 7519) over well-kept cryptography.
//!
//! The rules of RFC 8725 are kept here: asymmetric algorithms from an allow-list, the key decides the
//! algorithm, `crit` is refused, every kind of token has its own `typ`, sizes are bounded. The one symmetric algorithm,
//! HS256, is for what a client and its server sign with the client secret, and is believed nowhere else.

use std::time::Duration;

pub mod access_token;
mod algorithm;
mod embedded;
pub mod hmac;
pub mod jarm;
mod jti;
mod jws;
mod key_set;
pub mod logout_token;
mod named;
mod numeric_date;
mod private_jwk;
mod private_key;
pub mod request_object;
mod signing_key;
mod thumbprint;

pub use algorithm::ALGORITHMS;
pub(crate) use algorithm::FAPI_ALGORITHMS;
pub use embedded::EmbeddedJws;
pub(crate) use jti::jti;
pub(crate) use jws::UnverifiedJws;
pub use jws::{JwsFault, VerifiedJws};
pub use key_set::KeySet;
pub use named::NamedKey;
pub(crate) use numeric_date::{numeric_date, numeric_date_if_any};
pub use signing_key::{BadKey, SigningKey};
pub(crate) use thumbprint::bare;
pub use thumbprint::thumbprint;

/// By how much a server's clock and ours may differ where a client judges what the server has dated: an ID token, a
/// signed answer (JARM), a signed UserInfo.
pub(crate) const LEEWAY: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
