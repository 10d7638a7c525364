use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::jose::access_token::Audience;
use crate::jose::{numeric_date, numeric_date_if_any};

/// The claims of an ID token (OpenID Connect Core §2). Printing shows none that tell of a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdClaims {
    /// `iss`.
    pub iss: String,
    /// `sub`: the person, as this issuer calls them.
    pub sub: String,
    /// `aud`.
    #[serde(deserialize_with = "one_or_many")]
    pub aud: Vec<String>,
    /// `exp`, in seconds since 1970.
    #[serde(deserialize_with = "numeric_date")]
    pub exp: u64,
    /// `iat`, in seconds since 1970.
    #[serde(deserialize_with = "numeric_date")]
    pub iat: u64,
    /// `auth_time`: when the person was last asked, in seconds since 1970.
    #[serde(
        default,
        deserialize_with = "numeric_date_if_any",
        skip_serializing_if = "Option::is_none"
    )]
    pub auth_time: Option<u64>,
    /// `nonce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// `acr`: how well the person was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// `amr`: by what means.
    #[serde(
        default,
        deserialize_with = "none_or_many",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub amr: Vec<String>,
    /// `azp`: the client it was issued to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azp: Option<String>,
    /// `sid`: the session at the server (OpenID Connect Front-Channel Logout §3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Every other claim, as it came.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl fmt::Debug for IdClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdClaims")
            .field("iss", &self.iss)
            .field("iat", &self.iat)
            .field("exp", &self.exp)
            .finish_non_exhaustive()
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = Audience::deserialize(deserializer)?;
    Ok(list.iter().map(str::to_owned).collect())
}

/// A list by the book; one text from some servers.
fn none_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = Option::<Audience>::deserialize(deserializer)?;
    Ok(list.map_or_else(Vec::new, |list| list.iter().map(str::to_owned).collect()))
}
