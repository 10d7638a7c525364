//! Device authorization (RFC 8628): `POST /oauth/device_authorization`, and the page `/device` where a person types the
//! code, confirms it, logs in and consents.
//!
//! Between the steps everything is in the browser's hands. That a code was typed into this very browser, and not brought
//! along by a link, is proven by a mark: a MAC over the cookie and the code.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use gatepass_proto::decide::policy::lasts;
use gatepass_proto::endpoint::device::{self as judge, DeviceRequest, UserCode};
use gatepass_proto::{ErrorCode, OAuthError, Params, Secret};
use http::HeaderMap;
use http::header::SET_COOKIE;
use url::Url;

use super::sign_in::SignIn;
use crate::app::App;
use crate::browser::{self, Visitor};
use crate::extract::{Peer, ProtocolRequest};
use crate::judge::unavailable;
use crate::pages::{CodeProblem, DeviceCodePage, DeviceConsentPage, DeviceDonePage};
use crate::routes::paths;
use crate::{respond, show, throttle};

pub(crate) async fn authorize(
    State(app): State<App>,
    peer: Peer,
    request: ProtocolRequest,
) -> Response {
    let answer = begin(&app, peer, &request).await;
    respond::outcome(answer, app.issuer())
}

async fn begin(
    app: &App,
    peer: Peer,
    request: &ProtocolRequest,
) -> Result<serde_json::Value, OAuthError> {
    request.must_be_form()?;
    let page = Url::parse(&format!("{}{}", app.issuer(), paths::DEVICE));
    let page = page.map_err(|_| OAuthError::unavailable().hint("the issuer is no URL"))?;
    let presented = request.presented();
    let judged = app.judge(peer, |facts, cx| {
        judge::authorize(&presented, &page, facts, &app.rules(), cx)
    });
    judged.await.map(|answer| answer.to_json())
}

/// The first page, and after the code was confirmed the login or the consent.
pub(crate) async fn page(
    State(app): State<App>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = match read(query.as_deref()) {
        Ok(query) => query,
        Err(error) => return show::error(&error),
    };
    let visitor = match browser::visitor(&app, peer, &headers).await {
        Ok(visitor) => visitor,
        Err(error) => return show::error(&error),
    };
    let typed = query.get("user_code").unwrap_or_default();
    let Some(confirmed) = Confirmed::read(&app, visitor.cookie(), &query) else {
        return code_page(&app, visitor.cookie(), typed, None);
    };
    let request = match waiting(&app, peer, &confirmed.code).await {
        Ok(Some(request)) => request,
        Ok(None) => return code_page(&app, visitor.cookie(), typed, Some(CodeProblem::Unknown)),
        Err(error) => return show::error(&error),
    };
    match visitor {
        Visitor::Known(login) => {
            consent_page(&app, &request, &confirmed, &login.cookie, &login.username)
        }
        Visitor::Stranger(cookie) => {
            let action = confirmed.path(&app, paths::DEVICE_LOGIN);
            sign_in(&app, &action, Some(&request)).page(&cookie, "", None)
        }
    }
}

/// The form with the code.
pub(crate) async fn code(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (cookie, form) = match browser::form(&app, &headers, body).await {
        Ok(form) => form,
        Err(error) => return show::error(&error),
    };
    let typed = form.get("user_code").unwrap_or_default();
    match confirm(&app, peer, &cookie, typed).await {
        Ok(Some(confirmed)) => browser::see_other(&confirmed.path(&app, paths::DEVICE)),
        Ok(None) => code_page(&app, &cookie, typed, Some(CodeProblem::Unknown)),
        Err(error) => match error.retry_after() {
            Some(retry_after) => {
                let problem = CodeProblem::Throttled { retry_after };
                code_page(&app, &cookie, typed, Some(problem))
            }
            None => show::error(&error),
        },
    }
}

/// Charges the guess, looks, and forgives it if it was none (RFC 8628 §5.1).
async fn confirm(
    app: &App,
    peer: Peer,
    cookie: &Secret,
    typed: &str,
) -> Result<Option<Confirmed>, OAuthError> {
    let charges = throttle::user_code_charges(&cookie.digest(), peer.0.ip());
    let charged = app.store().charge(&charges, app.clock().now()).await;
    if let Err(throttled) = charged.map_err(|error| unavailable(&error))? {
        return Err(OAuthError::throttled(throttled.retry_after));
    }
    let Some(code) = UserCode::read(typed) else {
        return Ok(None);
    };
    if waiting(app, peer, &code).await?.is_none() {
        return Ok(None);
    }
    let forgiven = app.store().forgive(&charges).await;
    forgiven.map_err(|error| unavailable(&error))?;
    Ok(Some(Confirmed::new(app, cookie, code)))
}

/// The login page's form.
pub(crate) async fn login(
    State(app): State<App>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let refused = |error| show::error(&error);
    let submitted = confirmed_form(&app, query.as_deref(), &headers, body).await;
    let (cookie, form, confirmed) = submitted.map_err(refused)?;
    let request = waiting(&app, peer, &confirmed.code)
        .await
        .map_err(refused)?;
    let action = confirmed.path(&app, paths::DEVICE_LOGIN);
    let page = sign_in(&app, &action, request.as_ref());
    // The session has another cookie, and so the mark is another.
    let next = |session: &Secret| {
        Confirmed::new(&app, session, confirmed.code.clone()).path(&app, paths::DEVICE)
    };
    Ok(page.submitted(peer, &headers, &cookie, &form, next).await)
}

/// The consent page's form.
pub(crate) async fn decision(
    State(app): State<App>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Response> {
    let refused = |error| show::error(&error);
    let submitted = confirmed_form(&app, query.as_deref(), &headers, body).await;
    let (cookie, form, confirmed) = submitted.map_err(refused)?;
    let allow = browser::decision(&form).map_err(refused)?;
    let session = cookie.digest();
    let judged = app.judge(peer, |facts, cx| {
        judge::answer(&confirmed.code, &session, allow, facts, cx.now)
    });
    Ok(match judged.await {
        Ok(client) => DeviceDonePage {
            client_name: &client.client_name,
            allowed: allow,
        }
        .render_page(),
        Err(error) if error.code() == ErrorCode::InvalidGrant => {
            code_page(&app, &cookie, "", Some(CodeProblem::Unknown))
        }
        Err(error) => show::error(&error),
    })
}

/// A code that was confirmed in this browser.
struct Confirmed {
    code: UserCode,
    mark: String,
}

impl Confirmed {
    fn new(app: &App, cookie: &Secret, code: UserCode) -> Self {
        let mark = app.csrf().token(&marked(cookie, &code));
        Self { code, mark }
    }

    /// The code and mark of `query`, if the mark is that of this browser and code.
    fn read(app: &App, cookie: &Secret, query: &Params) -> Option<Self> {
        let code = UserCode::read(query.get("user_code")?)?;
        let mark = query.get("mark")?;
        app.csrf()
            .check(&marked(cookie, &code), mark)
            .then(|| Self {
                code,
                mark: mark.to_owned(),
            })
    }

    /// A path of ours with both in its query.
    fn path(&self, app: &App, path: &str) -> String {
        format!(
            "{}{path}?user_code={}&mark={}",
            app.path(),
            self.code,
            self.mark
        )
    }
}

/// Cookies have no spaces, so this is nobody's cookie and no form's token.
fn marked(cookie: &Secret, code: &UserCode) -> String {
    format!("{} {code}", cookie.expose())
}

fn read(query: Option<&str>) -> Result<Params, OAuthError> {
    Params::parse_form(query.unwrap_or_default().as_bytes())
        .map_err(|fault| OAuthError::invalid_request(fault.to_string()))
}

async fn confirmed_form(
    app: &App,
    query: Option<&str>,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Secret, Params, Confirmed), OAuthError> {
    let query = read(query)?;
    let (cookie, form) = browser::form(app, headers, body).await?;
    let confirmed = Confirmed::read(app, &cookie, &query).ok_or_else(|| {
        let text = "this code was not confirmed here; open the page again and type it";
        OAuthError::new(ErrorCode::AccessDenied, text)
    })?;
    Ok((cookie, form, confirmed))
}

async fn waiting(
    app: &App,
    peer: Peer,
    code: &UserCode,
) -> Result<Option<DeviceRequest>, OAuthError> {
    app.judge(peer, |facts, cx| judge::request(code, facts, cx.now))
        .await
}

fn sign_in<'a>(app: &'a App, action: &'a str, request: Option<&'a DeviceRequest>) -> SignIn<'a> {
    SignIn {
        app,
        action,
        client_name: request.map(|request| request.client.client_name.as_str()),
    }
}

fn code_page(app: &App, cookie: &Secret, typed: &str, problem: Option<CodeProblem>) -> Response {
    let page = DeviceCodePage {
        action: &format!("{}{}", app.path(), paths::DEVICE),
        csrf: &app.csrf().token(cookie.expose()),
        // A code is shown as a code, whatever a link made of it.
        user_code: &UserCode::read(typed).map_or_else(|| typed.to_owned(), |code| code.to_string()),
        problem,
    };
    let mut response = page.render_page();
    let cookie = app.cookie().set(cookie);
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

fn consent_page(
    app: &App,
    request: &DeviceRequest,
    confirmed: &Confirmed,
    cookie: &Secret,
    username: &str,
) -> Response {
    let scopes: Vec<(String, String)> = request
        .scope
        .iter()
        .map(|token| (token.to_owned(), show::describe(token)))
        .collect();
    let page = DeviceConsentPage {
        action: &confirmed.path(app, paths::DEVICE_DECISION),
        csrf: &app.csrf().token(cookie.expose()),
        client_name: &request.client.client_name,
        user_code: &confirmed.code.to_string(),
        username,
        lasts: lasts(&request.client, &request.scope, &app.rules()),
        scopes: &scopes,
    };
    page.render_page()
}
