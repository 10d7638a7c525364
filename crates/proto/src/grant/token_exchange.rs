//! Token exchange (RFC 8693): one token for another, for another place or in somebody's name.

use std::fmt;

use super::GrantParams;
use crate::{ErrorCode, OAuthError, Params, Scope, Secret};

mod decide;

pub use decide::Exchange;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// The parameters (§2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenExchange {
    /// `subject_token` and its type: in whose name the new token will be.
    pub subject: TypedToken,
    /// `actor_token` and its type: who acts for them.
    pub actor: Option<TypedToken>,
    /// `requested_token_type`; the server chooses when it is not said.
    pub requested_token_type: Option<TokenType>,
    /// `scope`.
    pub scope: Option<Scope>,
    /// `resource`: where the new token will be used, as URIs. Any number.
    pub resource: Vec<String>,
    /// `audience`: the same by names that the server knows. Any number.
    pub audience: Vec<String>,
}

/// A token, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedToken {
    /// The token.
    pub token: Secret,
    /// What it is.
    pub token_type: TokenType,
}

/// What a token is (§3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TokenType {
    /// An access token of the server that is asked.
    AccessToken,
    /// A refresh token of the server that is asked.
    RefreshToken,
    /// An ID token.
    IdToken,
    /// A SAML 1.1 assertion in base64url.
    Saml1,
    /// A SAML 2.0 assertion in base64url.
    Saml2,
    /// A JWT.
    Jwt,
    /// Something else, by its URI.
    Other(String),
}

impl GrantParams for TokenExchange {
    fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push("grant_type", GRANT_TYPE);
        self.subject.push_to(&mut params, "subject");
        if let Some(actor) = &self.actor {
            actor.push_to(&mut params, "actor");
        }
        let wanted = self.requested_token_type.as_ref();
        params.push_some("requested_token_type", wanted.map(TokenType::as_str));
        params.push_some("scope", self.scope.as_ref().map(ToString::to_string));
        for resource in &self.resource {
            params.push("resource", resource);
        }
        for audience in &self.audience {
            params.push("audience", audience);
        }
        params
    }
}

impl TokenExchange {
    /// An exchange of `token`, with everything else left to the server.
    pub fn new(token: Secret, token_type: TokenType) -> Self {
        Self {
            subject: TypedToken { token, token_type },
            actor: None,
            requested_token_type: None,
            scope: None,
            resource: Vec::new(),
            audience: Vec::new(),
        }
    }

    /// Reads the parameters.
    ///
    /// # Errors
    ///
    /// `invalid_request` without a subject, or for a token without a type or the other way round; `invalid_scope` for
    /// a malformed scope.
    pub fn parse(params: &Params) -> Result<Self, OAuthError> {
        let subject = TypedToken::parse(params, "subject")?
            .ok_or_else(|| OAuthError::invalid_request("subject_token is missing"))?;
        let scope = params
            .get("scope")
            .map(str::parse)
            .transpose()
            .map_err(|_| OAuthError::new(ErrorCode::InvalidScope, "scope is malformed"))?;
        Ok(Self {
            subject,
            actor: TypedToken::parse(params, "actor")?,
            requested_token_type: params.get("requested_token_type").map(TokenType::from),
            scope,
            resource: params.all("resource").map(str::to_owned).collect(),
            audience: params.all("audience").map(str::to_owned).collect(),
        })
    }
}

impl TypedToken {
    fn push_to(&self, params: &mut Params, role: &str) {
        params.push(format!("{role}_token"), self.token.expose());
        params.push(format!("{role}_token_type"), self.token_type.as_str());
    }

    fn parse(params: &Params, role: &str) -> Result<Option<Self>, OAuthError> {
        let token = params.get(&format!("{role}_token"));
        let token_type = params.get(&format!("{role}_token_type"));
        match (token, token_type) {
            (None, None) => Ok(None),
            (Some(token), Some(token_type)) => Ok(Some(Self {
                token: Secret::new(token),
                token_type: token_type.into(),
            })),
            _ => {
                let text = format!("{role}_token and {role}_token_type go together");
                Err(OAuthError::invalid_request(text))
            }
        }
    }
}

impl TokenType {
    /// The URI.
    pub fn as_str(&self) -> &str {
        match self {
            Self::AccessToken => "urn:ietf:params:oauth:token-type:access_token",
            Self::RefreshToken => "urn:ietf:params:oauth:token-type:refresh_token",
            Self::IdToken => "urn:ietf:params:oauth:token-type:id_token",
            Self::Saml1 => "urn:ietf:params:oauth:token-type:saml1",
            Self::Saml2 => "urn:ietf:params:oauth:token-type:saml2",
            Self::Jwt => "urn:ietf:params:oauth:token-type:jwt",
            Self::Other(uri) => uri,
        }
    }
}

impl From<&str> for TokenType {
    fn from(uri: &str) -> Self {
        [
            Self::AccessToken,
            Self::RefreshToken,
            Self::IdToken,
            Self::Saml1,
            Self::Saml2,
            Self::Jwt,
        ]
        .into_iter()
        .find(|known| known.as_str() == uri)
        .unwrap_or_else(|| Self::Other(uri.to_owned()))
    }
}

impl fmt::Display for TokenType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TokenExchange, TokenType, TypedToken};
    use crate::grant::GrantParams as _;
    use crate::{ErrorCode, Params, Secret};

    #[test]
    fn each_fault_has_its_code() {
        for (form, code) in [
            ("grant_type=x", ErrorCode::InvalidRequest),
            ("subject_token=a", ErrorCode::InvalidRequest),
            ("subject_token_type=a", ErrorCode::InvalidRequest),
            (
                "subject_token=a&subject_token_type=b&actor_token=c",
                ErrorCode::InvalidRequest,
            ),
            (
                "subject_token=a&subject_token_type=b&actor_token_type=c",
                ErrorCode::InvalidRequest,
            ),
            (
                "subject_token=a&subject_token_type=b&scope=%22",
                ErrorCode::InvalidScope,
            ),
        ] {
            let params = Params::parse_form(form.as_bytes()).expect("well formed");
            let error = TokenExchange::parse(&params).expect_err(form);
            assert_eq!(error.code(), code, "{form}");
        }
    }

    #[test]
    fn several_audiences_are_several_parameters() {
        let grant = TokenExchange {
            audience: vec!["a".to_owned(), "b".to_owned()],
            ..TokenExchange::new(Secret::new("t"), TokenType::AccessToken)
        };
        let form = grant.to_params().to_form();
        assert!(form.ends_with("&audience=a&audience=b"), "{form}");
        assert_eq!(TokenExchange::parse(&grant.to_params()), Ok(grant));
    }

    fn token_type() -> impl Strategy<Value = TokenType> {
        prop_oneof![
            Just(TokenType::AccessToken),
            Just(TokenType::RefreshToken),
            Just(TokenType::IdToken),
            Just(TokenType::Saml1),
            Just(TokenType::Saml2),
            Just(TokenType::Jwt),
            "urn:x:[a-z]{1,8}".prop_map(TokenType::Other),
        ]
    }

    fn typed() -> impl Strategy<Value = TypedToken> {
        ("[!-~]{1,40}", token_type()).prop_map(|(token, token_type)| TypedToken {
            token: Secret::new(token),
            token_type,
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            subject in typed(), actor in prop::option::of(typed()), requested in prop::option::of(token_type()),
            scope in prop::option::of("[a-z]{1,5}( [a-z]{1,5}){0,3}"),
            resource in prop::collection::vec("[a-z:/.]{1,20}", 0..3), audience in prop::option::of("[ -~]{1,20}"),
        ) {
            let grant = TokenExchange {
                subject,
                actor,
                requested_token_type: requested,
                scope: scope.map(|scope| scope.parse().expect("valid")),
                resource,
                audience: audience.into_iter().collect(),
            };
            let params = Params::parse_form(grant.to_params().to_form().as_bytes()).expect("well formed");
            prop_assert_eq!(TokenExchange::parse(&params), Ok(grant));
        }

        #[test]
        fn types_read_back(token_type in token_type()) {
            prop_assert_eq!(TokenType::from(token_type.to_string().as_str()), token_type);
        }
    }
}
