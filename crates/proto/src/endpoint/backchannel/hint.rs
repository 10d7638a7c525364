//! Who is meant by a hint (CIBA §7.1).

use crate::decide::record::{Client, User};
use crate::decide::{Facts, Halt, Rules};
use crate::id_token;
use crate::message::backchannel::Hint;
use crate::{ErrorCode, OAuthError, UserId};

/// The person, if they can be asked.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; `invalid_request` for a hint that is not taken here or no ID token of this
/// client's; `unknown_user_id` for nobody, and for whoever is locked out.
pub(super) fn person<'f>(
    hint: &Hint,
    client: &Client,
    facts: &'f Facts,
    rules: &Rules,
) -> Result<&'f User, Halt> {
    let user = match hint {
        Hint::Login(name) => facts.username(name)?,
        // A name for one sector alone says nothing to whoever did not make it for this request.
        Hint::IdToken(_) if client.details.pairwise => {
            let text =
                "id_token_hint does not say who it is where subjects are pairwise; send login_hint";
            return Err(OAuthError::invalid_request(text).into());
        }
        Hint::IdToken(token) => {
            let id = Some(&client.client_id);
            let claims = id_token::hint(token.expose(), &rules.keys, &rules.issuer, id);
            let claims = claims.map_err(|fault| {
                let text = "id_token_hint is not an ID token that this server gave this client";
                OAuthError::invalid_request(text).hint(fault.to_string())
            })?;
            facts.user(&UserId::new(claims.sub))?
        }
        Hint::LoginToken(_) => {
            let text = "login_hint_token is not taken here; send login_hint or id_token_hint";
            return Err(OAuthError::invalid_request(text).into());
        }
    };
    let unknown = || {
        let text = "the hint is nobody who can be asked here";
        OAuthError::new(ErrorCode::UnknownUserId, text)
    };
    let user = user.filter(|user| user.locked_at.is_none());
    Ok(user.ok_or_else(unknown)?)
}
