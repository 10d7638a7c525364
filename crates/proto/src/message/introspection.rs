//! Token introspection (RFC 7662).

use serde::{Deserialize, Serialize};

use crate::{ClientId, Scope};

/// An introspection request (RFC 7662 §2.1).
pub use super::one_token::OneToken as IntrospectionRequest;

/// An introspection answer (RFC 7662 §2.2). An inactive token has nothing but `active`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IntrospectionResponse {
    /// Whether the token is good now.
    pub active: bool,
    /// `scope`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// `client_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// `token_type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// `exp`, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<u64>,
    /// `iat`, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<u64>,
    /// `sub`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// `aud`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// `iss`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// `jti`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

impl IntrospectionResponse {
    /// The answer about every token that is not good, whatever the reason (RFC 7662 §2.2).
    pub fn inactive() -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::IntrospectionResponse;

    #[test]
    fn an_inactive_token_has_no_properties() {
        let body = serde_json::to_string(&IntrospectionResponse::inactive()).expect("serialises");
        assert_eq!(body, r#"{"active":false}"#);
        let back: IntrospectionResponse = serde_json::from_str(&body).expect("parses");
        assert_eq!(back, IntrospectionResponse::inactive());
    }
}
