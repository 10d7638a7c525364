//! What comes next for whoever sits at the browser: a login, a question, or the answer (OpenID Connect Core 1.0
//! §3.1.2.3, §3.1.2.4, §3.1.2.6).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::authorize::Authorization;
use crate::decide::change::Change;
use crate::decide::item::{Item, Kept};
use crate::decide::record::{Client, Key};
use crate::decide::{Done, Facts, Halt, Judged, Rules, id_token_alg};
use crate::id_token;
use crate::message::authentication::AuthenticationRequest;
use crate::{ClientId, Cx, Digest, ErrorCode, OAuthError, Scope, Timestamp, UserId};

/// For how long a consent is remembered.
const REMEMBERED: Duration = Duration::from_secs(365 * 24 * 3600);

/// A person's login, as far as tokens tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Whose.
    pub user_id: UserId,
    /// `auth_time`.
    pub auth_time: Timestamp,
    /// `acr`.
    pub acr: Option<String>,
    /// `amr`.
    pub amr: Vec<String>,
    /// `sid`.
    pub sid: Option<String>,
}

impl Login {
    /// A login of which nothing is known but whose it is and when it was.
    pub fn plain(user_id: UserId, auth_time: Timestamp) -> Self {
        Self {
            user_id,
            auth_time,
            acr: None,
            amr: Vec::new(),
            sid: None,
        }
    }
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The person has to log in.
    LogIn,
    /// The person is asked whether they agree.
    Ask,
    /// They need not be asked: a code.
    Give,
    /// Send the browser back with this error.
    Back(OAuthError),
}

/// A consent that was given, so that `prompt=none` can be answered.
#[derive(Debug, Serialize, Deserialize)]
struct Consented {
    scope: Scope,
    audience: Vec<String>,
}

impl Kept for Consented {
    const SPACE: &'static str = "consent";
}

/// Whom the request names, by `sub`. What it says of ID tokens is good, or it goes no further.
pub(super) fn named(
    client: &Client,
    scope: &Scope,
    authentication: &AuthenticationRequest,
    rules: &Rules,
) -> Result<Vec<String>, OAuthError> {
    if scope.contains("openid") && id_token_alg(&client.details).is_none() {
        let text = "id_token_signed_response_alg of this client is not spoken here";
        return Err(OAuthError::invalid_request(text));
    }
    let hint = authentication.id_token_hint.as_ref().map(|token| {
        let client_id = Some(&client.client_id);
        id_token::hint(token.expose(), &rules.keys, &rules.issuer, client_id)
    });
    let hint = hint.transpose().map_err(|_| {
        OAuthError::invalid_request("id_token_hint is not an ID token of ours for this client")
    })?;
    let hint = hint.map(|claims| claims.sub);
    let asked = authentication.subject().map(str::to_owned);
    Ok(hint.into_iter().chain(asked).collect())
}

impl Authorization {
    /// Whether the login may be this person's, whom the client may know by another name than we do.
    fn admits(&self, user_id: &UserId, rules: &Rules) -> bool {
        let own = rules.subject(&self.client, user_id);
        self.subjects.iter().all(|sub| *sub == own)
    }

    /// Whether a login may be wanted for this very request, and has to be told from one of before.
    pub fn may_want_login(&self) -> bool {
        let asked = &self.authentication;
        let aged = asked
            .max_age
            .or(self.client.details.default_max_age)
            .is_some();
        asked.prompt.login || asked.prompt.select_account || aged || !self.subjects.is_empty()
    }

    /// Whether the person has to log in for this request although they have before.
    fn wants_login(&self, login: &Login, now: Timestamp) -> bool {
        let asked = &self.authentication;
        let max_age = asked.max_age.or(self.client.details.default_max_age);
        let stale = |seconds: u64| {
            seconds == 0 || now.since(login.auth_time) > Duration::from_secs(seconds)
        };
        asked.prompt.login || asked.prompt.select_account || max_age.is_some_and(stale)
    }
}

/// Decides what comes next. `answered` says that the login was made for this very request, so that it is not asked for
/// again.
///
/// # Errors
///
/// [`Halt::Need`] while facts are lacking.
pub fn next(
    authorization: &Authorization,
    login: Option<&Login>,
    answered: bool,
    facts: &Facts,
    rules: &Rules,
    now: Timestamp,
) -> Judged<Next> {
    let silent = authorization.authentication.prompt.none;
    let Some(login) = login else {
        return Ok(Done::unchanged(log_in(silent)));
    };
    let other = !authorization.admits(&login.user_id, rules);
    if !answered && (authorization.wants_login(login, now) || other) {
        return Ok(Done::unchanged(log_in(silent)));
    }
    let next = if other {
        Next::Back(required(
            ErrorCode::LoginRequired,
            "another person has logged in",
        ))
    } else if authorization.authentication.lacks_acr(login.acr.as_deref()) {
        let text = "no login here is of the acr that is demanded";
        Next::Back(required(ErrorCode::UnmetAuthenticationRequirements, text))
    } else if silent {
        silently(authorization, &login.user_id, facts, now)?
    } else {
        Next::Ask
    };
    Ok(Done::unchanged(next))
}

fn log_in(silent: bool) -> Next {
    if silent {
        Next::Back(required(
            ErrorCode::LoginRequired,
            "nobody has logged in who would do",
        ))
    } else {
        Next::LogIn
    }
}

fn silently(
    authorization: &Authorization,
    user_id: &UserId,
    facts: &Facts,
    now: Timestamp,
) -> Result<Next, Halt> {
    if authorization.return_to.is_out_of_band() {
        let text = "the code would have to be shown on a page";
        return Ok(Next::Back(required(ErrorCode::InteractionRequired, text)));
    }
    let agreed = remembers(&authorization.client, &authorization.scope)
        && authorization.details.authorization_details.is_none()
        && covers(authorization, user_id, facts, now)?;
    Ok(if agreed {
        Next::Give
    } else {
        Next::Back(required(
            ErrorCode::ConsentRequired,
            "the person has to be asked first",
        ))
    })
}

/// Whether consents to this client are remembered. Anybody can pretend to be a public client (RFC 8252 §8.6), and what a
/// document describes may be something else by now; so each of their requests is put before the person.
fn remembers(client: &Client, scope: &Scope) -> bool {
    !client.is_public() && !client.details.described && scope.contains("openid")
}

fn covers(
    authorization: &Authorization,
    user_id: &UserId,
    facts: &Facts,
    now: Timestamp,
) -> Result<bool, Halt> {
    let digest = digest(&authorization.client.client_id, user_id);
    let before = facts.item::<Consented>(digest, now)?;
    Ok(before.is_some_and(|(_, before)| {
        let known = |resource| before.audience.contains(resource);
        authorization.scope.is_subset_of(&before.scope) && authorization.audience.iter().all(known)
    }))
}

/// Remembers a consent beside those that were given before.
pub(super) fn remember(
    authorization: &Authorization,
    user_id: &UserId,
    facts: &Facts,
    cx: &Cx<'_>,
) -> Result<Vec<Change>, Halt> {
    if !remembers(&authorization.client, &authorization.scope)
        || covers(authorization, user_id, facts, cx.now)?
    {
        return Ok(Vec::new());
    }
    let digest = digest(&authorization.client.client_id, user_id);
    let mut consented = Consented {
        scope: authorization.scope.clone(),
        audience: authorization.audience.clone(),
    };
    if let Some((_, before)) = facts.item::<Consented>(digest, cx.now)? {
        consented.scope = before.scope.union(&consented.scope);
        consented.audience.extend(before.audience);
        consented.audience.sort();
        consented.audience.dedup();
    }
    let item = Item::new(digest, &consented, cx.now + REMEMBERED).owned_by(user_id.as_str());
    // One that has expired may still lie there.
    let before = forget(&authorization.client.client_id, user_id);
    Ok(vec![before, item.insert()])
}

/// Forgets what a person agreed to with a client: it goes with the withdrawal of their grants.
pub fn forget(client_id: &ClientId, user_id: &UserId) -> Change {
    Change::Delete(Key::Item {
        space: Consented::SPACE,
        digest: digest(client_id, user_id),
    })
}

fn digest(client_id: &ClientId, user_id: &UserId) -> Digest {
    Digest::of(format!("{}\n{}", user_id.as_str(), client_id.as_str()))
}

fn required(code: ErrorCode, text: &'static str) -> OAuthError {
    OAuthError::new(code, text)
}
