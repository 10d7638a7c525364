//! `GET /oauth/authorize` (RFC 6749 §3.1): the request is judged, then put before whoever sits at the browser.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use gatepass_proto::endpoint::authorize::{Authorization, Authorize, ReturnTo, authorize as judge};
use gatepass_proto::{OAuthError, Params};
use http::HeaderMap;

use crate::app::App;
use crate::browser::{self, Visitor};
use crate::extract::Peer;
use crate::show;

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
    match browser::visitor(&app, peer, &headers).await {
        Ok(Visitor::Known(login)) => show::consent(&app, &authorization, &login, &query),
        Ok(Visitor::Stranger(cookie)) => {
            show::login(&app, &authorization, &cookie, &query, "", None)
        }
        Err(error) => show::error(&error),
    }
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
        .judge(peer, |facts, _| judge(&params, facts, app.rules()))
        .await;
    match judged.map_err(|error| show::error(&error))? {
        Authorize::Ask(authorization) => Ok(authorization),
        Authorize::Back(return_to, error) => Err(back(&return_to, &error)),
    }
}

/// Sends the browser back with a refusal; where there is nowhere to go, a page says it.
pub(crate) fn back(return_to: &ReturnTo, error: &OAuthError) -> Response {
    tracing::info!(code = %error.code(), description = error.description(), "refused");
    if return_to.is_out_of_band() {
        return show::error(error);
    }
    browser::see_other(&return_to.url(Err(error)))
}
