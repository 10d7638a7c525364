//! `id_token_hint`: an ID token that comes back to the server that wrote it (OpenID Connect Core 1.0 §3.1.2.1,
//! RP-Initiated Logout 1.0 §2).

use super::{IdClaims, IdTokenFault};
use crate::ClientId;
use crate::jose::{KeySet, VerifiedJws};

/// The claims of an ID token of ours. It may have expired long ago: it only says whom the client believes to know.
///
/// # Errors
///
/// [`IdTokenFault`] when it is not ours, or `client_id` is given and it was written for another client.
pub fn hint(
    token: &str,
    keys: &KeySet,
    issuer: &str,
    client_id: Option<&ClientId>,
) -> Result<IdClaims, IdTokenFault> {
    let jws = VerifiedJws::check(token, keys)?;
    if !jws.is_plain() {
        return Err(IdTokenFault::Typ);
    }
    let claims: IdClaims =
        serde_json::from_slice(&jws.payload).map_err(|_| IdTokenFault::Claims)?;
    if claims.iss != issuer {
        return Err(IdTokenFault::Issuer);
    }
    let for_client = |id: &ClientId| claims.aud.iter().any(|own| own == id.as_str());
    if client_id.is_some_and(|id| !for_client(id)) {
        return Err(IdTokenFault::Audience);
    }
    Ok(claims)
}
