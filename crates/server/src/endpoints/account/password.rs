//! The change of a password by the person whose it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_proto::base::opaque;
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::details::SessionDetails;
use gatepass_proto::decide::login::Led;
use gatepass_proto::decide::record::{Key, Record, Session};
use gatepass_proto::decide::{Done, Facts, Judged, PasswordFact};
use gatepass_proto::{Cx, ErrorCode, OAuthError, Params, Secret, Timestamp};
use http::HeaderMap;

use crate::app::App;
use crate::browser::{self, Login};
use crate::extract::Peer;
use crate::notices;
use crate::pages::PasswordProblem;
use crate::passwords::NewPasswordError;

/// Why it was not changed.
pub(super) enum Refused {
    /// Trying again on the same page may help.
    Problem(PasswordProblem),
    /// It does not.
    Error(OAuthError),
}

impl From<PasswordProblem> for Refused {
    fn from(problem: PasswordProblem) -> Self {
        Self::Problem(problem)
    }
}

/// Changes it, and gives this browser a new session: those from before are over, its own among them.
pub(super) async fn change(
    app: &App,
    peer: Peer,
    headers: &HeaderMap,
    login: &Login,
    form: &Params,
) -> Result<Secret, Refused> {
    let field = |name: &str| Secret::new(form.get(name).unwrap_or_default());
    let (old, new) = (field("old"), field("new"));
    if new.expose() != field("again").expose() {
        return Err(PasswordProblem::Differ.into());
    }
    let admitted = app.passwords().admit(&new, &[&login.username]).await;
    let admitted = admitted.map_err(problem)?;
    let started = app.clock().now();
    prove(app, peer, login, &old).await?;
    if new.expose() == old.expose() {
        return Err(PasswordProblem::Same.into());
    }
    let password_hash = app.passwords().hash(&admitted).await;
    let password_hash = password_hash.map_err(|busy| problem(busy.into()))?;
    let fresh = Fresh {
        password_hash,
        started,
        user_agent: browser::user_agent(headers),
        over: logins(app, login).await.map_err(Refused::Error)?,
    };
    let changed = app.judge(peer, |facts, cx| judge(login, &fresh, facts, app, cx));
    changed.await.map_err(Refused::Error)
}

/// The old password is a guess like any other: charged before it is looked at.
async fn prove(app: &App, peer: Peer, login: &Login, old: &Secret) -> Result<(), Refused> {
    let checked = app
        .check_password(Some(peer.0.ip()), &login.username, old)
        .await;
    match checked.map_err(|error| Refused::Error(crate::judge::unavailable(&error)))? {
        PasswordFact::Right(user_id) if user_id == login.user_id => Ok(()),
        PasswordFact::Right(_) | PasswordFact::Wrong => Err(PasswordProblem::Wrong.into()),
        PasswordFact::Throttled(retry_after) => {
            Err(PasswordProblem::Throttled { retry_after }.into())
        }
        PasswordFact::Busy => Err(PasswordProblem::Busy.into()),
    }
}

fn problem(error: NewPasswordError) -> Refused {
    match error {
        NewPasswordError::Busy(_) => PasswordProblem::Busy.into(),
        weak => {
            let text = weak.to_string();
            let mut letters = text.chars();
            let first = letters.next().map(char::to_uppercase);
            let sentence: String = first.into_iter().flatten().chain(letters).collect();
            PasswordProblem::Weak(sentence + ".").into()
        }
    }
}

/// The person's logins, whose clients are told that they are over.
async fn logins(app: &App, login: &Login) -> Result<Vec<Led>, OAuthError> {
    let unavailable = |error| crate::judge::unavailable(&error);
    let Some(user) = super::lists::user(app, &login.user_id).await? else {
        return Ok(Vec::new());
    };
    let logins = notices::logins_of(app.store(), &user, app.clock().now()).await;
    logins.map_err(unavailable)
}

/// What is known when it is changed.
struct Fresh {
    password_hash: String,
    /// When the old one was looked at.
    started: Timestamp,
    user_agent: Option<String>,
    /// The logins that it ends.
    over: Vec<Led>,
}

/// Everything from before `cx.now` is over once this is committed. What was proven holds only if nobody else has changed
/// the password since it began.
fn judge(
    login: &Login,
    fresh: &Fresh,
    facts: &Facts,
    app: &App,
    cx: &mut Cx<'_>,
) -> Judged<Secret> {
    let gone = || {
        let text = "the account was changed at the same time; log in again";
        OAuthError::new(ErrorCode::AccessDenied, text)
    };
    let user = facts.user(&login.user_id)?;
    let user = user
        .filter(|user| user.admits(fresh.started))
        .ok_or_else(gone)?;
    let mut after = user.clone();
    after.password_hash.clone_from(&fresh.password_hash);
    after.details.credentials_changed_at = Some(cx.now);
    let secret = opaque::mint(opaque::SESSION, cx);
    let session = Session {
        digest: secret.digest(),
        user_id: user.user_id.clone(),
        auth_time: cx.now,
        expires_at: cx.now + app.rules().lifetimes.session,
        details: SessionDetails {
            sid: URL_SAFE_NO_PAD.encode(cx.bytes::<16>()),
            amr: vec!["pwd".to_owned()],
            user_agent: fresh.user_agent.clone(),
            ..SessionDetails::default()
        },
    };
    let audit = AuditEvent::new(cx.now, "user.password_changed").user(&user.user_id);
    let mut changes = vec![
        Change::user(user, after),
        Change::Delete(Key::Session(login.cookie.digest())),
        Change::Insert(Record::Session(session)),
        Change::Audit(audit),
    ];
    changes.extend(fresh.over.iter().flat_map(|led| led.told(cx)));
    Ok(Done {
        changes,
        value: secret,
    })
}
