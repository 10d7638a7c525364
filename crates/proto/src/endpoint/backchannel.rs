//! Backchannel authentication (OpenID Connect CIBA Core 1.0, poll mode): the client's request, and the page where the
//! person finds it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::opaque;
use crate::client_auth::{self, Presented, Trial};
use crate::decide::change::Change;
use crate::decide::item::{Item, Kept};
use crate::decide::live::both;
use crate::decide::record::{Client, User};
use crate::decide::{Done, Facts, Halt, Judged, Rules, policy};
use crate::grant::ciba::{CibaLogin, GRANT_TYPE};
use crate::grant::elsewhere::{self, INTERVAL, Login};
use crate::message::backchannel::{
    BackchannelAuthenticationRequest, BackchannelAuthenticationResponse, Hint,
};
use crate::{ClientId, Cx, Digest, ErrorCode, OAuthError, Scope, Timestamp, UserId};

/// The longest `binding_message`, in characters. It is read beside another screen.
const MAX_MESSAGE: usize = 100;
/// How many requests of one client may wait for one person.
const PER_CLIENT: usize = 3;
/// How many requests may wait for one person.
const PER_PERSON: usize = 20;
/// How long a person's list is kept when nothing is added to it.
const KEPT: Duration = Duration::from_secs(366 * 24 * 3600);

/// What waits for one person; found by the digest of their id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Waiting {
    requests: Vec<Entry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    request: Digest,
    client_id: ClientId,
    until: Timestamp,
}

impl Kept for Waiting {
    const SPACE: &'static str = "ciba.waiting";
}

/// Judges a backchannel authentication request (CIBA §7.1).
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; [`Halt::Refuse`] with the standard's code (CIBA §13).
pub fn authenticate(
    presented: &Presented<'_>,
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
        begin(client, presented, facts, rules, cx)
    })
}

fn begin(
    client: &Client,
    presented: &Presented<'_>,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<BackchannelAuthenticationResponse> {
    check_client(client)?;
    let request = BackchannelAuthenticationRequest::parse(presented.params)?;
    let scope = policy::scope(client, Some(&request.scope))?;
    let resources = request.resource.iter().map(String::as_str);
    let audience = policy::audience(client, rules, resources)?;
    check_message(request.binding_message.as_deref())?;
    let user = hinted(&request.hint, facts)?;
    let lifetime = elsewhere::lifetime(rules, request.requested_expiry);
    let login = Login::new(&client.client_id, scope, audience, cx.now + lifetime);
    let (until, forgotten) = (login.expires_at, login.forgotten_at());
    let auth_req_id = opaque::mint(opaque::AUTH_REQ_ID, cx);
    let entry = Entry {
        request: auth_req_id.digest(),
        client_id: client.client_id.clone(),
        until,
    };
    let listed = listed(&user.user_id, entry, facts, cx.now)?;
    let kept = CibaLogin {
        login,
        user_id: user.user_id.clone(),
        binding_message: request.binding_message,
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
    if mode.is_some_and(|mode| mode != "poll") {
        return refused(
            "this server delivers by poll alone, and this client is registered for another mode",
        );
    }
    Ok(())
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

fn hinted<'f>(hint: &Hint, facts: &'f Facts) -> Result<&'f User, Halt> {
    let Hint::Login(name) = hint else {
        return Err(OAuthError::invalid_request("this server takes login_hint alone").into());
    };
    let unknown = || {
        let text = "login_hint is nobody who can be asked here";
        OAuthError::new(ErrorCode::UnknownUserId, text)
    };
    let user = facts.username(name)?;
    Ok(user
        .filter(|user| user.locked_at.is_none())
        .ok_or_else(unknown)?)
}

/// Adds to what waits for the person. What is over falls off; what is too much is refused, for nobody reads a long list.
fn listed(user_id: &UserId, entry: Entry, facts: &Facts, now: Timestamp) -> Result<Change, Halt> {
    let digest = Digest::of(user_id.as_str());
    let found = facts.item::<Waiting>(digest, now)?;
    let (item, mut waiting) = match found {
        Some((item, waiting)) => (Some(item), waiting),
        None => (None, Waiting::default()),
    };
    waiting.requests.retain(|own| now < own.until);
    let same = |own: &&Entry| own.client_id == entry.client_id;
    if waiting.requests.iter().filter(same).count() >= PER_CLIENT
        || waiting.requests.len() >= PER_PERSON
    {
        let text = "too many requests wait for this person already";
        return Err(OAuthError::new(ErrorCode::AccessDenied, text).into());
    }
    waiting.requests.push(entry);
    Ok(match item {
        Some(item) => {
            let mut item = item.clone();
            item.expires_at = now + KEPT;
            item.replace(&waiting)
        }
        None => Item::new(digest, &waiting, now + KEPT).insert(),
    })
}

/// What a person is asked to confirm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// What it is named by; not the `auth_req_id`, which nobody can make of it.
    pub request: Digest,
    /// Who asks.
    pub client: Client,
    /// For what.
    pub scope: Scope,
    /// `binding_message`.
    pub binding_message: Option<String>,
    /// Until when it can be answered.
    pub expires_at: Timestamp,
}

/// What waits for the person who is logged in by `session`, the newest first.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; `access_denied` when the login has ended.
pub fn pending(session: &Digest, facts: &Facts, now: Timestamp) -> Judged<Vec<PendingRequest>> {
    let (_, user) = elsewhere::person(session, facts, now)?;
    let digest = Digest::of(user.user_id.as_str());
    let Some((_, waiting)) = facts.item::<Waiting>(digest, now)? else {
        return Ok(Done::unchanged(Vec::new()));
    };
    let live = waiting.requests.iter().rev().filter(|own| now < own.until);
    let each = live.map(|own| look_up(own, user, facts, now));
    let found = gather(each)?;
    Ok(Done::unchanged(found.into_iter().flatten().collect()))
}

fn look_up(
    entry: &Entry,
    user: &User,
    facts: &Facts,
    now: Timestamp,
) -> Result<Option<PendingRequest>, Halt> {
    // Both at once, or a long list would need more rounds than a judgement has.
    let found = facts.item::<CibaLogin>(entry.request, now);
    let (found, client) = both(found, facts.client(&entry.client_id))?;
    let own = found.filter(|(_, kept)| kept.user_id == user.user_id && kept.login.is_open(now));
    Ok(own
        .zip(client)
        .map(|((item, kept), client)| PendingRequest {
            request: item.digest,
            client: client.clone(),
            scope: kept.login.scope,
            binding_message: kept.binding_message,
            expires_at: kept.login.expires_at,
        }))
}

/// All of them, or everything that is lacking for any of them.
fn gather<T>(each: impl Iterator<Item = Result<T, Halt>>) -> Result<Vec<T>, Halt> {
    let (mut all, mut lacking) = (Vec::new(), Vec::new());
    for one in each {
        match one {
            Ok(one) => all.push(one),
            Err(Halt::Need(needs)) => lacking.extend(needs),
            Err(refused) => return Err(refused),
        }
    }
    if lacking.is_empty() {
        Ok(all)
    } else {
        lacking.dedup();
        Err(Halt::Need(lacking))
    }
}

/// The person who is logged in by `session` answers the request of this name. Says whose it was.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking; `access_denied` when the login has ended; `invalid_grant` when no such request
/// waits for this person.
pub fn answer(
    request: Digest,
    session: &Digest,
    allow: bool,
    facts: &Facts,
    now: Timestamp,
) -> Judged<Client> {
    let (session, user) = elsewhere::person(session, facts, now)?;
    let nothing = || OAuthError::invalid_grant("the request has expired or was answered already");
    let (found, list) = both(
        facts.item::<CibaLogin>(request, now),
        facts.item::<Waiting>(Digest::of(user.user_id.as_str()), now),
    )?;
    let (item, kept) = found
        .filter(|(_, kept)| kept.user_id == user.user_id && kept.login.is_open(now))
        .ok_or_else(nothing)?;
    let client = facts.client(&kept.login.client_id)?.ok_or_else(nothing)?;
    let mut changes = elsewhere::answered(item, kept, session, allow, now);
    if let Some((list, mut waiting)) = list {
        waiting.requests.retain(|own| own.request != request);
        changes.push(list.replace(&waiting));
    }
    Ok(Done {
        changes,
        value: client.clone(),
    })
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
