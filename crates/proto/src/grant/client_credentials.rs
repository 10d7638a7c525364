//! The client credentials grant (RFC 6749 §4.4): the client acts for itself. Nothing is stored, so that a busy
//! client fills no table.

use super::{Asked, Grant, GrantParams};
use crate::decide::issue::{Subject, access_token};
use crate::decide::{Done, Facts, Issue, Judged, policy};
use crate::{Cx, ErrorCode, OAuthError, Params, Scope};

const GRANT_TYPE: &str = "client_credentials";

/// The parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForItself {
    /// `scope`.
    pub scope: Option<Scope>,
    /// `resource` (RFC 8707), any number.
    pub resource: Vec<String>,
}

impl GrantParams for ForItself {
    fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push("grant_type", GRANT_TYPE);
        params.push_some("scope", self.scope.as_ref().map(ToString::to_string));
        for resource in &self.resource {
            params.push("resource", resource);
        }
        params
    }
}

/// The grant.
#[derive(Debug)]
pub struct ClientCredentials;

impl Grant for ClientCredentials {
    fn grant_type(&self) -> &'static str {
        GRANT_TYPE
    }

    fn decide(&self, asked: &Asked<'_>, _: &Facts, cx: &mut Cx<'_>) -> Judged<Issue> {
        if asked.client.is_public() {
            let text = "only a client that can authenticate may act for itself";
            return Err(OAuthError::new(ErrorCode::UnauthorizedClient, text).into());
        }
        let scope = policy::scope(asked.client, policy::asked_scope(asked.params)?.as_ref())?;
        let audience = policy::audience(asked.client, asked.rules, asked.params.all("resource"))?;
        let details = policy::asked_details(asked.client, asked.rules, asked.params)?;
        let mut access_token = access_token(
            asked.rules,
            asked.client,
            &Subject::Client,
            &scope,
            &audience,
            cx,
        );
        access_token.authorization_details = details;
        Ok(Done::unchanged(Issue {
            access_token,
            opaque: None,
            refresh_token: None,
            issued_token_type: None,
            id_token: None,
        }))
    }
}
