//! Authorization server metadata (RFC 8414, and OpenID Connect Discovery 1.0).

use serde::{Deserialize, Serialize};
use url::Url;

/// The well-known suffix of RFC 8414 §3.
pub const OAUTH_SUFFIX: &str = "oauth-authorization-server";
/// The well-known suffix of OpenID Connect Discovery §4.
pub const OPENID_SUFFIX: &str = "openid-configuration";

/// What an authorization server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the members are defined by RFC 8414 §2, RFC 9207 §3 and OpenID Discovery §3"
)]
pub struct ServerMetadata {
    pub issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_types_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub response_modes_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grant_types_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub code_challenge_methods_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub introspection_endpoint_auth_methods_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub authorization_response_iss_parameter_supported: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subject_types_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_token_signing_alg_values_supported: Vec<String>,
}

/// Where to look for the metadata of `issuer`, in the order to try: RFC 8414 with the suffix inserted before
/// the issuer's path, then OpenID with the suffix after it.
pub fn locations(issuer: &Url) -> Vec<Url> {
    let path = issuer.path().trim_end_matches('/').to_owned();
    let at = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url.set_query(None);
        url.set_fragment(None);
        url
    };
    vec![
        at(format!("/.well-known/{OAUTH_SUFFIX}{path}")),
        at(format!("{path}/.well-known/{OPENID_SUFFIX}")),
    ]
}

#[cfg(test)]
mod tests {
    use super::{ServerMetadata, locations};

    fn of(issuer: &str) -> Vec<String> {
        let issuer = issuer.parse().expect("a URL");
        locations(&issuer).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_suffix_goes_before_or_after_the_path() {
        assert_eq!(
            of("https://as.example"),
            [
                "https://as.example/.well-known/oauth-authorization-server",
                "https://as.example/.well-known/openid-configuration",
            ]
        );
        assert_eq!(
            of("https://as.example/tenant/"),
            [
                "https://as.example/.well-known/oauth-authorization-server/tenant",
                "https://as.example/tenant/.well-known/openid-configuration",
            ]
        );
    }

    #[test]
    fn what_is_written_reads_back() {
        let metadata = ServerMetadata {
            issuer: "https://as.example".into(),
            token_endpoint: Some("https://as.example/token".into()),
            code_challenge_methods_supported: vec!["S256".into()],
            authorization_response_iss_parameter_supported: true,
            ..ServerMetadata::default()
        };
        let body = serde_json::to_string(&metadata).expect("serialises");
        assert_eq!(
            serde_json::from_str::<ServerMetadata>(&body).expect("parses"),
            metadata
        );
    }
}
