//! ID tokens from records (OpenID Connect Core 1.0 §2).

use serde_json::Map;

use super::details::ClientDetails;
use super::person;
use super::record::{Client, Grant, User};
use crate::id_token::{IdClaims, IdToken, algorithm};
use crate::jose::access_token::AccessToken;
use crate::message::claims::ClaimsRequest;

/// What a client under FAPI gets that registered no algorithm.
const UNDER_FAPI: &str = "ES256";

/// By which algorithm this client's ID and logout tokens are signed; `None` where it registered one that is not served, or
/// that FAPI 2.0 does not admit (Security Profile §5.4.1).
pub fn id_token_alg(details: &ClientDetails) -> Option<&'static str> {
    let registered = details.id_token_signed_response_alg.as_deref();
    let registered = registered.or(details.fapi.then_some(UNDER_FAPI));
    algorithm(registered).filter(|alg| !details.fapi || *alg != "RS256")
}

/// The ID token beside `access`, if that was asked for with `openid`. The `nonce` is not in it: that stands in the one
/// that the login itself gives, and not in those after a refresh (§12.2).
pub(super) fn id_token(client: &Client, grant: &Grant, access: &AccessToken) -> Option<IdToken> {
    if !access.scope.contains("openid") {
        return None;
    }
    let details = &grant.details;
    Some(IdToken {
        // No request of a client that registered another one comes this far.
        alg: id_token_alg(&client.details).unwrap_or(UNDER_FAPI),
        claims: IdClaims {
            iss: access.iss.clone(),
            sub: access.sub.clone(),
            // One audience, so no `azp` is needed.
            aud: vec![client.client_id.as_str().to_owned()],
            exp: access.exp,
            iat: access.iat,
            auth_time: details.auth_time.map(crate::Timestamp::as_secs),
            nonce: None,
            acr: details.acr.clone(),
            amr: details.amr.clone(),
            azp: None,
            sid: details.sid.clone(),
            extra: Map::new(),
        },
    })
}

impl super::Issue {
    /// Adds to the ID token what the `claims` parameter wanted in it (§5.5).
    pub(crate) fn tell(&mut self, grant: &super::details::GrantDetails, user: &User) {
        let (Some(id_token), Some(claims)) = (&mut self.id_token, &grant.claims) else {
            return;
        };
        let wanted = ClaimsRequest::from_value(claims).unwrap_or_default();
        let told = person::asked(user, &wanted.id_token);
        id_token.claims.extra.extend(told);
    }
}
