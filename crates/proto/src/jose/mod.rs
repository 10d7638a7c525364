//! JSON Web Keys, Signatures and Tokens (RFC 7515, 7517, 7518, 7519) over well-kept cryptography.
//!
//! The rules of RFC 8725 are kept here: asymmetric algorithms from an allow-list, the key decides the
//! algorithm, `crit` is refused, every kind of token has its own `typ`, sizes are bounded.

pub mod access_token;
mod jws;
mod key_set;
mod signing_key;

pub use jws::{JwsFault, VerifiedJws};
pub use key_set::KeySet;
pub use signing_key::{BadKey, SigningKey};

#[cfg(test)]
mod tests;
