//! `GET` and `POST /oauth/authorize` (RFC 6749 §3.1): the request is judged, then put before whoever sits at the browser.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use gatepass_proto::endpoint::authorize::{
    Authorization, Authorize, Fetched, Next, ReturnTo, authorize as judge, keep as judge_keep,
    next as judge_next,
};
use gatepass_proto::{OAuthError, Params};
use http::HeaderMap;

use crate::app::App;
use crate::browser::{self, Login, Visitor};
use crate::endpoints::{answer, consent};
use crate::extract::{self, Peer};
use crate::routes::paths;
use crate::{answered, show};

/// The longest request that a form may hold, in bytes; it becomes a query, which has to fit into a header.
const MAX_POSTED: usize = 16 * 1024;

pub(crate) async fn authorize(
    State(app): State<App>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let authorization = match request(&app, peer, &query).await {
        Ok(authorization) => authorization,
        Err(response) => return response,
    };
    let visitor = match browser::visitor(&app, peer, &headers).await {
        Ok(visitor) => visitor,
        Err(error) => return show::error(&error),
    };
    let next = next(&app, peer, &authorization, &visitor, &query).await;
    match (next, &visitor) {
        (Ok(Next::Ask), Visitor::Known(login)) => {
            show::consent(&app, &authorization, login, &query)
        }
        (Ok(Next::Give), Visitor::Known(login)) => {
            consent::allow(&app, peer, &authorization, login).await
        }
        (Ok(Next::Back(error)), _) => back(&app, &authorization.return_to, &error).await,
        (Ok(_), _) => {
            let hint = authorization.authentication.login_hint.as_deref();
            let name = hint.unwrap_or_default();
            let query = answered::bare(&query);
            show::login(&app, &authorization, visitor.cookie(), query, name, None)
        }
        (Err(error), _) => show::error(&error),
    }
}

/// A request that comes as a form (OpenID Connect Core 1.0 §3.1.2.1). It goes on as a query, for a form from another site
/// comes without the session's cookie, and what it leads to comes with it.
pub(crate) async fn posted(State(app): State<App>, headers: HeaderMap, body: Body) -> Response {
    match form(&headers, body).await {
        Ok(query) => browser::see_other(&format!("{}{}?{query}", app.path(), paths::AUTHORIZE)),
        Err(error) => show::error(&error),
    }
}

async fn form(headers: &HeaderMap, body: Body) -> Result<String, OAuthError> {
    if extract::media_type(headers)?.as_deref() != Some("application/x-www-form-urlencoded") {
        let text = "the body must be application/x-www-form-urlencoded";
        return Err(OAuthError::invalid_request(text));
    }
    let params = Params::parse_form(&extract::body_bytes(body).await?)
        .map_err(|fault| OAuthError::invalid_request(fault.to_string()))?;
    let query = params.to_form();
    if query.len() > MAX_POSTED {
        return Err(OAuthError::too_large());
    }
    Ok(query)
}

/// What comes next for this visitor.
pub(crate) async fn next(
    app: &App,
    peer: Peer,
    authorization: &Authorization,
    visitor: &Visitor,
    query: &str,
) -> Result<Next, OAuthError> {
    let (login, answered) = match visitor {
        Visitor::Stranger(_) => (None, false),
        Visitor::Known(login) => (Some(login.told()), is_answer(app, login, query)),
    };
    app.judge(peer, |facts, cx| {
        judge_next(
            authorization,
            login.as_ref(),
            answered,
            facts,
            &app.rules(),
            cx.now,
        )
    })
    .await
}

fn is_answer(app: &App, login: &Login, query: &str) -> bool {
    answered::is_marked(app, &login.cookie, login.auth_time, query)
}

/// The request in `query`, or the answer that it gets instead of a page. Every step of the way judges it anew, for
/// between the steps it is in the browser's hands.
pub(crate) async fn request(
    app: &App,
    peer: Peer,
    query: &str,
) -> Result<Box<Authorization>, Response> {
    let params = Params::parse_form(query.as_bytes())
        .map_err(|fault| show::error(&OAuthError::invalid_request(fault.to_string())))?;
    let judged = app
        .judge(peer, |facts, cx| {
            judge(&params, facts, &app.rules(), cx.now)
        })
        .await;
    match judged.map_err(|error| show::error(&error))? {
        Authorize::Ask(authorization) => Ok(authorization),
        Authorize::Keep(fetched) => Err(keep(app, peer, &fetched).await),
        Authorize::Back(return_to, error) => Err(back(app, &return_to, &error).await),
    }
}

/// Keeps a request that lay elsewhere, and has the browser come again for what is kept.
async fn keep(app: &App, peer: Peer, fetched: &Fetched) -> Response {
    let kept = app.judge(peer, |_, cx| judge_keep(fetched, &app.rules(), cx));
    match kept.await {
        Ok(params) => {
            let path = format!("{}{}", app.path(), paths::AUTHORIZE);
            browser::see_other(&params.append_to(&path))
        }
        Err(error) => show::error(&error),
    }
}

/// Sends the browser back with a refusal; where there is nowhere to go, a page says it.
pub(crate) async fn back(app: &App, return_to: &ReturnTo, error: &OAuthError) -> Response {
    tracing::info!(code = %error.code(), description = error.description(), "refused");
    if return_to.is_out_of_band() {
        return show::error(error);
    }
    answer::send(app, return_to, Err(error)).await
}
