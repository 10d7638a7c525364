//! What the device grant and CIBA have in common on the server: a person decides elsewhere, and meanwhile the client asks
//! again and again (RFC 8628 §3.5, CIBA Core §11).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Asked;
use crate::decide::change::{AuditEvent, Change};
use crate::decide::details::GrantDetails;
use crate::decide::item::{Item, Kept};
use crate::decide::login::Party;
use crate::decide::record::{Record, Session, User};
use crate::decide::{Done, Facts, Halt, Issue, Judged, Refusal, Rules, issue, policy};
use crate::jose::access_token::Audience;
use crate::{ClientId, Cx, Digest, ErrorCode, GrantId, OAuthError, Scope, Timestamp, UserId};

/// How long a client has to wait between two questions, in seconds, until it was too fast.
pub const INTERVAL: u64 = 5;
/// RFC 8628 §3.5: by how much `slow_down` makes that longer, in seconds.
const SLOWER: u64 = 5;
/// For how long one that has expired is remembered, so that the client hears why there are no tokens.
const REMEMBERED: Duration = Duration::from_secs(10 * 60);

/// A login that a person confirms on another device than the client's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Who asks.
    pub client_id: ClientId,
    /// For what.
    pub scope: Scope,
    /// For which resources.
    pub audience: Vec<String>,
    /// After this nobody can say yes, and nothing is given.
    pub expires_at: Timestamp,
    /// How long the client has to wait between two questions now, in seconds.
    pub interval: u64,
    /// When it asked last.
    pub polled_at: Option<Timestamp>,
    /// What the person said.
    pub answer: Answer,
}

/// What the person said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nothing yet.
    Waiting,
    /// Yes.
    Approved(Box<Approval>),
    /// No.
    Denied,
}

/// A yes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Whose.
    pub user_id: UserId,
    /// When it was given.
    pub at: Timestamp,
    /// What the grant will hold.
    pub details: GrantDetails,
}

/// A kind of item with such a login in it.
pub trait Elsewhere: Kept {
    /// The name of the parameter by which the client asks.
    const PARAMETER: &'static str;

    /// The login.
    fn login(&self) -> &Login;

    /// The login, to be changed.
    fn login_mut(&mut self) -> &mut Login;
}

impl Login {
    /// One that nobody has answered yet.
    pub(crate) fn new(
        client_id: &ClientId,
        scope: Scope,
        audience: Vec<String>,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            client_id: client_id.clone(),
            scope,
            audience,
            expires_at,
            interval: INTERVAL,
            polled_at: None,
            answer: Answer::Waiting,
        }
    }

    /// When its item may go.
    pub(crate) fn forgotten_at(&self) -> Timestamp {
        self.expires_at + REMEMBERED
    }

    /// Whether a person can still answer it.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.answer == Answer::Waiting && now < self.expires_at
    }
}

/// The person who is logged in by this session now.
pub(crate) fn person<'f>(
    session: &Digest,
    facts: &'f Facts,
    now: Timestamp,
) -> Result<(&'f Session, &'f User), Halt> {
    let over = || OAuthError::new(ErrorCode::AccessDenied, "the login has ended; log in again");
    let session = facts
        .session(session)?
        .filter(|session| now < session.expires_at)
        .ok_or_else(over)?;
    let user = facts
        .user(&session.user_id)?
        .filter(|user| user.admits(session.auth_time))
        .ok_or_else(over)?;
    Ok((session, user))
}

/// Keeps what the person of `session` said to `kept`.
pub(crate) fn answered<T: Elsewhere>(
    item: &Item,
    mut kept: T,
    session: &Session,
    allow: bool,
    now: Timestamp,
) -> Vec<Change> {
    let login = kept.login_mut();
    let event = if allow {
        "elsewhere.approved"
    } else {
        "elsewhere.denied"
    };
    let audit = AuditEvent::new(now, event)
        .client(&login.client_id)
        .user(&session.user_id);
    login.answer = if allow {
        Answer::Approved(Box::new(Approval {
            user_id: session.user_id.clone(),
            at: now,
            details: GrantDetails {
                auth_time: Some(session.auth_time),
                acr: session.details.acr.clone(),
                amr: session.details.amr.clone(),
                sid: Some(session.details.sid.clone()).filter(|sid| !sid.is_empty()),
                ..GrantDetails::default()
            },
        }))
    } else {
        Answer::Denied
    };
    vec![item.replace(&kept), Change::Audit(audit)]
}

/// Judges a question of the client. Whoever is not the client that the login belongs to changes nothing by asking.
pub(super) fn poll<T: Elsewhere>(
    asked: &Asked<'_>,
    digest: Digest,
    facts: &Facts,
    cx: &mut Cx<'_>,
) -> Judged<Issue> {
    let about = |text: &str| OAuthError::invalid_grant(format!("{} {text}", T::PARAMETER));
    let (item, kept) = facts
        .item::<T>(digest, cx.now)?
        .ok_or_else(|| about("is not known or was used already"))?;
    let login = kept.login();
    if login.client_id != asked.client.client_id {
        return Err(about("was issued to another client").into());
    }
    if cx.now >= login.expires_at {
        let text = "nobody confirmed the login in time; start again";
        return Err(OAuthError::new(ErrorCode::ExpiredToken, text).into());
    }
    match &login.answer {
        Answer::Waiting => Err(wait(item, kept, cx.now)),
        Answer::Denied => {
            Err(OAuthError::new(ErrorCode::AccessDenied, "the person said no").into())
        }
        Answer::Approved(approval) => redeem(item, login, approval, asked, facts, cx),
    }
}

/// Not yet; and when the client asks faster than it was told to, it has to become slower for good.
fn wait<T: Elsewhere>(item: &Item, mut kept: T, now: Timestamp) -> Halt {
    let login = kept.login_mut();
    let interval = Duration::from_secs(login.interval);
    let early = login.polled_at.is_some_and(|at| now < at + interval);
    login.polled_at = Some(now);
    let error = if early {
        login.interval = login.interval.saturating_add(SLOWER);
        OAuthError::new(ErrorCode::SlowDown, "wait five seconds longer from now on")
    } else {
        let text = "the person has not decided yet; ask again later";
        OAuthError::new(ErrorCode::AuthorizationPending, text)
    };
    Halt::Refuse(Refusal {
        changes: vec![item.replace(&kept)],
        error,
    })
}

/// Gives the tokens, once: of two that ask at the same time only one can take the item away.
fn redeem(
    item: &Item,
    login: &Login,
    approval: &Approval,
    asked: &Asked<'_>,
    facts: &Facts,
    cx: &mut Cx<'_>,
) -> Judged<Issue> {
    // The yes of somebody who was locked out since, or whose password was changed since, counts for nothing.
    let user = facts
        .user(&approval.user_id)?
        .filter(|user| user.admits(approval.details.auth_time.unwrap_or(approval.at)))
        .ok_or_else(|| OAuthError::invalid_grant("the account is locked"))?;
    let audience = policy::targets(&login.audience, asked.params)?;
    let consent = issue::Consent {
        grant_id: GrantId::generate(cx),
        user_id: &approval.user_id,
        scope: &login.scope,
        audience: &login.audience,
        details: &approval.details,
    };
    let (grant, mut issue) = issue::grant(asked.rules, asked.client, &consent, cx);
    issue.access_token.aud = Audience::of(&audience);
    issue.tell(&approval.details, user);
    let mut changes = vec![item.take()];
    changes.extend(Party::elsewhere(&grant, asked.rules, cx.now));
    changes.push(Change::Insert(Record::Grant(grant)));
    Ok(Done {
        changes,
        value: issue,
    })
}

/// Until when a login that begins now can be confirmed, if the client wants it no shorter.
pub(crate) fn lifetime(rules: &Rules, asked: Option<u64>) -> Duration {
    let longest = rules.lifetimes.elsewhere;
    asked.map_or(longest, |asked| Duration::from_secs(asked).min(longest))
}
