//! Backchannel authentication (OpenID Connect CIBA Core 1.0, poll and ping mode): the client's request, and the page where
//! the person finds it.

mod hint;
mod signed;
mod waiting;

use serde_json::json;

use crate::base::opaque;
use crate::client_auth::{self, Presented, Trial};
use crate::decide::item::Item;
use crate::decide::record::Client;
use crate::decide::{Done, Facts, Judged, Rules, policy};
use crate::grant::ciba::{CibaLogin, GRANT_TYPE};
use crate::grant::elsewhere::{self, INTERVAL, Login};
use crate::message::backchannel::{
    BackchannelAuthenticationRequest, BackchannelAuthenticationResponse,
};
use crate::{ClientId, Cx, ErrorCode, OAuthError, Secret};

pub use waiting::{PendingRequest, answer, pending};

use waiting::Entry;

/// The longest `binding_message`, in characters. It is read beside another screen.
const MAX_MESSAGE: usize = 100;
/// The modes by which tokens reach the client, as `backchannel_token_delivery_modes_supported` has them.
pub const DELIVERY_MODES: [&str; 2] = [POLL, PING];
const POLL: &str = "poll";
const PING: &str = "ping";

/// Seals what a client is to be sent later on, so that a copy of the database gives it to nobody: as text, for the client
/// of this id alone. `None` where that fails.
pub type Seal<'a> = &'a (dyn Fn(&ClientId, &str) -> Option<String> + Sync);

/// Judges a backchannel authentication request (CIBA §7.1).
///
/// # Errors
///
/// [`crate::decide::Halt::Need`] while facts are lacking; [`crate::decide::Halt::Refuse`] with the standard's code (CIBA §13).
pub fn authenticate(
    presented: &Presented<'_>,
    seal: Seal<'_>,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<BackchannelAuthenticationResponse> {
    let trial = Trial {
        facts,
        rules,
        now: cx.now,
    };
    client_auth::proven(presented, trial, |client| {
        begin(client, presented, seal, facts, rules, cx)
    })
}

fn begin(
    client: &Client,
    presented: &Presented<'_>,
    seal: Seal<'_>,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<BackchannelAuthenticationResponse> {
    check_client(client)?;
    let params = signed::resolved(client, presented.params, facts, rules, cx.now)?;
    let request = BackchannelAuthenticationRequest::parse(&params)?;
    let scope = policy::scope(client, Some(&request.scope))?;
    let resources = request.resource.iter().map(String::as_str);
    let audience = policy::audience(client, rules, resources)?;
    check_message(request.binding_message.as_deref())?;
    let user = hint::person(&request.hint, client, facts, rules)?;
    let lifetime = elsewhere::lifetime(rules, request.requested_expiry);
    let login = Login::new(&client.client_id, scope, audience, cx.now + lifetime);
    let (until, forgotten) = (login.expires_at, login.forgotten_at());
    let auth_req_id = opaque::mint(opaque::AUTH_REQ_ID, cx);
    let entry = Entry {
        request: auth_req_id.digest(),
        client_id: client.client_id.clone(),
        until,
    };
    let listed = waiting::listed(&user.user_id, entry, facts, cx.now)?;
    let token = request.client_notification_token.as_ref();
    let kept = CibaLogin {
        login,
        user_id: user.user_id.clone(),
        binding_message: request.binding_message,
        ping: ping(client, token, &auth_req_id, seal)?,
    };
    let item = Item::new(auth_req_id.digest(), &kept, forgotten);
    Ok(Done {
        changes: vec![item.insert(), listed],
        value: BackchannelAuthenticationResponse {
            auth_req_id,
            expires_in: lifetime.as_secs(),
            interval: INTERVAL,
        },
    })
}

fn check_client(client: &Client) -> Result<(), OAuthError> {
    let refused = |text| Err(OAuthError::new(ErrorCode::UnauthorizedClient, text));
    if !client.may_use(GRANT_TYPE) {
        return refused("this client may not use CIBA");
    }
    // CIBA §7.1: the client must authenticate.
    if client.is_public() {
        return refused("only a client that can authenticate may use CIBA");
    }
    let mode = client.details.backchannel_token_delivery_mode.as_deref();
    if mode.is_some_and(|mode| !DELIVERY_MODES.contains(&mode)) {
        return refused(
            "this server delivers by poll and ping, and this client is registered for another mode",
        );
    }
    Ok(())
}

/// What a client in ping mode is told by later on (CIBA §10.2), sealed. In poll mode a token means nothing.
fn ping(
    client: &Client,
    token: Option<&Secret>,
    auth_req_id: &Secret,
    seal: Seal<'_>,
) -> Result<Option<String>, OAuthError> {
    let details = &client.details;
    if details.backchannel_token_delivery_mode.as_deref() != Some(PING) {
        return Ok(None);
    }
    let token = token.ok_or_else(|| {
        let text = "this client is told by ping: client_notification_token is missing";
        OAuthError::invalid_request(text)
    })?;
    let both = json!({
        "auth_req_id": auth_req_id.expose(),
        "client_notification_token": token.expose(),
    });
    let sealed = seal(&client.client_id, &both.to_string());
    let failed = || OAuthError::unavailable().hint("sealing failed");
    Ok(Some(sealed.ok_or_else(failed)?))
}

/// One short line of plain text: it stands between ours on the page.
fn check_message(message: Option<&str>) -> Result<(), OAuthError> {
    let plain = |c: char| !c.is_control() && !is_invisible(c);
    let fits = |text: &str| text.chars().count() <= MAX_MESSAGE && text.chars().all(plain);
    if message.is_none_or(fits) {
        return Ok(());
    }
    let text = "binding_message must be one line of at most 100 plain characters";
    Err(OAuthError::new(ErrorCode::InvalidBindingMessage, text))
}

/// What changes the direction of the text around it, or is not seen at all.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::check_message;

    #[test]
    fn a_message_is_one_short_plain_line() {
        for good in ["", "W4SCT", "Überweisung № 7 über 12 €", &"x".repeat(100)] {
            assert!(check_message(Some(good)).is_ok(), "{good:?}");
        }
        assert!(check_message(None).is_ok());
        for bad in [
            "a\nb",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{7}",
            "\u{2066}",
            &"x".repeat(101),
        ] {
            assert!(check_message(Some(bad)).is_err(), "{bad:?}");
        }
    }
}
