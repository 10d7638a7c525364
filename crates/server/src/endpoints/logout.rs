//! `GET` and `POST /oauth/logout` (OpenID Connect RP-Initiated Logout 1.0 §2), and the form of its page.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use gatepass_proto::endpoint::logout::{Logout, logout as judge};
use gatepass_proto::message::logout::LogoutRequest;
use gatepass_proto::{OAuthError, Params};
use http::HeaderMap;
use http::header::SET_COOKIE;

use super::ending;
use crate::app::App;
use crate::browser::{self, Login, Visitor};
use crate::extract::{self, Peer};
use crate::pages::{LoggedOutPage, LogoutPage};
use crate::routes::paths;
use crate::show;

/// An ID token of the very login that this browser has is as good as the person's word; anybody could send the browser
/// here without one, so then the person is asked.
pub(crate) async fn logout(
    State(app): State<App>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let (asked, visitor) = match read(&app, peer, &headers, &query).await {
        Ok(read) => read,
        Err(error) => return show::error(&error),
    };
    let login = match visitor {
        Visitor::Known(login) => login,
        Visitor::Stranger(_) => return gone(&app, &asked),
    };
    let sid = Some(&login.details.sid).filter(|sid| !sid.is_empty());
    if asked.sid.is_some() && asked.sid.as_ref() == sid {
        return end(&app, &login, &asked).await;
    }
    LogoutPage {
        action: &format!("{}{}?{query}", app.path(), paths::LOGOUT_FORM),
        csrf: &app.csrf().token(login.cookie.expose()),
        client_name: asked.client_name.as_deref(),
        username: &login.username,
        onward: asked.onward.as_deref(),
    }
    .render_page()
}

/// The cookie does not come with what another site posts; with the address to which this sends the browser it does.
pub(crate) async fn posted(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    let params = async {
        if extract::media_type(&headers)?.as_deref() != Some("application/x-www-form-urlencoded") {
            let text = "the body must be application/x-www-form-urlencoded";
            return Err(OAuthError::invalid_request(text));
        }
        parse(&extract::body_bytes(body).await?)
    };
    match params.await {
        Ok(params) => {
            let request = LogoutRequest::parse(&params).to_params();
            let path = format!("{}{}", app.path(), paths::LOGOUT);
            browser::see_other(&request.append_to(&path))
        }
        Err(error) => show::error(&error),
    }
}

/// The form of the page: the person has said yes.
pub(crate) async fn confirmed(
    State(app): State<App>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(error) = browser::form(&app, &headers, body).await {
        return show::error(&error);
    }
    match read(&app, peer, &headers, &query.unwrap_or_default()).await {
        Ok((asked, Visitor::Known(login))) => end(&app, &login, &asked).await,
        Ok((asked, Visitor::Stranger(_))) => gone(&app, &asked),
        Err(error) => show::error(&error),
    }
}

async fn read(
    app: &App,
    peer: Peer,
    headers: &HeaderMap,
    query: &str,
) -> Result<(Logout, Visitor), OAuthError> {
    let request = LogoutRequest::parse(&parse(query.as_bytes())?);
    let asked = app
        .judge_alone(|facts, _| judge(&request, facts, &app.rules()))
        .await?;
    Ok((asked, browser::visitor(app, peer, headers).await?))
}

fn parse(form: &[u8]) -> Result<Params, OAuthError> {
    Params::parse_form(form).map_err(|fault| OAuthError::invalid_request(fault.to_string()))
}

async fn end(app: &App, login: &Login, asked: &Logout) -> Response {
    match ending::end(app, login.cookie.digest(), &login.user_id).await {
        Ok(()) => gone(app, asked),
        Err(error) => show::error(&error),
    }
}

/// Nobody is logged in any more: on to where the client wants the browser, or a page that says so.
fn gone(app: &App, asked: &Logout) -> Response {
    let mut response = match &asked.onward {
        Some(onward) => browser::see_other(onward),
        None => LoggedOutPage.render_page(),
    };
    let cookie = app.cookie().clear();
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}
