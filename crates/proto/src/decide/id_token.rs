//! ID tokens from records (OpenID Connect Core 1.0 §2).

use serde_json::Map;

use super::person;
use super::record::{Client, Grant, User};
use crate::id_token::{ALGORITHMS, IdClaims, IdToken, algorithm};
use crate::jose::access_token::AccessToken;
use crate::message::claims::ClaimsRequest;

/// The ID token beside `access`, if that was asked for with `openid`. The `nonce` is not in it: that stands in the one
/// that the login itself gives, and not in those after a refresh (§12.2).
pub(super) fn id_token(client: &Client, grant: &Grant, access: &AccessToken) -> Option<IdToken> {
    if !access.scope.contains("openid") {
        return None;
    }
    let details = &grant.details;
    let [default, ..] = ALGORITHMS;
    let registered = client.details.id_token_signed_response_alg.as_deref();
    Some(IdToken {
        // No request of a client that registered another one comes this far.
        alg: algorithm(registered).unwrap_or(default),
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
