use std::time::Duration;

use gatepass_client::SecretRef;
use serde::{Deserialize, Serialize};
use url::Url;

use gatepass_settings::span;

/// An authorization server whose access tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerEntry {
    /// Its issuer identifier, below which its metadata is found (RFC 8414, OpenID Connect Discovery).
    pub issuer: String,
    /// What must be in a token's `aud`; `None` makes it the resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Where its keys are, for one that has no metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<Url>,
    /// The algorithms that its tokens may be signed with; empty means all that the guard knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub algorithms: Vec<String>,
    /// Whether JWTs are taken that do not say that they are access tokens (`typ: at+jwt`), for issuers that leave it out.
    #[serde(default)]
    pub untyped_tokens: bool,
    /// By how much its clock and ours may differ.
    #[serde(default = "leeway", with = "span")]
    pub leeway: Duration,
    /// How it is asked about tokens that say nothing by themselves (RFC 7662).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub introspection: Option<IntrospectionEntry>,
}

impl IssuerEntry {
    /// The issuer with this identifier, with everything else as is usual.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audience: None,
            jwks_uri: None,
            algorithms: Vec::new(),
            untyped_tokens: false,
            leeway: leeway(),
            introspection: None,
        }
    }
}

/// How an authorization server is asked about tokens (RFC 7662).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntrospectionEntry {
    /// As whom.
    pub client_id: String,
    /// Where the client's secret is.
    pub client_secret: SecretRef,
    /// Where it is asked; `None` goes by its metadata.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Url>,
    /// About which tokens.
    #[serde(default)]
    pub tokens: IntrospectedTokens,
    /// For how long an answer is gone by; a withdrawn token is good for so long at most. Zero asks each time.
    #[serde(default = "cache", with = "span")]
    pub cache: Duration,
    /// Whether an answer without `aud` is about a token for this API, where the issuer answers each client about its own
    /// tokens alone.
    #[serde(default)]
    pub audience_implied: bool,
}

/// Which tokens an authorization server is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IntrospectedTokens {
    /// Those that are no JWT.
    #[default]
    Opaque,
    /// Every one, so that a withdrawal is seen of JWTs too.
    All,
}

fn leeway() -> Duration {
    Duration::from_secs(30)
}

fn cache() -> Duration {
    Duration::from_secs(10)
}
