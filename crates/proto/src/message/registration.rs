//! Dynamic client registration (RFC 7591, OpenID Connect Dynamic Client Registration 1.0) and its management (RFC 7592).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::members;
use super::token::seconds;
use crate::{ClientId, Scope, Secret, Timestamp};

/// The longest `client_id` that is taken, in bytes. It may be a URL.
const MAX_CLIENT_ID: usize = 2048;

/// What a client says of itself. What is not said is left to the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the members are defined where RFC 7591 §2 and its registry say"
)]
pub struct ClientMetadata {
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub grant_types: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub response_types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub contacts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    /// The public keys themselves, where there is no `jwks_uri`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
    /// A JWT in which somebody the server trusts vouches for the software (RFC 7591 §2.3).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_statement: Option<String>,
    /// `native` or `web`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub post_logout_redirect_uris: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_logout_uri: Option<String>,
    #[serde(
        skip_serializing_if = "std::ops::Not::not",
        deserialize_with = "nullable"
    )]
    pub backchannel_logout_session_required: bool,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub request_uris: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub authorization_details_types: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sector_identifier_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiate_login_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub introspection_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_signed_response_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_object_signing_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_signing_alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_max_age: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "nullable")]
    pub default_acr_values: Vec<String>,
    #[serde(
        skip_serializing_if = "std::ops::Not::not",
        deserialize_with = "nullable"
    )]
    pub require_auth_time: bool,
    #[serde(
        skip_serializing_if = "std::ops::Not::not",
        deserialize_with = "nullable"
    )]
    pub require_signed_request_object: bool,
    #[serde(
        skip_serializing_if = "std::ops::Not::not",
        deserialize_with = "nullable"
    )]
    pub require_pushed_authorization_requests: bool,
    #[serde(
        skip_serializing_if = "std::ops::Not::not",
        deserialize_with = "nullable"
    )]
    pub dpop_bound_access_tokens: bool,
    #[serde(
        skip_serializing_if = "std::ops::Not::not",
        deserialize_with = "nullable"
    )]
    pub tls_client_certificate_bound_access_tokens: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_subject_dn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_dns: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_client_auth_san_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_token_delivery_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_client_notification_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_authentication_request_signing_alg: Option<String>,
    #[serde(
        skip_serializing_if = "std::ops::Not::not",
        deserialize_with = "nullable"
    )]
    pub backchannel_user_code_parameter: bool,
    /// What else there is, such as `client_name#ja` (RFC 7591 §2.2).
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Reads the body of a registration or of its change. It is a JSON object, and nothing that only looks like one.
///
/// # Errors
///
/// What is wrong, without any of the content.
pub fn read_request(body: &[u8]) -> Result<Map<String, Value>, &'static str> {
    match body.trim_ascii_start().first() {
        Some(b'{') => members::read(body),
        _ => Err("the body is not a JSON object"),
    }
}

impl ClientMetadata {
    /// Reads the members of a request, whose types must be right.
    ///
    /// # Errors
    ///
    /// The member whose type is wrong.
    pub fn strictly(members: Map<String, Value>) -> Result<Self, String> {
        let wrong = |members: &Map<String, Value>| {
            let alone = |(name, value): (&String, &Value)| {
                let one = Map::from_iter([(name.clone(), value.clone())]);
                serde_json::from_value::<Self>(one.into()).is_err()
            };
            let found = members.iter().find(|member| alone(*member));
            found.map_or_else(String::new, |(name, _)| name.clone())
        };
        serde_json::from_value(Value::Object(members.clone())).map_err(|_| wrong(&members))
    }
}

/// What the server says of a client that it has registered (RFC 7591 §3.2.1, RFC 7592 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientInformation {
    /// `client_id`.
    pub client_id: ClientId,
    /// `client_secret`, where the client got one.
    pub client_secret: Option<Secret>,
    /// `client_id_issued_at`, in seconds since 1970.
    pub client_id_issued_at: Option<u64>,
    /// `client_secret_expires_at`, in seconds since 1970; 0 when it never does.
    pub client_secret_expires_at: Option<u64>,
    /// `registration_access_token`, by which the registration is read, changed and deleted.
    pub registration_access_token: Option<Secret>,
    /// `registration_client_uri`, where that is done.
    pub registration_client_uri: Option<String>,
    /// What was registered in truth, which may not be what was asked for.
    pub metadata: ClientMetadata,
}

impl ClientInformation {
    /// The JSON document with all its secrets in clear: to be stored sealed, and read back by [`Self::parse`].
    pub fn expose_json(&self) -> Value {
        let mut object = self.known();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                object.insert(name.to_owned(), value);
            }
        };
        put(
            "client_id_issued_at",
            self.client_id_issued_at.map(Value::from),
        );
        put(
            "client_secret_expires_at",
            self.client_secret_expires_at.map(Value::from),
        );
        let token = self.registration_access_token.as_ref();
        put(
            "registration_access_token",
            token.map(|token| token.expose().into()),
        );
        put(
            "registration_client_uri",
            self.registration_client_uri.as_deref().map(Value::from),
        );
        object.into()
    }

    /// The body of an update to `metadata`, which replaces everything. It names the client and its secret, and nothing
    /// that only the server may say (RFC 7592 §2.2).
    pub fn to_update(&self, metadata: ClientMetadata) -> Value {
        let updated = Self {
            metadata,
            ..self.clone()
        };
        updated.known().into()
    }

    /// Reads the JSON body. A member of the metadata that has the wrong type is passed over, for the client exists
    /// already and its id must not be lost.
    ///
    /// # Errors
    ///
    /// What is wrong, without any of the values.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let mut object = members::read(body)?;
        let client_id = text(&mut object, "client_id").ok_or("client_id is missing")?;
        if client_id.len() > MAX_CLIENT_ID || client_id.chars().any(char::is_control) {
            return Err("client_id is not a client identifier");
        }
        let mut number = |name: &str| object.remove(name).as_ref().and_then(seconds);
        Ok(Self {
            client_id: ClientId::new(client_id),
            client_id_issued_at: number("client_id_issued_at"),
            client_secret_expires_at: number("client_secret_expires_at"),
            client_secret: text(&mut object, "client_secret").map(Secret::new),
            registration_access_token: text(&mut object, "registration_access_token")
                .map(Secret::new),
            registration_client_uri: text(&mut object, "registration_client_uri"),
            metadata: understood(object),
        })
    }

    /// Whether the secret is of no use any more.
    pub fn secret_has_expired(&self, now: Timestamp) -> bool {
        self.client_secret_expires_at
            .is_some_and(|at| at > 0 && now >= Timestamp::from_secs(at))
    }

    fn known(&self) -> Map<String, Value> {
        let mut object = match serde_json::to_value(&self.metadata) {
            Ok(Value::Object(object)) => object,
            _ => Map::new(),
        };
        object.insert("client_id".to_owned(), self.client_id.as_str().into());
        if let Some(secret) = &self.client_secret {
            object.insert("client_secret".to_owned(), secret.expose().into());
        }
        object
    }
}

/// Takes a text that is not empty out of the document.
fn text(object: &mut Map<String, Value>, name: &str) -> Option<String> {
    match object.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// The metadata without the members that nobody could understand.
fn understood(mut object: Map<String, Value>) -> ClientMetadata {
    let read = |object: &Map<String, Value>| {
        serde_json::from_value::<ClientMetadata>(Value::Object(object.clone()))
    };
    read(&object).unwrap_or_else(|_| {
        object.retain(|name, value| {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            read(&alone).is_ok()
        });
        read(&object).unwrap_or_default()
    })
}

/// RFC 7592 §2.2 and many a server: `null` is the same as not said.
fn nullable<'de, D: Deserializer<'de>, T: Default + DeserializeOwned>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[cfg(test)]
#[path = "registration_tests.rs"]
mod tests;
