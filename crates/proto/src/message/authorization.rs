//! The authorization request and its answer (RFC 6749 §4.1.1, §4.1.2; RFC 7636, 8707, 9207).

use super::response_mode::ResponseMode;
use crate::pkce::{self, CodeChallenge};
use crate::{ClientId, ErrorCode, OAuthError, Params, Scope, Secret};

/// The redirect URI of programs that have no way to receive a redirect: the page shows the code instead. An
/// older habit; loopback or the device grant are better.
pub const OUT_OF_BAND: &str = "urn:ietf:wg:oauth:2.0:oob";

/// The longest `state` of a request, in bytes.
const MAX_STATE: usize = 2048;

/// An authorization request for a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// `client_id`.
    pub client_id: ClientId,
    /// `redirect_uri`, which may be left out by a client that registered only one.
    pub redirect_uri: Option<String>,
    /// `scope`.
    pub scope: Option<Scope>,
    /// `state`.
    pub state: Option<String>,
    /// `code_challenge`, with the method `S256`.
    pub code_challenge: Option<CodeChallenge>,
    /// `resource` (RFC 8707), any number.
    pub resource: Vec<String>,
}

impl AuthorizationRequest {
    /// Writes the query.
    pub fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push("response_type", "code");
        params.push("client_id", self.client_id.as_str());
        params.push_some("redirect_uri", self.redirect_uri.as_deref());
        params.push_some("scope", self.scope.as_ref().map(ToString::to_string));
        params.push_some("state", self.state.as_deref());
        if let Some(challenge) = &self.code_challenge {
            params.push("code_challenge", challenge.to_string());
            params.push("code_challenge_method", pkce::S256);
        }
        for resource in &self.resource {
            params.push("resource", resource);
        }
        params
    }

    /// Reads the query. The server checks `client_id` and `redirect_uri` before it calls this, for only then
    /// does it know where an error may be sent.
    ///
    /// # Errors
    ///
    /// The standard's code for what is missing or malformed.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let client_id = params
            .get("client_id")
            .ok_or_else(|| OAuthError::invalid_request("client_id is missing"))?;
        match params.get("response_type") {
            Some("code") => {}
            None => return Err(OAuthError::invalid_request("response_type is missing")),
            Some(_) => {
                let text = "response_type must be code";
                return Err(OAuthError::new(ErrorCode::UnsupportedResponseType, text));
            }
        }
        if params
            .get("state")
            .is_some_and(|state| state.len() > MAX_STATE)
        {
            return Err(OAuthError::invalid_request("state is too long"));
        }
        refuse_unsupported(params)?;
        let scope = params
            .get("scope")
            .map(str::parse)
            .transpose()
            .map_err(|_| OAuthError::new(ErrorCode::InvalidScope, "scope is malformed"))?;
        Ok(Self {
            client_id: ClientId::new(client_id),
            redirect_uri: params.get("redirect_uri").map(str::to_owned),
            scope,
            state: params.get("state").map(str::to_owned),
            code_challenge: challenge(params)?,
            resource: params.all("resource").map(str::to_owned).collect(),
        })
    }
}

/// What would change the meaning of the request if it were read, and must not be passed over (RFC 9101 §5; OAuth 2.0
/// Multiple Response Types §2.1).
fn refuse_unsupported(params: &Params) -> Result<(), OAuthError> {
    for name in ["request", "request_uri"] {
        if params.get(name).is_some() {
            let text = format!("{name} is not supported");
            return Err(OAuthError::invalid_request(text));
        }
    }
    let mode = params.get("response_mode");
    if mode.is_some_and(|mode| ResponseMode::parse(mode).is_none()) {
        let text = "response_mode must be query or form_post, or either with .jwt";
        return Err(OAuthError::invalid_request(text));
    }
    Ok(())
}

fn challenge(params: &Params) -> Result<Option<CodeChallenge>, OAuthError> {
    match (
        params.get("code_challenge"),
        params.get("code_challenge_method"),
    ) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(OAuthError::invalid_request("code_challenge is missing")),
        // A missing method means `plain` (RFC 7636 §4.3), which is not spoken here.
        (Some(text), Some(pkce::S256)) => CodeChallenge::parse(text).map(Some).ok_or_else(|| {
            OAuthError::invalid_request("code_challenge is not the base64url of a SHA-256")
        }),
        (Some(_), _) => Err(OAuthError::invalid_request(
            "code_challenge_method must be S256",
        )),
    }
}

/// What comes back through the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationResponse {
    /// The code, or the refusal.
    pub outcome: Result<Secret, AuthorizationError>,
    /// `state`, unchanged.
    pub state: Option<String>,
    /// `iss` (RFC 9207).
    pub iss: Option<String>,
}

/// A refusal that came back through the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationError {
    /// `error`.
    pub error: String,
    /// `error_description`.
    pub description: Option<String>,
}

impl AuthorizationResponse {
    /// Writes the query.
    pub fn to_params(&self) -> Params {
        let mut params = Params::new();
        match &self.outcome {
            Ok(code) => params.push("code", code.expose()),
            Err(refusal) => {
                params.push("error", refusal.error.as_str());
                params.push_some("error_description", refusal.description.as_deref());
            }
        }
        params.push_some("state", self.state.as_deref());
        params.push_some("iss", self.iss.as_deref());
        params
    }

    /// Reads the query; `None` when there is neither a code nor an error, or both.
    pub fn parse(params: &Params) -> Option<Self> {
        let outcome = match (params.get("code"), params.get("error")) {
            (Some(code), None) => Ok(Secret::new(code)),
            (None, Some(error)) => Err(AuthorizationError {
                error: error.to_owned(),
                description: params.get("error_description").map(str::to_owned),
            }),
            _ => return None,
        };
        Some(Self {
            outcome,
            state: params.get("state").map(str::to_owned),
            iss: params.get("iss").map(str::to_owned),
        })
    }
}

impl From<&OAuthError> for AuthorizationError {
    fn from(error: &OAuthError) -> Self {
        Self {
            error: error.code().to_string(),
            description: Some(error.description().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{AuthorizationError, AuthorizationRequest, AuthorizationResponse};
    use crate::pkce::CodeVerifier;
    use crate::{ClientId, ErrorCode, Params, Secret};

    fn refused(query: &str) -> ErrorCode {
        let params = Params::parse_form(query.as_bytes()).expect("well formed");
        AuthorizationRequest::parse(&params)
            .expect_err("must be refused")
            .code()
    }

    #[test]
    fn each_fault_has_its_code() {
        assert_eq!(refused("response_type=code"), ErrorCode::InvalidRequest);
        assert_eq!(refused("client_id=c"), ErrorCode::InvalidRequest);
        assert_eq!(
            refused("client_id=c&response_type=token"),
            ErrorCode::UnsupportedResponseType
        );
        assert_eq!(
            refused("client_id=c&response_type=code&scope=%22"),
            ErrorCode::InvalidScope
        );
        for more in ["request=x", "request_uri=x", "response_mode=fragment"] {
            let query = format!("client_id=c&response_type=code&{more}");
            assert_eq!(refused(&query), ErrorCode::InvalidRequest, "{more}");
        }
        let pkce = "client_id=c&response_type=code&code_challenge";
        assert_eq!(
            refused(&format!("{pkce}=short&code_challenge_method=S256")),
            ErrorCode::InvalidRequest
        );
        let challenge = "a".repeat(43);
        assert_eq!(
            refused(&format!("{pkce}={challenge}")),
            ErrorCode::InvalidRequest
        );
        assert_eq!(
            refused(&format!("{pkce}={challenge}&code_challenge_method=plain")),
            ErrorCode::InvalidRequest
        );
        assert_eq!(
            refused(&format!("{pkce}_method=S256")),
            ErrorCode::InvalidRequest
        );
    }

    proptest! {
        #[test]
        fn requests_read_back(
            id in "[ -~]{1,20}", uri in prop::option::of("[ -~]{1,40}"), state in prop::option::of("\\PC{1,30}"),
            scope in prop::option::of("[a-z]{1,5}( [a-z]{1,5}){0,3}"), pkce in any::<bool>(),
            resource in prop::collection::vec("[a-z:/.]{1,20}", 0..3),
        ) {
            let verifier = CodeVerifier::parse(&"v".repeat(50)).expect("valid");
            let request = AuthorizationRequest {
                client_id: ClientId::new(id),
                redirect_uri: uri,
                scope: scope.map(|scope| scope.parse().expect("valid")),
                state,
                code_challenge: pkce.then(|| verifier.challenge()),
                resource,
            };
            let query = request.to_params().to_form();
            let params = Params::parse_form(query.as_bytes()).expect("well formed");
            prop_assert_eq!(AuthorizationRequest::parse(&params), Ok(request));
        }

        #[test]
        fn responses_read_back(
            code in "[!-~]{1,40}", error in prop::option::of(("[a-z_]{1,12}", prop::option::of("[ -~]{1,20}"))),
            state in prop::option::of("\\PC{1,30}"), iss in prop::option::of("[!-~]{1,30}"),
        ) {
            let outcome = match error {
                None => Ok(Secret::new(code)),
                Some((error, description)) => Err(AuthorizationError { error, description }),
            };
            let response = AuthorizationResponse { outcome, state, iss };
            let params = Params::parse_form(response.to_params().to_form().as_bytes()).expect("well formed");
            prop_assert_eq!(AuthorizationResponse::parse(&params), Some(response));
        }
    }
}
