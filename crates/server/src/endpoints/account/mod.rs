//! `/account`: a person's own page, and what its forms do.

mod device;
mod lists;
mod password;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use gatepass_proto::decide::Done;
use gatepass_proto::decide::record::{Key, Record, Session};
use gatepass_proto::{Digest, OAuthError, Params};
use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::admin;
use crate::app::App;
use crate::browser::{self, Login};
use crate::endpoints::ending;
use crate::endpoints::sign_in::SignIn;
use crate::extract::Peer;
use crate::pages::{AccountPage, Notice, PasswordProblem};
use crate::routes::paths;
use crate::show;

/// `GET /account`.
pub(crate) async fn account(
    State(app): State<App>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let login = match SignIn::of_ours(&app, &login_path(&app))
        .visited(peer, &headers)
        .await
    {
        Ok(login) => login,
        Err(response) => return response,
    };
    let query = Params::parse_form(query.unwrap_or_default().as_bytes());
    let done = query
        .ok()
        .and_then(|query| Notice::parse(query.get("done")?));
    page(&app, &login, done, None).await
}

/// `POST /account/login`: the login page's form.
pub(crate) async fn log_in(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    body: Body,
) -> Response {
    SignIn::of_ours(&app, &login_path(&app))
        .log_in(peer, &headers, body, paths::ACCOUNT)
        .await
}

fn login_path(app: &App) -> String {
    format!("{}{}/login", app.path(), paths::ACCOUNT)
}

/// `POST /account/password`.
pub(crate) async fn password(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let (login, form) = posted(&app, peer, &headers, body).await?;
    Ok(
        match password::change(&app, peer, &headers, &login, &form).await {
            Ok(session) => {
                let mut response = back(&app, Some(Notice::Password));
                let cookie = app.cookie().set(&session);
                response.headers_mut().append(SET_COOKIE, cookie);
                response
            }
            Err(password::Refused::Problem(problem)) => {
                page(&app, &login, None, Some(problem)).await
            }
            Err(password::Refused::Error(error)) => show::error(&error),
        },
    )
}

/// `POST /account/logins`: ends one login, or all others.
pub(crate) async fn end_login(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let (login, form) = posted(&app, peer, &headers, body).await?;
    let named = form.get("session").unwrap_or_default();
    let here = login.cookie.digest();
    let (ended, notice) = if named == "others" {
        (end_others(&app, &login).await, Notice::Logins)
    } else {
        let digest = Digest::from_base64url(named);
        let Some(digest) = digest else {
            let error =
                OAuthError::invalid_request("the form names no login; go back and try again");
            return Err(show::error(&error));
        };
        let ended = ending::end(&app, digest, &login.user_id);
        (ended.await, Notice::Login)
    };
    Ok(match ended {
        Ok(()) if Digest::from_base64url(named) == Some(here) => {
            let mut response = back(&app, None);
            let cookie = app.cookie().clear();
            response.headers_mut().append(SET_COOKIE, cookie);
            response
        }
        Ok(()) => back(&app, Some(notice)),
        Err(error) => show::error(&error),
    })
}

/// `POST /account/applications`: withdraws what an application was allowed.
pub(crate) async fn withdraw(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let (login, form) = posted(&app, peer, &headers, body).await?;
    let client = form.get("client").unwrap_or_default();
    let withdrawn = async {
        let mut grants = lists::grants(&app, &login.user_id).await?;
        grants.retain(|grant| grant.client_id.as_str() == client);
        let now = app.clock().now();
        let changes: Vec<_> = grants
            .iter()
            .flat_map(|grant| admin::revocation(grant, now))
            .collect();
        commit(&app, changes).await
    };
    Ok(match withdrawn.await {
        Ok(()) => back(&app, Some(Notice::Application)),
        Err(error) => show::error(&error),
    })
}

/// A form of this page, and who sent it; otherwise the answer.
async fn posted(
    app: &App,
    peer: Peer,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Login, Params), Response> {
    let path = login_path(app);
    SignIn::of_ours(app, &path)
        .posted(peer, headers, body)
        .await
}

/// To the page again, so that loading it once more posts nothing.
fn back(app: &App, done: Option<Notice>) -> Response {
    let done = done.map(|notice| format!("?done={}", notice.word()));
    let query = done.unwrap_or_default();
    browser::see_other(&format!("{}{}{query}", app.path(), paths::ACCOUNT))
}

async fn page(
    app: &App,
    login: &Login,
    notice: Option<Notice>,
    problem: Option<PasswordProblem>,
) -> Response {
    let gathered = async {
        let user = lists::user(app, &login.user_id).await?;
        let profile = user.as_ref().map(lists::profile).unwrap_or_default();
        let sessions = lists::sessions(app, user.as_ref()).await?;
        let seats = lists::seats(app, &sessions, login);
        Ok((profile, seats, lists::applications(app, login).await?))
    };
    match gathered.await {
        Ok((profile, seats, applications)) => AccountPage {
            base: &format!("{}{}", app.path(), paths::ACCOUNT),
            csrf: &app.csrf().token(login.cookie.expose()),
            username: &login.username,
            profile: &profile,
            notice,
            problem,
            seats: &seats,
            applications: &applications,
        }
        .render_page(),
        Err(error) => show::error(&error),
    }
}

async fn end_others(app: &App, login: &Login) -> Result<(), OAuthError> {
    let here = login.cookie.digest();
    let user = lists::user(app, &login.user_id).await?;
    let sessions: Vec<Session> = lists::sessions(app, user.as_ref()).await?;
    for session in sessions.iter().filter(|session| session.digest != here) {
        ending::end(app, session.digest, &login.user_id).await?;
    }
    Ok(())
}

/// Commits what depends on nothing else.
async fn commit(
    app: &App,
    changes: Vec<gatepass_proto::decide::change::Change>,
) -> Result<(), OAuthError> {
    app.judge_alone(|_, _| {
        Ok(Done {
            changes: changes.clone(),
            value: (),
        })
    })
    .await
}

/// The record at a key.
async fn load(app: &App, keys: &[Key]) -> Result<Vec<Option<Record>>, OAuthError> {
    let found = app.store().load(keys).await;
    found.map_err(|error| crate::judge::unavailable(&error))
}
