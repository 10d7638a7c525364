//! Token revocation (RFC 7009). The answer has no body worth reading.

/// A revocation request (RFC 7009 §2.1).
pub use super::one_token::OneToken as RevocationRequest;
