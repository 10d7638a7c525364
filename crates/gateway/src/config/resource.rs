use gatepass_proto::Scope;
use serde::{Deserialize, Serialize};
use url::Url;

/// What the API says of itself (RFC 9728 §2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResourceEntry {
    /// Its identifier, which tokens have in `aud`; `None` makes it the public URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The scopes that a client may ask for.
    pub scopes_supported: Scope,
    /// Its name, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_name: Option<String>,
    /// Where developers read about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_documentation: Option<Url>,
}
