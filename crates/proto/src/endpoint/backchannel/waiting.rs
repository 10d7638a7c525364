//! The requests that wait for a person: their list, and the answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::decide::change::Change;
use crate::decide::item::{Item, Kept};
use crate::decide::live::both;
use crate::decide::notice::{News, Notice};
use crate::decide::record::{Client, User};
use crate::decide::{Done, Facts, Halt, Judged};
use crate::grant::ciba::CibaLogin;
use crate::grant::elsewhere;
use crate::{ClientId, Digest, ErrorCode, OAuthError, Scope, Timestamp, UserId};

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
pub(super) struct Entry {
    pub(super) request: Digest,
    pub(super) client_id: ClientId,
    pub(super) until: Timestamp,
}

impl Kept for Waiting {
    const SPACE: &'static str = "ciba.waiting";
}

/// Adds to what waits for the person. What is over falls off; what is too much is refused, for nobody reads a long list.
pub(super) fn listed(
    user_id: &UserId,
    entry: Entry,
    facts: &Facts,
    now: Timestamp,
) -> Result<Change, Halt> {
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

/// The person who is logged in by `session` answers the request of this name. Says whose it was; the client that wants to
/// be told is, whatever the answer (CIBA §10.2).
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
    let ping = kept.ping.clone().map(|sealed| {
        let notice = Notice::new(client.client_id.clone(), News::Ping { sealed }, now);
        notice
            .no_later_than(kept.login.expires_at)
            .enqueue(request, now)
    });
    let mut changes = elsewhere::answered(item, kept, session, allow, now);
    changes.extend(ping);
    if let Some((list, mut waiting)) = list {
        waiting.requests.retain(|own| own.request != request);
        changes.push(list.replace(&waiting));
    }
    Ok(Done {
        changes,
        value: client.clone(),
    })
}
