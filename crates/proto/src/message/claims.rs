//! Claims about people: the standard ones (OpenID Connect Core 1.0 §5.1), and the `claims` parameter (§5.5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest `claims` parameter, in bytes.
const MAX_LEN: usize = 8 * 1024;
/// The most claims that are asked for in one place.
const MAX_CLAIMS: usize = 64;
/// The longest name of a claim, in bytes.
const MAX_NAME: usize = 128;
/// The longest list of `values`.
const MAX_VALUES: usize = 32;

/// What a token says of itself and of the login. No operator sets these for a person.
const RESERVED: [&str; 21] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "sid",
    "at_hash",
    "c_hash",
    "s_hash",
    "cnf",
    "client_id",
    "scope",
    "events",
    "act",
];

/// Of which type a claim is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// True or false.
    Flag,
    /// Seconds since 1970.
    Moment,
    /// An object.
    Object,
}

/// A standard claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standard {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The scope that opens it (§5.4).
    pub scope: &'static str,
}

macro_rules! standard {
    ($($scope:literal: $($name:literal $kind:ident)*;)*) => {
        &[$($(Standard { name: $name, kind: Kind::$kind, scope: $scope },)*)*]
    };
}

/// The standard claims (§5.1), each with the scope that opens it (§5.4).
pub const STANDARD: &[Standard] = standard! {
    "profile": "name" Text "family_name" Text "given_name" Text "middle_name" Text "nickname" Text
        "preferred_username" Text "profile" Text "picture" Text "website" Text "gender" Text "birthdate" Text
        "zoneinfo" Text "locale" Text "updated_at" Moment;
    "email": "email" Text "email_verified" Flag;
    "address": "address" Object;
    "phone": "phone_number" Text "phone_number_verified" Flag;
};

/// Reads what was written for a claim of a person: a text for those that are texts, JSON or else text for the others.
///
/// # Errors
///
/// What the claim would have to be.
pub fn read_claim(name: &str, text: &str) -> Result<Value, &'static str> {
    if name.is_empty() || name.len() > MAX_NAME || name.chars().any(char::is_control) {
        return Err("a claim's name must be 1 to 128 bytes without control characters");
    }
    if RESERVED.contains(&name) {
        return Err("it is the server's own and cannot be set");
    }
    let json = || serde_json::from_str::<Value>(text).ok();
    // A claim in a language, name#de, is of the type of the claim itself (§5.2).
    let bare = name.split('#').next().unwrap_or(name);
    let Some(standard) = STANDARD.iter().find(|own| own.name == bare) else {
        return Ok(json().unwrap_or_else(|| text.into()));
    };
    match standard.kind {
        Kind::Text => Ok(text.into()),
        Kind::Flag => json()
            .filter(Value::is_boolean)
            .ok_or("it must be true or false"),
        Kind::Moment => json()
            .filter(Value::is_u64)
            .ok_or("it must be seconds since 1970"),
        Kind::Object => json()
            .filter(Value::is_object)
            .ok_or("it must be a JSON object"),
    }
}

/// Claims by name.
pub type Wanted = BTreeMap<String, Claim>;

/// The `claims` parameter (§5.5). Members that nobody here knows are passed over, as it demands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimsRequest {
    /// What UserInfo is to say.
    #[serde(skip_serializing_if = "Wanted::is_empty", deserialize_with = "wanted")]
    pub userinfo: Wanted,
    /// What the ID token is to say.
    #[serde(skip_serializing_if = "Wanted::is_empty", deserialize_with = "wanted")]
    pub id_token: Wanted,
}

/// How one claim is wanted (§5.5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Claim {
    /// Whether the client cannot do without.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub essential: bool,
    /// The only value that is of use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The values that are of use, the dearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
}

impl Claim {
    /// Whether this value is of use.
    pub fn admits(&self, value: &Value) -> bool {
        match &self.value {
            Some(only) => only == value,
            None => self.values.is_empty() || self.values.contains(value),
        }
    }
}

impl ClaimsRequest {
    /// Reads the parameter.
    ///
    /// # Errors
    ///
    /// What is wrong, without any of the values.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_LEN {
            return Err("claims is too long");
        }
        let value: Value = serde_json::from_str(text).map_err(|_| "claims is not JSON")?;
        Self::from_value(&value)
    }

    /// Reads it from JSON, what [`ClaimsRequest::to_value`] writes.
    ///
    /// # Errors
    ///
    /// What is wrong, without any of the values.
    pub fn from_value(value: &Value) -> Result<Self, &'static str> {
        let shape = "claims is not an object of claims, each null or an object";
        // A list would be read as the members in order.
        if !value.is_object() {
            return Err(shape);
        }
        let request = Self::deserialize(value).map_err(|_| shape)?;
        for wanted in [&request.userinfo, &request.id_token] {
            let long = |(name, claim): (&String, &Claim)| {
                name.len() > MAX_NAME || claim.values.len() > MAX_VALUES
            };
            if wanted.len() > MAX_CLAIMS || wanted.iter().any(long) {
                return Err("claims asks for too much");
            }
        }
        Ok(request)
    }

    /// The parameter's value as JSON.
    pub fn to_value(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `null` stands for a claim that is wanted in the usual way, and for a place where none is.
fn wanted<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Wanted, D::Error> {
    let all = Option::<BTreeMap<String, Option<Claim>>>::deserialize(deserializer)?;
    let all = all.unwrap_or_default().into_iter();
    Ok(all
        .map(|(name, claim)| (name, claim.unwrap_or_default()))
        .collect())
}

#[cfg(test)]
#[path = "claims_tests.rs"]
mod tests;
