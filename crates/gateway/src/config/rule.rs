use std::time::Duration;

use gatepass_guard::PathPattern;
use gatepass_proto::Scope;
use serde::{Deserialize, Serialize};

use gatepass_settings::span;

/// What a request needs whose path and method fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleEntry {
    /// The path: `/exact`, `/prefix/*` for one segment more, `/prefix/**` for everything from `/prefix` on.
    #[serde(with = "text")]
    pub path: PathPattern,
    /// The methods; empty means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Whether anybody passes, nobody, or who shows what follows.
    #[serde(default)]
    pub access: AccessEntry,
    /// The scope that credentials must open.
    #[serde(default)]
    pub scope: Scope,
    /// How the user must have been authenticated, one of these (RFC 9470).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// How long ago the user may have been authenticated (RFC 9470).
    #[serde(
        default,
        with = "span::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub max_age: Option<Duration>,
}

/// What a request needs that no rule fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Otherwise {
    /// Whether anybody passes, nobody, or who shows what follows.
    pub access: AccessEntry,
    /// The scope that credentials must open.
    pub scope: Scope,
    /// How the user must have been authenticated, one of these (RFC 9470).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// How long ago the user may have been authenticated (RFC 9470).
    #[serde(with = "span::optional", skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Duration>,
}

/// Who passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessEntry {
    /// Anybody, unasked.
    Open,
    /// Who shows good credentials, and what else is required.
    #[default]
    Required,
    /// Nobody.
    Denied,
}

/// A pattern as it stands in the file.
mod text {
    use gatepass_guard::PathPattern;
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(
        pattern: &PathPattern,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(pattern)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<PathPattern, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}
