//! The token endpoint's answers (RFC 6749 §5.1, §5.2).

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::members;
use super::quirks::Quirks;
use crate::{Scope, Secret, Timestamp};

pub use super::refusal::ErrorResponse;

/// The most other members that are kept of an answer.
const MAX_EXTRA: usize = 64;
/// How much of them is kept, in bytes of JSON.
const MAX_EXTRA_SIZE: usize = 16 * 1024;
/// A number this large is a moment, not a lifetime: 31 years, or September 2001.
const EPOCH: u64 = 1_000_000_000;
/// A moment this large is in milliseconds.
const EPOCH_MILLIS: u64 = 1_000 * EPOCH;
/// A number this large is nonsense.
const NEVER: u64 = 1_000 * EPOCH_MILLIS;

/// A successful answer of the token endpoint.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenResponse {
    /// `access_token`.
    pub access_token: Secret,
    /// `token_type` as it was written, `Bearer` when the server did not say. It has no case (RFC 6749 §5.1).
    pub token_type: String,
    /// `expires_in`, in seconds.
    pub expires_in: Option<u64>,
    /// `expires_at` or `expires`: the moment that some servers name in place of a lifetime.
    pub until: Option<Timestamp>,
    /// `refresh_token`.
    pub refresh_token: Option<Secret>,
    /// `refresh_token_expires_in` (or Keycloak's `refresh_expires_in`), in seconds.
    pub refresh_token_expires_in: Option<u64>,
    /// `scope` (or Bitbucket's `scopes`); missing when it is what was asked for.
    pub scope: Option<Scope>,
    /// `id_token` (OpenID Connect Core §3.1.3.3).
    pub id_token: Option<Secret>,
    /// `authorization_details` (RFC 9396 §7), an array.
    pub authorization_details: Option<Value>,
    /// `issued_token_type` (RFC 8693 §2.2.1).
    pub issued_token_type: Option<String>,
    /// All other members, such as Salesforce's `instance_url`. They may hold secrets, so they do not print. Names that
    /// this type has members for are not written from here.
    pub extra: Map<String, Value>,
}

/// The members that are read and written by name.
const NAMED: [&str; 13] = [
    "access_token",
    "token_type",
    "expires_in",
    "expires_at",
    "expires",
    "refresh_token",
    "refresh_token_expires_in",
    "refresh_expires_in",
    "scope",
    "scopes",
    "id_token",
    "authorization_details",
    "issued_token_type",
];

/// Secrets do not serialise by themselves; here they must.
#[derive(Serialize)]
struct Wire<'a> {
    access_token: &'a str,
    token_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'a str>,
    #[serde(flatten, serialize_with = "others")]
    extra: &'a Map<String, Value>,
}

impl TokenResponse {
    /// An answer that has a Bearer token and nothing else, to be added to.
    pub fn bearer(access_token: Secret) -> Self {
        Self {
            access_token,
            token_type: "Bearer".to_owned(),
            expires_in: None,
            until: None,
            refresh_token: None,
            refresh_token_expires_in: None,
            scope: None,
            id_token: None,
            authorization_details: None,
            issued_token_type: None,
            extra: Map::new(),
        }
    }

    /// When the token expires that was asked for at `asked_at`; `None` when the server did not say. The lifetime counts
    /// before the moment, for it does not need the two clocks to agree.
    pub fn expires_at(&self, asked_at: Timestamp) -> Option<Timestamp> {
        let lifetime = self.expires_in.map(Duration::from_secs);
        lifetime.map(|lifetime| asked_at + lifetime).or(self.until)
    }

    /// What the JSON body is written from.
    pub fn to_body(&self) -> impl Serialize + use<'_> {
        Wire {
            access_token: self.access_token.expose(),
            token_type: &self.token_type,
            expires_in: self.expires_in,
            expires_at: self.until.map(Timestamp::as_secs),
            refresh_token: self.refresh_token.as_ref().map(Secret::expose),
            refresh_token_expires_in: self.refresh_token_expires_in,
            scope: self.scope.as_ref(),
            id_token: self.id_token.as_ref().map(Secret::expose),
            authorization_details: self.authorization_details.as_ref(),
            issued_token_type: self.issued_token_type.as_deref(),
            extra: &self.extra,
        }
    }

    /// The JSON body, to be added to.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.to_body()).unwrap_or_default()
    }

    /// Reads the body, JSON or form. Real servers are sloppy: a lifetime may be text or a float, or called `expires`,
    /// or be a moment; `token_type` may be missing; `scope` may be an array, or have commas. What makes no sense counts
    /// as not said, and so does what is empty.
    ///
    /// # Errors
    ///
    /// What is wrong, without any of the values.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        Self::parse_by(body, &Quirks::default())
    }

    /// As [`TokenResponse::parse`], from a server with these quirks.
    ///
    /// # Errors
    ///
    /// What is wrong, without any of the values.
    pub fn parse_by(body: &[u8], quirks: &Quirks) -> Result<Self, &'static str> {
        let mut members = members::read(body)?;
        if let Some(pointer) = &quirks.token_at {
            members = inner(members, pointer);
        }
        let mut token = Self::of(members)?;
        if let Some(token_type) = &quirks.token_type {
            token.token_type.clone_from(token_type);
        }
        Ok(token)
    }

    fn of(mut members: Map<String, Value>) -> Result<Self, &'static str> {
        let mut text = |name: &str| match members.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let access_token = text("access_token").ok_or("access_token is missing")?;
        let token_type = text("token_type");
        let refresh_token = text("refresh_token");
        let id_token = text("id_token");
        let issued_token_type = text("issued_token_type");
        let number = |name: &str| members.get(name).and_then(seconds);
        // Nought is how Keycloak says that a refresh token does not end, and others that an access token does not.
        let endless = |number: Option<u64>| number.filter(|number| *number > 0);
        let (lifetime, until) = span(endless(number("expires")).or(endless(number("expires_at"))));
        Ok(Self {
            access_token: Secret::new(access_token),
            token_type: token_type.unwrap_or_else(|| "Bearer".to_owned()),
            expires_in: number("expires_in").or(lifetime),
            until,
            refresh_token: refresh_token.map(Secret::new),
            refresh_token_expires_in: endless(
                number("refresh_token_expires_in").or(number("refresh_expires_in")),
            ),
            scope: ["scope", "scopes"]
                .iter()
                .find_map(|name| scope(members.get(*name)?)),
            id_token: id_token.map(Secret::new),
            authorization_details: members
                .remove("authorization_details")
                .filter(Value::is_array),
            issued_token_type,
            extra: rest(members),
        })
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.extra.keys().collect();
        f.debug_struct("TokenResponse")
            .field("access_token", &self.access_token)
            .field("token_type", &self.token_type)
            .field("expires_in", &self.expires_in)
            .field("until", &self.until)
            .field("refresh_token", &self.refresh_token)
            .field("refresh_token_expires_in", &self.refresh_token_expires_in)
            .field("scope", &self.scope)
            .field("id_token", &self.id_token)
            .field("issued_token_type", &self.issued_token_type)
            .field("extra", &names)
            .finish_non_exhaustive()
    }
}

/// The members of the object at `pointer`, where a token is there, and of what is around it those that do not belong
/// to another token.
fn inner(members: Map<String, Value>, pointer: &str) -> Map<String, Value> {
    let mut whole = Value::Object(members);
    let inner = whole
        .pointer_mut(pointer)
        .filter(|value| value.get("access_token").is_some())
        .map(Value::take);
    let Value::Object(mut around) = whole else {
        return Map::new();
    };
    if let Some(Value::Object(inner)) = inner {
        around.retain(|name, value| !value.is_null() && !NAMED.contains(&name.as_str()));
        around.extend(inner);
    }
    around
}

/// The members that have no name here, as many as fit.
fn rest(members: Map<String, Value>) -> Map<String, Value> {
    let mut room = MAX_EXTRA_SIZE;
    members
        .into_iter()
        .filter(|(name, value)| !value.is_null() && !NAMED.contains(&name.as_str()))
        .filter(|(name, value)| {
            let size = name.len() + value.to_string().len();
            let fits = size <= room;
            room -= if fits { size } else { 0 };
            fits
        })
        .take(MAX_EXTRA)
        .collect()
}

fn others<S: Serializer>(extra: &Map<String, Value>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        extra
            .iter()
            .filter(|(name, _)| !NAMED.contains(&name.as_str())),
    )
}

/// A number that may be a lifetime or a moment: as the one, or as the other.
fn span(number: Option<u64>) -> (Option<u64>, Option<Timestamp>) {
    match number {
        Some(number @ ..EPOCH) => (Some(number), None),
        Some(number @ EPOCH..EPOCH_MILLIS) => (None, Some(Timestamp::from_secs(number))),
        Some(number @ EPOCH_MILLIS..NEVER) => (None, Some(Timestamp::from_secs(number / 1000))),
        Some(NEVER..) | None => (None, None),
    }
}

/// A lifetime as a number, a float or digits in text; nonsense counts as not said.
pub(crate) fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(whole)),
        Value::String(text) => {
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| text.parse::<f64>().ok().and_then(whole))
        }
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked and the fraction is meant to go"
)]
fn whole(number: f64) -> Option<u64> {
    (number.is_finite() && (0.0..1e15).contains(&number)).then_some(number as u64)
}

fn scope(value: &Value) -> Option<Scope> {
    let scope: Scope = match value {
        Value::String(text) => text.replace(',', " ").parse().ok()?,
        Value::Array(items) => {
            let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            words?.join(" ").parse().ok()?
        }
        _ => return None,
    };
    (!scope.is_empty()).then_some(scope)
}

#[cfg(test)]
mod tests;
