//! Token introspection (RFC 7662).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::{ClientId, Scope};

/// An introspection request (RFC 7662 §2.1).
pub use super::one_token::OneToken as IntrospectionRequest;

/// The media type of a signed answer (RFC 9701 §5).
pub const SIGNED: &str = "application/token-introspection+jwt";
/// The `typ` of a signed answer, which no other kind of JWT has.
pub const TYP: &str = "token-introspection+jwt";

/// A signed answer (RFC 9701 §5). It has neither `sub` nor `exp`, so that nobody takes it for a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignedIntrospection<'a> {
    /// Who says it.
    pub iss: &'a str,
    /// Who asked.
    pub aud: &'a ClientId,
    /// When, in seconds since 1970.
    pub iat: u64,
    /// What is said.
    pub token_introspection: &'a IntrospectionResponse,
}

/// An introspection answer (RFC 7662 §2.2). An inactive token has nothing but `active`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// `aud`; read from one text too, and always written as a list.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "one_or_many"
    )]
    pub aud: Vec<String>,
    /// `iss`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// `jti`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// All other members, such as `username`, `nbf` and `cnf`. They may tell of a person, so only their names print. What
    /// has a member above does not belong here.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl IntrospectionResponse {
    /// The answer about every token that is not good, whatever the reason (RFC 7662 §2.2).
    pub fn inactive() -> Self {
        Self::default()
    }
}

impl fmt::Debug for IntrospectionResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.extra.keys().collect();
        f.debug_struct("IntrospectionResponse")
            .field("active", &self.active)
            .field("scope", &self.scope)
            .field("client_id", &self.client_id)
            .field("token_type", &self.token_type)
            .field("exp", &self.exp)
            .field("iat", &self.iat)
            .field("sub", &self.sub)
            .field("aud", &self.aud)
            .field("iss", &self.iss)
            .field("jti", &self.jti)
            .field("extra", &names)
            .finish()
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// One text stands for a list of it (RFC 7662 §2.2).
fn one_or_many<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<String>, D::Error> {
    Ok(match Option::deserialize(reader)? {
        None => Vec::new(),
        Some(OneOrMany::One(text)) => vec![text],
        Some(OneOrMany::Many(list)) => list,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::IntrospectionResponse;

    fn read(body: &str) -> IntrospectionResponse {
        serde_json::from_str(body).expect("parses")
    }

    fn written(answer: &IntrospectionResponse) -> String {
        serde_json::to_string(answer).expect("serialises")
    }

    #[test]
    fn an_inactive_token_has_no_properties() {
        let body = written(&IntrospectionResponse::inactive());
        assert_eq!(body, r#"{"active":false}"#);
        assert_eq!(read(&body), IntrospectionResponse::inactive());
    }

    #[test]
    fn what_is_known_is_written_in_order_and_nothing_else() {
        let answer = IntrospectionResponse {
            active: true,
            scope: Some("read write".parse().expect("a scope")),
            token_type: Some("Bearer".to_owned()),
            exp: Some(1_700_000_600),
            iat: Some(1_700_000_000),
            sub: Some("s".to_owned()),
            aud: vec!["https://api.example".to_owned()],
            iss: Some("https://as.example".to_owned()),
            jti: Some("j".to_owned()),
            ..IntrospectionResponse::default()
        };
        let body = concat!(
            r#"{"active":true,"scope":"read write","token_type":"Bearer","exp":1700000600,"iat":1700000000,"#,
            r#""sub":"s","aud":["https://api.example"],"iss":"https://as.example","jti":"j"}"#,
        );
        assert_eq!(written(&answer), body);
        assert_eq!(read(body), answer);
    }

    #[test]
    fn other_members_are_kept_and_do_not_print() {
        // RFC 7662 §2.2, with the certificate of RFC 8705 §3.2.
        let body = json!({
            "active": true,
            "client_id": "l238j323ds-23ij4",
            "username": "jdoe",
            "scope": "read write dolphin",
            "sub": "Z5O3upPC88QrAjx00dis",
            "aud": "https://protected.example.net/resource",
            "iss": "https://server.example.com/",
            "exp": 1_419_356_238,
            "iat": 1_419_350_238,
            "nbf": 1_419_350_238,
            "cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"},
            "extension_field": ["twenty-seven", null],
        });
        let answer = read(&body.to_string());
        assert_eq!(answer.aud, ["https://protected.example.net/resource"]);
        let names: Vec<&String> = answer.extra.keys().collect();
        assert_eq!(names, ["cnf", "extension_field", "nbf", "username"]);
        let shown = format!("{answer:?}");
        assert!(
            shown.contains("username") && !shown.contains("jdoe"),
            "{shown}"
        );

        let mut whole: Value = serde_json::from_str(&written(&answer)).expect("parses");
        let aud = whole.get_mut("aud").expect("there").take();
        assert_eq!(aud, json!(["https://protected.example.net/resource"]));
        whole["aud"] = body["aud"].clone();
        assert_eq!(whole, body);
        assert_eq!(read(&written(&answer)), answer);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for body in [
            r#"{"active":"yes"}"#,
            r#"{"active":true,"aud":7}"#,
            r#"{"active":true,"active":true}"#,
            "[]",
        ] {
            let read: Result<IntrospectionResponse, _> = serde_json::from_str(body);
            assert!(read.is_err(), "{body}");
        }
        assert_eq!(read(r#"{"active":true,"aud":null}"#).aud, [""; 0]);
    }
}
