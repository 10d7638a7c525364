//! Backchannel authentication (OpenID Connect CIBA Core 1.0 §7): asks for a login on a device that the person has
//! with them already. Poll and ping mode.

use serde_json::{Value, json};

use super::members;
use super::token::seconds;
use crate::{ErrorCode, OAuthError, Params, Scope, Secret};

/// The longest `auth_req_id`, in bytes.
const MAX_ID: usize = 16 * 1024;
/// The longest `client_notification_token`, in bytes (CIBA §7.1).
const MAX_NOTIFICATION_TOKEN: usize = 1024;
/// How long a login may take when the server does not say, in seconds.
const DEFAULT_LIFETIME: u64 = 600;
/// CIBA §7.3: the interval when the server does not say, in seconds.
const DEFAULT_INTERVAL: u64 = 5;

/// A backchannel authentication request (CIBA §7.1). Who asks is said by client authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackchannelAuthenticationRequest {
    /// `scope`, with `openid` in it.
    pub scope: Scope,
    /// Who is to log in.
    pub hint: Hint,
    /// `client_notification_token`: by which the server proves to the client that a ping is its own.
    pub client_notification_token: Option<Secret>,
    /// `binding_message`: what both devices show, so that the person sees that they belong together.
    pub binding_message: Option<String>,
    /// `user_code`: a secret of the person's, where the server asks for one.
    pub user_code: Option<Secret>,
    /// `requested_expiry`, in seconds.
    pub requested_expiry: Option<u64>,
    /// `acr_values`, the best first.
    pub acr_values: Vec<String>,
    /// `resource` (RFC 8707), any number.
    pub resource: Vec<String>,
}

/// Who is to log in: exactly one of three (CIBA §7.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// `login_hint`: a name, an address or a telephone number.
    Login(String),
    /// `login_hint_token`: the same in a token of somebody's.
    LoginToken(Secret),
    /// `id_token_hint`: an ID token of an earlier login.
    IdToken(Secret),
}

impl BackchannelAuthenticationRequest {
    /// A request for this person.
    pub fn new(scope: Scope, hint: Hint) -> Self {
        Self {
            scope,
            hint,
            client_notification_token: None,
            binding_message: None,
            user_code: None,
            requested_expiry: None,
            acr_values: Vec::new(),
            resource: Vec::new(),
        }
    }

    /// Writes the body.
    pub fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push("scope", self.scope.to_string());
        let (name, value) = match &self.hint {
            Hint::Login(text) => ("login_hint", text.as_str()),
            Hint::LoginToken(token) => ("login_hint_token", token.expose()),
            Hint::IdToken(token) => ("id_token_hint", token.expose()),
        };
        params.push(name, value);
        let token = self.client_notification_token.as_ref();
        params.push_some("client_notification_token", token.map(Secret::expose));
        params.push_some("binding_message", self.binding_message.as_deref());
        params.push_some("user_code", self.user_code.as_ref().map(Secret::expose));
        params.push_some(
            "requested_expiry",
            self.requested_expiry.map(|expiry| expiry.to_string()),
        );
        if !self.acr_values.is_empty() {
            params.push("acr_values", self.acr_values.join(" "));
        }
        for resource in &self.resource {
            params.push("resource", resource);
        }
        params
    }

    /// Reads the body.
    ///
    /// # Errors
    ///
    /// `invalid_scope` without `openid`; `invalid_request` unless exactly one hint is there, for an expiry that is not a
    /// positive number, or for a `client_notification_token` that is no bearer token of a bounded length.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let scope: Scope = params
            .get("scope")
            .unwrap_or_default()
            .parse()
            .map_err(|_| OAuthError::new(ErrorCode::InvalidScope, "scope is malformed"))?;
        if !scope.contains("openid") {
            let text = "scope must have openid in it";
            return Err(OAuthError::new(ErrorCode::InvalidScope, text));
        }
        let words = params.get("acr_values").unwrap_or_default().split(' ');
        Ok(Self {
            scope,
            hint: Hint::parse(params)?,
            client_notification_token: params
                .get("client_notification_token")
                .map(notification_token)
                .transpose()?,
            binding_message: params.get("binding_message").map(str::to_owned),
            user_code: params.get("user_code").map(Secret::new),
            requested_expiry: params.get("requested_expiry").map(expiry).transpose()?,
            acr_values: words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
            resource: params.all("resource").map(str::to_owned).collect(),
        })
    }
}

impl Hint {
    fn parse(params: &Params) -> Result<Self, OAuthError> {
        let login = params.get("login_hint");
        let login_token = params.get("login_hint_token");
        let id_token = params.get("id_token_hint");
        match (login, login_token, id_token) {
            (Some(text), None, None) => Ok(Self::Login(text.to_owned())),
            (None, Some(token), None) => Ok(Self::LoginToken(Secret::new(token))),
            (None, None, Some(token)) => Ok(Self::IdToken(Secret::new(token))),
            _ => Err(OAuthError::invalid_request(
                "exactly one of login_hint, login_hint_token and id_token_hint must be sent",
            )),
        }
    }
}

/// It is sent in a header as it came, so it has to be a `b64token` (RFC 6750 §2.1).
fn notification_token(text: &str) -> Result<Secret, OAuthError> {
    let core = text.trim_end_matches('=');
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b);
    if core.is_empty() || text.len() > MAX_NOTIFICATION_TOKEN || !core.bytes().all(allowed) {
        let text = "client_notification_token must be a bearer token of at most 1024 bytes";
        return Err(OAuthError::invalid_request(text));
    }
    Ok(Secret::new(text))
}

fn expiry(text: &str) -> Result<u64, OAuthError> {
    text.parse()
        .ok()
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| OAuthError::invalid_request("requested_expiry is not a positive number"))
}

/// The answer: what to ask the token endpoint with (CIBA §7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackchannelAuthenticationResponse {
    /// `auth_req_id`.
    pub auth_req_id: Secret,
    /// `expires_in`, in seconds; 600 when the server did not say.
    pub expires_in: u64,
    /// `interval`, in seconds; 5 when the server did not say.
    pub interval: u64,
}

impl BackchannelAuthenticationResponse {
    /// The JSON body, with the `auth_req_id` in clear.
    pub fn to_json(&self) -> Value {
        json!({
            "auth_req_id": self.auth_req_id.expose(),
            "expires_in": self.expires_in,
            "interval": self.interval,
        })
    }

    /// Reads the JSON body.
    ///
    /// # Errors
    ///
    /// What is wrong, without any of the values.
    pub fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let members = members::read(body)?;
        let auth_req_id = members
            .get("auth_req_id")
            .and_then(Value::as_str)
            .filter(|id| !id.is_empty())
            .ok_or("auth_req_id is missing")?;
        if auth_req_id.len() > MAX_ID {
            return Err("auth_req_id is too long");
        }
        let number = |name: &str| members.get(name).and_then(seconds);
        Ok(Self {
            auth_req_id: Secret::new(auth_req_id),
            expires_in: number("expires_in").unwrap_or(DEFAULT_LIFETIME),
            interval: number("interval").unwrap_or(DEFAULT_INTERVAL),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BackchannelAuthenticationRequest, BackchannelAuthenticationResponse, Hint};
    use crate::{ErrorCode, Params, Secret};

    fn refused(form: &str) -> ErrorCode {
        let params = Params::parse_form(form.as_bytes()).expect("well formed");
        BackchannelAuthenticationRequest::parse(&params)
            .expect_err("must be refused")
            .code()
    }

    #[test]
    fn exactly_one_hint_and_openid() {
        for form in [
            "scope=openid",
            "scope=openid&login_hint=",
            "scope=openid&login_hint=a&id_token_hint=b",
            "scope=openid&login_hint=a&login_hint_token=b",
            "scope=openid&login_hint=a&requested_expiry=0",
            "scope=openid&login_hint=a&requested_expiry=-1",
            "scope=openid&login_hint=a&requested_expiry=1.5",
            "scope=openid&login_hint=a&client_notification_token==",
            "scope=openid&login_hint=a&client_notification_token=a%0D%0Ab",
            "scope=openid&login_hint=a&client_notification_token=a%20b",
        ] {
            assert_eq!(refused(form), ErrorCode::InvalidRequest, "{form}");
        }
        let token = |length| {
            format!(
                "scope=openid&login_hint=a&client_notification_token={}",
                "x".repeat(length)
            )
        };
        assert_eq!(refused(&token(1025)), ErrorCode::InvalidRequest);
        let longest = Params::parse_form(token(1024).as_bytes()).expect("well formed");
        assert!(BackchannelAuthenticationRequest::parse(&longest).is_ok());
        for form in [
            "login_hint=a",
            "scope=read&login_hint=a",
            "scope=%22&login_hint=a",
        ] {
            assert_eq!(refused(form), ErrorCode::InvalidScope, "{form}");
        }
    }

    /// CIBA §7.3.
    #[test]
    fn the_example_of_the_standard() {
        let body = br#"{"auth_req_id":"1c266114-a1be-4252-8ad1-04986c5b9ac1","expires_in":120,"interval":2}"#;
        let answer = BackchannelAuthenticationResponse::parse(body).expect("CIBA §7.3");
        assert_eq!((answer.expires_in, answer.interval), (120, 2));
        assert!(!format!("{answer:?}").contains("1c266114"));
    }

    #[test]
    fn what_is_missing_has_a_default_but_for_the_id() {
        let answer = BackchannelAuthenticationResponse::parse(br#"{"auth_req_id":"a"}"#);
        let answer = answer.expect("usable");
        assert_eq!((answer.expires_in, answer.interval), (600, 5));
        let long = format!(r#"{{"auth_req_id":"{}"}}"#, "a".repeat(20_000));
        for body in [
            "",
            "[]",
            "{}",
            r#"{"auth_req_id":""}"#,
            r#"{"auth_req_id":1}"#,
            &long,
        ] {
            assert!(BackchannelAuthenticationResponse::parse(body.as_bytes()).is_err());
        }
    }

    fn hint() -> impl Strategy<Value = Hint> {
        let secret = || "[!-~]{1,40}".prop_map(Secret::new);
        prop_oneof![
            "\\PC{1,40}".prop_map(Hint::Login),
            secret().prop_map(Hint::LoginToken),
            secret().prop_map(Hint::IdToken),
        ]
    }

    proptest! {
        #[test]
        fn requests_read_back(
            hint in hint(), message in prop::option::of("\\PC{1,40}"), code in prop::option::of("[!-~]{1,12}"),
            token in prop::option::of("[A-Za-z0-9._~+/-]{1,40}={0,2}"),
            requested_expiry in prop::option::of(1u64..100_000), acr in prop::collection::vec("[a-z:]{1,9}", 0..3),
            resource in prop::collection::vec("[a-z:/.]{1,20}", 0..3),
        ) {
            let request = BackchannelAuthenticationRequest {
                binding_message: message,
                client_notification_token: token.map(Secret::new),
                user_code: code.map(Secret::new),
                requested_expiry,
                acr_values: acr,
                resource,
                ..BackchannelAuthenticationRequest::new("openid read".parse().expect("a scope"), hint)
            };
            let params = Params::parse_form(request.to_params().to_form().as_bytes()).expect("well formed");
            prop_assert_eq!(BackchannelAuthenticationRequest::parse(&params), Ok(request));
        }

        #[test]
        fn answers_read_back(id in "[!-~]{1,60}", expires_in in 0u64..1_000_000, interval in 0u64..1000) {
            let answer = BackchannelAuthenticationResponse { auth_req_id: Secret::new(id), expires_in, interval };
            let body = answer.to_json().to_string();
            prop_assert_eq!(BackchannelAuthenticationResponse::parse(body.as_bytes()), Ok(answer));
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = BackchannelAuthenticationResponse::parse(&bytes);
        }
    }
}
