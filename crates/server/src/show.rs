//! From what was judged to the page that says it.

use axum::response::Response;
use gatepass_proto::decide::policy::lasts;
use gatepass_proto::endpoint::authorize::Authorization;
use gatepass_proto::{ErrorCode, OAuthError, Secret};
use http::header::SET_COOKIE;

use crate::app::App;
use crate::browser::Login;
use crate::pages::{
    ConsentPage, Detail, ErrorPage, Link, LoginPage, LoginProblem, Origin, OutOfBandPage,
};
use crate::routes::paths;

/// The login page, tied to `cookie`, which the browser is given again.
pub(crate) fn login(
    app: &App,
    authorization: &Authorization,
    cookie: &Secret,
    query: &str,
    username: &str,
    problem: Option<LoginProblem>,
) -> Response {
    let page = LoginPage {
        action: &format!("{}{}?{query}", app.path(), paths::LOGIN),
        csrf: &app.csrf().token(cookie.expose()),
        client_name: Some(&authorization.client.client_name),
        username,
        problem,
        // What follows a login is a page of ours, never a redirect elsewhere.
        redirect_uri: None,
    };
    let mut response = page.render_page();
    response
        .headers_mut()
        .append(SET_COOKIE, app.cookie().set(cookie));
    response
}

/// The consent page.
pub(crate) fn consent(
    app: &App,
    authorization: &Authorization,
    login: &Login,
    query: &str,
) -> Response {
    let scopes: Vec<(String, String)> = authorization
        .scope
        .iter()
        .map(|token| (token.to_owned(), describe(token)))
        .collect();
    let asked = authorization.details.authorization_details.as_ref();
    let details = asked.map(Detail::all).unwrap_or_default();
    let page = ConsentPage {
        action: &format!("{}{}?{query}", app.path(), paths::CONSENT),
        csrf: &app.csrf().token(login.cookie.expose()),
        client_name: &authorization.client.client_name,
        origin: Origin::of(&authorization.client),
        redirect_uri: authorization.return_to.redirect_uri(),
        username: &login.username,
        lasts: lasts(&authorization.client, &authorization.scope, &app.rules()),
        scopes: &scopes,
        details: &details,
        links: &Link::all(&authorization.client.details),
    };
    page.render_page()
}

/// The page that shows a code to a person whose program cannot receive a redirect.
pub(crate) fn out_of_band(app: &App, authorization: &Authorization, code: &Secret) -> Response {
    let page = OutOfBandPage {
        client_name: &authorization.client.client_name,
        code: code.expose(),
        lifetime: app.rules().code_ttl(true),
    };
    page.render_page()
}

/// A refusal that may not be sent anywhere, or has nowhere to go.
pub(crate) fn error(error: &OAuthError) -> Response {
    tracing::info!(code = %error.code(), description = error.description(), hint = error.private_hint(), "refused");
    let (title, advice) = match error.code() {
        ErrorCode::AccessDenied => (
            "Access was not given",
            "You can close this page, or go back and try again.",
        ),
        ErrorCode::TemporarilyUnavailable | ErrorCode::ServerError => (
            "Not available right now",
            "Wait a moment, then load the page again.",
        ),
        _ => (
            "This request cannot be answered",
            "Go back to the app you came from and start again. If that does not help, tell whoever makes the app.",
        ),
    };
    let page = ErrorPage {
        status: error.status(),
        title,
        what: &sentence(error.description()),
        advice,
        code: Some(error.code().as_str()),
    };
    page.render_page()
}

/// Descriptions are written for programs, in lower case and without a full stop.
fn sentence(description: &str) -> String {
    let mut letters = description.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}

/// A plain sentence for the scopes that we know.
pub(crate) fn describe(token: &str) -> String {
    match token {
        "read" => "See your data".to_owned(),
        "write" => "Change your data".to_owned(),
        "read-write" => "See and change your data".to_owned(),
        "openid" => "Know who you are here".to_owned(),
        "profile" => "See your name and the rest of your profile".to_owned(),
        "email" => "See your e-mail address".to_owned(),
        "address" => "See your postal address".to_owned(),
        "phone" => "See your phone number".to_owned(),
        "offline_access" => "Keep this access while you are away".to_owned(),
        other => format!("Use “{other}”"),
    }
}
