//! `POST /oauth/login`: the login page's form.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_proto::base::opaque;
use gatepass_proto::decide::change::{AuditEvent, Change};
use gatepass_proto::decide::details::SessionDetails;
use gatepass_proto::decide::record::{Key, Record, Session};
use gatepass_proto::decide::{Done, Facts, Judged, Rules};
use gatepass_proto::grant::password::check_password;
use gatepass_proto::{Cx, Digest, ErrorCode, OAuthError, Params, Secret};
use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::app::App;
use crate::browser;
use crate::endpoints::authorize;
use crate::extract::Peer;
use crate::pages::LoginProblem;
use crate::routes::paths;
use crate::show;

pub(crate) async fn login(
    State(app): State<App>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let query = query.unwrap_or_default();
    let authorization = match authorize::request(&app, peer, &query).await {
        Ok(authorization) => authorization,
        Err(response) => return response,
    };
    let (cookie, form) = match browser::form(&app, &headers, body).await {
        Ok(form) => form,
        Err(error) => return show::error(&error),
    };
    let username = form.get("username").unwrap_or_default();
    match log_in(&app, peer, &cookie, username, &form).await {
        Ok(session) => {
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

async fn log_in(
    app: &App,
    peer: Peer,
    cookie: &Secret,
    username: &str,
    form: &Params,
) -> Result<Secret, OAuthError> {
    let password = Secret::new(form.get("password").unwrap_or_default());
    if username.is_empty() || password.is_empty() {
        return Err(OAuthError::invalid_grant(
            "username and password are needed",
        ));
    }
    let before = cookie.digest();
    app.judge(peer, |facts, cx| {
        judge(username, &password, before, facts, app.rules(), cx)
    })
    .await
}

/// A right password makes a new session under a new name, whatever cookie the browser had before; if that named a
/// session, it ends.
fn judge(
    username: &str,
    password: &Secret,
    before: Digest,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<Secret> {
    let user_id = check_password(username, password, facts)?;
    let secret = opaque::mint(opaque::SESSION, cx);
    let session = Session {
        digest: secret.digest(),
        user_id: user_id.clone(),
        auth_time: cx.now,
        expires_at: cx.now + rules.lifetimes.session,
        details: SessionDetails {
            sid: URL_SAFE_NO_PAD.encode(cx.bytes::<16>()),
            amr: vec!["pwd".to_owned()],
            ..SessionDetails::default()
        },
    };
    let audit = AuditEvent::new(cx.now, "session.started").user(&user_id);
    Ok(Done {
        changes: vec![
            Change::Delete(Key::Session(before)),
            Change::Insert(Record::Session(session)),
            Change::Audit(audit),
        ],
        value: secret,
    })
}

/// What the page says of a refusal; `None` for those that trying again on the same page does not mend.
fn problem(error: &OAuthError) -> Option<LoginProblem> {
    match (error.retry_after(), error.code()) {
        (Some(retry_after), _) => Some(LoginProblem::Throttled { retry_after }),
        (None, ErrorCode::InvalidGrant) => Some(LoginProblem::Wrong),
        (None, ErrorCode::TemporarilyUnavailable) => Some(LoginProblem::Busy),
        _ => None,
    }
}
