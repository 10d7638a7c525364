//! `POST /oauth/login`: the login page's form.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_proto::base::opaque;
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::details::SessionDetails;
use gatepass_proto::decide::login::Led;
use gatepass_proto::decide::record::{Record, Session};
use gatepass_proto::decide::{Done, Facts, Judged, Rules};
use gatepass_proto::grant::password::check_password;
use gatepass_proto::{Cx, ErrorCode, OAuthError, Params, Secret, Timestamp};
use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::answered;
use crate::app::App;
use crate::browser;
use crate::endpoints::authorize;
use crate::extract::Peer;
use crate::notices;
use crate::pages::LoginProblem;
use crate::routes::paths;
use crate::show;

/// The `acr` of a login with a password.
pub(crate) const ACR_PASSWORD: &str = "urn:gatepass:acr:password";

pub(crate) async fn login(
    State(app): State<App>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let query = query.unwrap_or_default();
    let query = answered::bare(&query).to_owned();
    let authorization = match authorize::request(&app, peer, &query).await {
        Ok(authorization) => authorization,
        Err(response) => return response,
    };
    let (cookie, form) = match browser::form(&app, &headers, body).await {
        Ok(form) => form,
        Err(error) => return show::error(&error),
    };
    let username = form.get("username").unwrap_or_default();
    match log_in(&app, peer, &headers, &cookie, &form).await {
        Ok(session) => {
            let query = match authorization.may_want_login() {
                true => answered::mark(&app, &session, &query),
                false => query,
            };
            let mut response =
                browser::see_other(&format!("{}{}?{query}", app.path(), paths::AUTHORIZE));
            response
                .headers_mut()
                .append(SET_COOKIE, app.cookie().set(&session));
            response
        }
        Err(error) => match problem(&error) {
            Some(problem) => show::login(
                &app,
                &authorization,
                &cookie,
                &query,
                username,
                Some(problem),
            ),
            None => show::error(&error),
        },
    }
}

/// The session of whoever typed the right name and password into a login form; it takes the place of the one of `cookie`.
pub(crate) async fn log_in(
    app: &App,
    peer: Peer,
    headers: &HeaderMap,
    cookie: &Secret,
    form: &Params,
) -> Result<Secret, OAuthError> {
    let username = form.get("username").unwrap_or_default();
    let password = Secret::new(form.get("password").unwrap_or_default());
    if username.is_empty() || password.is_empty() {
        return Err(OAuthError::invalid_grant(
            "username and password are needed",
        ));
    }
    // What is typed now is worth nothing once the password is changed, though that be while it is being checked.
    let now = app.clock().now();
    let before = notices::login_at(app.store(), cookie.digest(), now).await;
    let started = Started {
        before: before.map_err(|error| crate::judge::unavailable(&error))?,
        at: now,
        user_agent: browser::user_agent(headers),
    };
    app.judge(peer, |facts, cx| {
        judge(username, &password, &started, facts, &app.rules(), cx)
    })
    .await
}

/// What is known of a login before anything is checked.
struct Started {
    /// The login that the browser had before, if it had one.
    before: Option<Led>,
    at: Timestamp,
    user_agent: Option<String>,
}

/// A right password makes a new session under a new name, whatever cookie the browser had before. If that named a session,
/// it is no more: another person's login ends, the same person's goes on, and keeps the `sid` that clients know it by.
fn judge(
    username: &str,
    password: &Secret,
    started: &Started,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<Secret> {
    let user_id = check_password(username, password, facts)?;
    let secret = opaque::mint(opaque::SESSION, cx);
    let (sid, mut changes) = match &started.before {
        Some(led) if led.session.user_id == user_id => {
            let sid = Some(led.session.details.sid.clone());
            (sid, led.renewed(cx.now + rules.lifetimes.session))
        }
        Some(led) => (None, led.end(rules.tokens.end_grants_at_logout, cx)),
        None => (None, Vec::new()),
    };
    let fresh = || URL_SAFE_NO_PAD.encode(cx.bytes::<16>());
    let sid = sid.filter(|sid| !sid.is_empty()).unwrap_or_else(fresh);
    let session = Session {
        digest: secret.digest(),
        user_id: user_id.clone(),
        auth_time: started.at,
        expires_at: cx.now + rules.lifetimes.session,
        details: SessionDetails {
            sid,
            acr: Some(ACR_PASSWORD.to_owned()),
            amr: vec!["pwd".to_owned()],
            user_agent: started.user_agent.clone(),
        },
    };
    let audit = AuditEvent::new(cx.now, "session.started").user(&user_id);
    changes.extend([
        Change::Insert(Record::Session(session)),
        Change::Audit(audit),
    ]);
    Ok(Done {
        changes,
        value: secret,
    })
}

/// What the page says of a refusal; `None` for those that trying again on the same page does not mend.
pub(crate) fn problem(error: &OAuthError) -> Option<LoginProblem> {
    match (error.retry_after(), error.code()) {
        (Some(retry_after), _) => Some(LoginProblem::Throttled { retry_after }),
        (None, ErrorCode::InvalidGrant) => Some(LoginProblem::Wrong),
        (None, ErrorCode::TemporarilyUnavailable) => Some(LoginProblem::Busy),
        _ => None,
    }
}
