//! The token endpoint (RFC 6749 §3.2): who is asking, by which grant, and may they.

use crate::client_auth::{self, Presented};
use crate::decide::{Facts, Halt, Issue, Judged, Rules};
use crate::grant::{self, Asked};
use crate::{Cx, ErrorCode, OAuthError};

/// A token request as it came over the wire.
#[derive(Debug)]
pub struct TokenRequest<'a> {
    /// How the client identified itself, and the parameters.
    pub presented: Presented<'a>,
    /// Whether the body was JSON, an older habit that a client must have been allowed.
    pub json: bool,
}

/// Judges a token request.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; [`Halt::Refuse`] with the standard's code.
pub fn token(
    request: &TokenRequest<'_>,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<Issue> {
    let params = request.presented.params;
    let wanted = params
        .get("grant_type")
        .ok_or_else(|| OAuthError::invalid_request("grant_type is missing"))?;
    let client = client_auth::authenticate(&request.presented, facts)?;
    if request.json && !client.json_body {
        let text = "the body must be application/x-www-form-urlencoded";
        return Err(OAuthError::invalid_request(text).into());
    }
    let grant = grant::find(wanted).ok_or_else(|| {
        OAuthError::new(
            ErrorCode::UnsupportedGrantType,
            "this server does not know that grant_type",
        )
    })?;
    if !client.may_use(wanted) {
        let text = "this client may not use that grant_type";
        return Err(Halt::from(OAuthError::new(
            ErrorCode::UnauthorizedClient,
            text,
        )));
    }
    grant.decide(
        &Asked {
            client,
            params,
            rules,
        },
        facts,
        cx,
    )
}
