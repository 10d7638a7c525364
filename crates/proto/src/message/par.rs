//! The answer to a pushed authorization request (RFC 9126). The request has the parameters of an authorization request.

use serde_json::{Value, json};

use super::members;
use super::token::seconds;

/// The longest `request_uri` that is taken, in bytes.
const MAX_URI: usize = 2048;
/// How long a `request_uri` is taken to live when the server does not say, in seconds.
const DEFAULT_LIFETIME: u64 = 60;

/// What stands for the request that was pushed (RFC 9126 §2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParResponse {
    /// `request_uri`, good for one authorization request by the client that pushed it.
    pub request_uri: String,
    /// `expires_in`, in seconds; 60 when the server did not say.
    pub expires_in: u64,
}

impl ParResponse {
    /// The JSON body.
    pub fn to_json(&self) -> Value {
        json!({ "request_uri": self.request_uri, "expires_in": self.expires_in })
    }

    /// Reads the JSON body.
    ///
    /// # Errors
    ///
    /// What is wrong, without any of the values.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let members = members::read(body)?;
        let request_uri = members
            .get("request_uri")
            .and_then(Value::as_str)
            .ok_or("request_uri is missing")?;
        if !is_uri(request_uri) {
            return Err("request_uri is not a URI");
        }
        Ok(Self {
            request_uri: request_uri.to_owned(),
            expires_in: members
                .get("expires_in")
                .and_then(seconds)
                .unwrap_or(DEFAULT_LIFETIME),
        })
    }
}

/// It has a scheme, and no character that a URI cannot have (RFC 3986 §2).
fn is_uri(text: &str) -> bool {
    text.len() <= MAX_URI
        && text.bytes().all(|b| b.is_ascii_graphic())
        && text
            .split_once(':')
            .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ParResponse;

    #[test]
    fn the_example_of_the_standard() {
        let body = br#"{"request_uri":"urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c","expires_in":60}"#;
        let answer = ParResponse::parse(body).expect("RFC 9126 §2.2");
        assert_eq!(
            answer.request_uri,
            "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"
        );
        assert_eq!(answer.expires_in, 60);
    }

    #[test]
    fn a_lifetime_may_be_text_or_missing() {
        for (body, expires_in) in [
            (r#"{"request_uri":"urn:a","expires_in":"90"}"#, 90),
            (r#"{"request_uri":"urn:a","expires_in":90.5}"#, 90),
            (r#"{"request_uri":"urn:a","expires_in":-1}"#, 60),
            (r#"{"request_uri":"urn:a"}"#, 60),
        ] {
            let answer = ParResponse::parse(body.as_bytes()).expect(body);
            assert_eq!(answer.expires_in, expires_in, "{body}");
        }
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        let long = format!(r#"{{"request_uri":"urn:{}"}}"#, "a".repeat(3000));
        for body in [
            "",
            "[]",
            "{}",
            r#"{"request_uri":7}"#,
            r#"{"request_uri":""}"#,
            r#"{"request_uri":"abc"}"#,
            r#"{"request_uri":":abc"}"#,
            r#"{"request_uri":"urn:"}"#,
            r#"{"request_uri":"urn:a b"}"#,
            r#"{"request_uri":"urn:a\u001b[2J"}"#,
            &long,
        ] {
            assert!(ParResponse::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(uri in "[a-z]{1,8}:[!-~]{1,60}", expires_in in 0u64..1_000_000_000) {
            let answer = ParResponse { request_uri: uri, expires_in };
            prop_assert_eq!(ParResponse::parse(answer.to_json().to_string().as_bytes()), Ok(answer));
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = ParResponse::parse(&bytes);
        }
    }
}
