//! The token endpoint's answers (RFC 6749 §5.1, §5.2).

use serde::Serialize;
use serde_json::{Value, json};

use crate::{OAuthError, Scope, Secret};

/// A successful answer of the token endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenResponse {
    /// `access_token`.
    pub access_token: Secret,
    /// `token_type`, `Bearer` when the server did not say.
    pub token_type: String,
    /// `expires_in`, in seconds.
    pub expires_in: Option<u64>,
    /// `refresh_token`.
    pub refresh_token: Option<Secret>,
    /// `scope`; missing when it is what was asked for.
    pub scope: Option<Scope>,
}

/// Secrets do not serialise by themselves; here they must.
#[derive(Serialize)]
struct Wire<'a> {
    access_token: &'a str,
    token_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a Scope>,
}

/// An error answer, as a client meets it: the codes of other servers are not ours to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorResponse {
    /// `error`.
    pub error: String,
    /// `error_description`.
    pub description: Option<String>,
}

impl TokenResponse {
    /// What the JSON body is written from.
    pub fn to_body(&self) -> impl Serialize + use<'_> {
        Wire {
            access_token: self.access_token.expose(),
            token_type: &self.token_type,
            expires_in: self.expires_in,
            refresh_token: self.refresh_token.as_ref().map(Secret::expose),
            scope: self.scope.as_ref(),
        }
    }

    /// The JSON body, to be added to.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.to_body()).unwrap_or_default()
    }

    /// Reads the JSON body. Real servers are sloppy: `expires_in` may be text or a float, `token_type` may be
    /// missing, `scope` may be an array.
    ///
    /// # Errors
    ///
    /// What is wrong, without any of the values.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let value: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
        let object = value.as_object().ok_or("the body is not a JSON object")?;
        let text = |name: &str| {
            object
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        Ok(Self {
            access_token: Secret::new(text("access_token").ok_or("access_token is missing")?),
            token_type: text("token_type").unwrap_or("Bearer").to_owned(),
            expires_in: object.get("expires_in").and_then(seconds),
            refresh_token: text("refresh_token").map(Secret::new),
            scope: object.get("scope").and_then(scope),
        })
    }
}

impl ErrorResponse {
    /// Reads the JSON body; `None` when it is not an OAuth error.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(body).ok()?;
        Some(Self {
            error: value.get("error")?.as_str()?.to_owned(),
            description: value
                .get("error_description")
                .and_then(Value::as_str)
                .map(str::to_owned),
        })
    }
}

impl OAuthError {
    /// Writes the JSON body of a direct answer (RFC 6749 §5.2).
    pub fn to_json(&self) -> Value {
        json!({ "error": self.code().as_str(), "error_description": self.description() })
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
    match value {
        Value::String(text) => text.replace(',', " ").parse().ok(),
        Value::Array(items) => {
            let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            words?.join(" ").parse().ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ErrorResponse, TokenResponse};
    use crate::{OAuthError, Secret};

    #[test]
    fn sloppy_answers_are_understood() {
        for (body, expires_in) in [
            (r#"{"access_token":"a","expires_in":"3600"}"#, Some(3600)),
            (r#"{"access_token":"a","expires_in":3600.9}"#, Some(3600)),
            (r#"{"access_token":"a","expires_in":null}"#, None),
            (r#"{"access_token":"a","expires_in":-5}"#, None),
            (r#"{"access_token":"a","expires_in":"soon"}"#, None),
        ] {
            let token = TokenResponse::parse(body.as_bytes()).expect(body);
            assert_eq!(token.expires_in, expires_in, "{body}");
            assert_eq!(token.token_type, "Bearer");
        }
        let token =
            TokenResponse::parse(br#"{"access_token":"a","scope":["x","y"]}"#).expect("array");
        assert_eq!(token.scope.expect("scope").to_string(), "x y");
    }

    #[test]
    fn an_answer_without_a_token_is_refused() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"access_token":""}"#,
            r#"{"access_token":7}"#,
        ] {
            assert!(TokenResponse::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn errors_read_back() {
        let body = OAuthError::invalid_grant("code is spent")
            .to_json()
            .to_string();
        let error = ErrorResponse::parse(body.as_bytes()).expect("an error");
        assert_eq!(error.error, "invalid_grant");
        assert_eq!(error.description.as_deref(), Some("code is spent"));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            access in "[!-~]{1,60}", refresh in prop::option::of("[!-~]{1,60}"),
            expires_in in prop::option::of(0u64..1_000_000_000), scope in prop::option::of("[a-z]{1,6}( [a-z]{1,6}){0,3}"),
        ) {
            let token = TokenResponse {
                access_token: Secret::new(access),
                token_type: "Bearer".to_owned(),
                expires_in,
                refresh_token: refresh.map(Secret::new),
                scope: scope.map(|scope| scope.parse().expect("valid")),
            };
            prop_assert_eq!(TokenResponse::parse(token.to_json().to_string().as_bytes()), Ok(token));
        }
    }
}
