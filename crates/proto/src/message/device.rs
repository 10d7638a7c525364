//! Device authorization (RFC 8628 §3.1, §3.2): how a device without a browser asks for a login on another one.

use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::token::seconds;
use super::{link, members};
use crate::{ErrorCode, OAuthError, Params, Scope, Secret};

/// The longest `device_code`, in bytes.
const MAX_DEVICE_CODE: usize = 16 * 1024;
/// The longest `user_code`, in bytes. A person has to type it.
const MAX_USER_CODE: usize = 64;
/// How long a login may take when the server does not say, in seconds.
const DEFAULT_LIFETIME: u64 = 600;
/// RFC 8628 §3.2: the interval when the server does not say, in seconds.
const DEFAULT_INTERVAL: u64 = 5;

/// A device authorization request. Who asks is said by client authentication.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceAuthorizationRequest {
    /// `scope`.
    pub scope: Option<Scope>,
    /// `resource` (RFC 8707), any number.
    pub resource: Vec<String>,
}

impl DeviceAuthorizationRequest {
    /// Writes the body.
    pub fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push_some("scope", self.scope.as_ref().map(ToString::to_string));
        for resource in &self.resource {
            params.push("resource", resource);
        }
        params
    }

    /// Reads the body.
    ///
    /// # Errors
    ///
    /// `invalid_scope` for a malformed scope.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let scope = params
            .get("scope")
            .map(str::parse)
            .transpose()
            .map_err(|_| OAuthError::new(ErrorCode::InvalidScope, "scope is malformed"))?;
        Ok(Self {
            scope,
            resource: params.all("resource").map(str::to_owned).collect(),
        })
    }
}

/// The answer: one code for the device, and another that a person takes to a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceAuthorizationResponse {
    /// `device_code`.
    pub device_code: Secret,
    /// `user_code`, safe to print.
    pub user_code: String,
    /// `verification_uri`: HTTPS, or HTTP on this machine.
    pub verification_uri: Url,
    /// `verification_uri_complete`, with the code in it.
    pub verification_uri_complete: Option<Url>,
    /// `expires_in`, in seconds; 600 when the server did not say.
    pub expires_in: u64,
    /// `interval`, in seconds; 5 when the server did not say.
    pub interval: u64,
}

/// Secrets do not serialise by themselves; here they must.
#[derive(Serialize)]
struct Wire<'a> {
    device_code: &'a str,
    user_code: &'a str,
    verification_uri: &'a Url,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification_uri_complete: Option<&'a Url>,
    expires_in: u64,
    interval: u64,
}

impl DeviceAuthorizationResponse {
    /// The JSON body, with the `device_code` in clear.
    pub fn to_json(&self) -> Value {
        let wire = Wire {
            device_code: self.device_code.expose(),
            user_code: &self.user_code,
            verification_uri: &self.verification_uri,
            verification_uri_complete: self.verification_uri_complete.as_ref(),
            expires_in: self.expires_in,
            interval: self.interval,
        };
        serde_json::to_value(wire).unwrap_or_default()
    }

    /// Reads the JSON body. Older servers write `verification_url` (Google still does), and numbers as text. A
    /// complete link that cannot be followed counts as not sent, for the plain one serves as well.
    ///
    /// # Errors
    ///
    /// What is wrong, without any of the values.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let members = members::read(body)?;
        let text = |name: &str| {
            members
                .get(name)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
        };
        let device_code = text("device_code").ok_or("device_code is missing")?;
        if device_code.len() > MAX_DEVICE_CODE {
            return Err("device_code is too long");
        }
        let user_code = text("user_code").ok_or("user_code is missing")?;
        if !is_typeable(user_code) {
            return Err("user_code is not short printable ASCII");
        }
        let place = text("verification_uri")
            .or_else(|| text("verification_url"))
            .ok_or("verification_uri is missing")?;
        let complete =
            text("verification_uri_complete").or_else(|| text("verification_url_complete"));
        let number = |name: &str| members.get(name).and_then(seconds);
        Ok(Self {
            device_code: Secret::new(device_code),
            user_code: user_code.to_owned(),
            verification_uri: link::parse(place).ok_or("verification_uri is not an https link")?,
            verification_uri_complete: complete.and_then(link::parse),
            expires_in: number("expires_in").unwrap_or(DEFAULT_LIFETIME),
            interval: number("interval").unwrap_or(DEFAULT_INTERVAL),
        })
    }
}

/// What a terminal can show without harm, and a keyboard can give back.
fn is_typeable(code: &str) -> bool {
    code.len() <= MAX_USER_CODE && code.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::{DeviceAuthorizationRequest, DeviceAuthorizationResponse};
    use crate::{Params, Secret};

    fn answer() -> Value {
        json!({
            "device_code": "GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS",
            "user_code": "WDJB-MJHT",
            "verification_uri": "https://example.com/device",
            "verification_uri_complete": "https://example.com/device?user_code=WDJB-MJHT",
            "expires_in": 1800,
            "interval": 7,
        })
    }

    fn parse(value: &Value) -> Result<DeviceAuthorizationResponse, &'static str> {
        DeviceAuthorizationResponse::parse(value.to_string().as_bytes())
    }

    fn with(name: &str, value: impl Into<Value>) -> Value {
        let mut answer = answer();
        answer[name] = value.into();
        answer
    }

    #[test]
    fn the_example_of_the_standard() {
        let answer = parse(&answer()).expect("RFC 8628 §3.2");
        assert_eq!(answer.user_code, "WDJB-MJHT");
        assert_eq!(
            answer.verification_uri.as_str(),
            "https://example.com/device"
        );
        assert_eq!((answer.expires_in, answer.interval), (1800, 7));
        assert!(answer.verification_uri_complete.is_some());
    }

    #[test]
    fn sloppy_answers_are_understood() {
        let google = json!({
            "device_code": "d", "user_code": "GQVQ-JKEC", "verification_url": "https://www.google.com/device",
            "expires_in": "1800",
        });
        let answer = parse(&google).expect("Google");
        assert_eq!(answer.verification_uri.host_str(), Some("www.google.com"));
        assert_eq!((answer.expires_in, answer.interval), (1800, 5));
        let answer = parse(&with("expires_in", Value::Null)).expect("a lifetime of null");
        assert_eq!(answer.expires_in, 600);
        let complete = "http://example.com/device?user_code=WDJB-MJHT";
        let answer = parse(&with("verification_uri_complete", complete)).expect("usable without");
        assert_eq!(answer.verification_uri_complete, None);
    }

    #[test]
    fn each_fault_is_named() {
        for (name, value, fault) in [
            ("device_code", json!(""), "device_code is missing"),
            ("device_code", json!(7), "device_code is missing"),
            (
                "device_code",
                json!("d".repeat(20_000)),
                "device_code is too long",
            ),
            ("user_code", Value::Null, "user_code is missing"),
            (
                "user_code",
                json!("A\u{1b}[2JB"),
                "user_code is not short printable ASCII",
            ),
            (
                "user_code",
                json!("\u{202e}BDWJ"),
                "user_code is not short printable ASCII",
            ),
            (
                "user_code",
                json!("A".repeat(65)),
                "user_code is not short printable ASCII",
            ),
            (
                "verification_uri",
                Value::Null,
                "verification_uri is missing",
            ),
            (
                "verification_uri",
                json!("http://example.com"),
                "verification_uri is not an https link",
            ),
            (
                "verification_uri",
                json!("javascript:x"),
                "verification_uri is not an https link",
            ),
            (
                "verification_uri",
                json!("https://a\n.b"),
                "verification_uri is not an https link",
            ),
        ] {
            assert_eq!(
                parse(&with(name, value.clone())),
                Err(fault),
                "{name} {value}"
            );
        }
        for body in ["", "[]", "7", "null", "{"] {
            assert!(
                DeviceAuthorizationResponse::parse(body.as_bytes()).is_err(),
                "{body}"
            );
        }
    }

    #[test]
    fn the_device_code_does_not_print() {
        let answer = parse(&answer()).expect("an answer");
        assert!(!format!("{answer:?}").contains("GmRhmhc"));
    }

    proptest! {
        #[test]
        fn requests_read_back(
            scope in prop::option::of("[a-z]{1,5}( [a-z]{1,5}){0,3}"),
            resource in prop::collection::vec("[a-z:/.]{1,20}", 0..3),
        ) {
            let request = DeviceAuthorizationRequest {
                scope: scope.map(|scope| scope.parse().expect("valid")),
                resource,
            };
            let params = Params::parse_form(request.to_params().to_form().as_bytes()).expect("well formed");
            prop_assert_eq!(DeviceAuthorizationRequest::parse(&params), Ok(request));
        }

        #[test]
        fn answers_read_back(
            device_code in "[!-~]{1,60}", user_code in "[ -~]{1,20}", path in "[a-z/?=]{0,20}",
            complete in any::<bool>(), expires_in in 0u64..1_000_000, interval in 0u64..1000,
        ) {
            let place: url::Url = format!("https://as.example/{path}").parse().expect("a URL");
            let answer = DeviceAuthorizationResponse {
                device_code: Secret::new(device_code),
                user_code,
                verification_uri: place.clone(),
                verification_uri_complete: complete.then_some(place),
                expires_in,
                interval,
            };
            prop_assert_eq!(parse(&answer.to_json()), Ok(answer));
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = DeviceAuthorizationResponse::parse(&bytes);
        }
    }
}
