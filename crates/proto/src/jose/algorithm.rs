use jsonwebtoken::Algorithm;

/// The algorithm of this name (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2), if it is one of the asymmetric ones that
/// are spoken here.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "ES256" => Some(Algorithm::ES256),
        "ES384" => Some(Algorithm::ES384),
        "EdDSA" | "Ed25519" => Some(Algorithm::EdDSA),
        "RS256" => Some(Algorithm::RS256),
        "PS256" => Some(Algorithm::PS256),
        _ => None,
    }
}

/// The names of the algorithms that signatures of others are believed by.
pub const ALGORITHMS: [&str; 6] = ["ES256", "ES384", "EdDSA", "Ed25519", "PS256", "RS256"];

/// The algorithms of the FAPI 2.0 Security Profile (§5.4.1).
pub(crate) const FAPI_ALGORITHMS: [&str; 4] = ["ES256", "EdDSA", "Ed25519", "PS256"];

/// The name of an algorithm, as it stands in a header.
pub(super) fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::ES256 => "ES256",
        Algorithm::ES384 => "ES384",
        Algorithm::EdDSA => "EdDSA",
        Algorithm::RS256 => "RS256",
        Algorithm::PS256 => "PS256",
        Algorithm::HS256 => "HS256",
        _ => "none",
    }
}
