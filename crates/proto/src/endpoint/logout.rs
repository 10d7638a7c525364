//! Logout that a client asks for (OpenID Connect RP-Initiated Logout 1.0): who asks, whose login is meant, and where the
//! browser goes afterwards.

use crate::decide::record::Client;
use crate::decide::{Done, Facts, Judged, Rules};
use crate::id_token::{IdClaims, hint};
use crate::message::logout::LogoutRequest;
use crate::{ClientId, OAuthError, Params};

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logout {
    /// Who asks, where that is known, by the name it has.
    pub client_name: Option<String>,
    /// Where the browser goes afterwards: one of the client's own addresses, with the `state`.
    pub onward: Option<String>,
    /// The `sid` of the login that the client knows of, said by an ID token of ours.
    pub sid: Option<String>,
}

/// Judges a logout request (§2). What is wrong with it is for a page of ours: the browser is sent nowhere that is not
/// registered, exactly, for the client that is proven or named.
///
/// # Errors
///
/// [`crate::decide::Halt::Need`] while the client is not known; [`crate::decide::Halt::Refuse`] with `invalid_request`.
pub fn logout(request: &LogoutRequest, facts: &Facts, rules: &Rules) -> Judged<Logout> {
    let refused = |text: &'static str| OAuthError::invalid_request(text);
    let claims = request
        .id_token_hint
        .as_ref()
        .map(|token| {
            let named = request.client_id.as_ref();
            hint(token.expose(), &rules.keys, &rules.issuer, named).map_err(|fault| {
                refused("id_token_hint is not of this server").hint(fault.to_string())
            })
        })
        .transpose()?;
    let client = match meant(request, claims.as_ref()) {
        Some(id) => {
            let found = facts.client(&id)?;
            Some(found.ok_or_else(|| refused("no client has this client_id"))?)
        }
        None => None,
    };
    let onward = match &request.post_logout_redirect_uri {
        Some(uri) => Some(onward(uri, client, request.state.as_deref())?),
        None => None,
    };
    Ok(Done::unchanged(Logout {
        client_name: client.map(|client| client.client_name.clone()),
        onward,
        sid: claims.and_then(|claims| claims.sid),
    }))
}

/// The client that the request names, or the only one that the ID token is for.
fn meant(request: &LogoutRequest, claims: Option<&IdClaims>) -> Option<ClientId> {
    let for_one = || {
        let mut audience = claims?.aud.iter();
        let only = audience.next()?;
        audience.next().is_none().then(|| ClientId::new(only))
    };
    request.client_id.clone().or_else(for_one)
}

fn onward(uri: &str, client: Option<&Client>, state: Option<&str>) -> Result<String, OAuthError> {
    let own = client.is_some_and(|client| {
        let mut registered = client.details.post_logout_redirect_uris.iter();
        registered.any(|own| own == uri)
    });
    if !own {
        let text = "post_logout_redirect_uri is not registered for the client; name it by client_id or id_token_hint";
        return Err(OAuthError::invalid_request(text));
    }
    let mut params = Params::new();
    params.push_some("state", state);
    Ok(match params.is_empty() {
        true => uri.to_owned(),
        false => params.append_to(uri),
    })
}
