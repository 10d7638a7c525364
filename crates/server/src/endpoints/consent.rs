//! `POST /oauth/consent`: the consent page's form.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use gatepass_proto::endpoint::authorize::{Authorization, consent as judge};
use gatepass_proto::{ErrorCode, OAuthError, Secret};
use http::HeaderMap;

use crate::app::App;
use crate::browser::{self, Login, Visitor};
use crate::endpoints::authorize::{back, request};
use crate::extract::Peer;
use crate::pages::LoginProblem;
use crate::show;

pub(crate) async fn consent(
    State(app): State<App>,
    peer: Peer,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let query = query.unwrap_or_default();
    let authorization = match request(&app, peer, &query).await {
        Ok(authorization) => authorization,
        Err(response) => return response,
    };
    let form = match browser::form(&app, &headers, body).await {
        Ok((_, form)) => form,
        Err(error) => return show::error(&error),
    };
    let login = match browser::visitor(&app, peer, &headers).await {
        Ok(Visitor::Known(login)) => login,
        // The session ended while the page was open.
        Ok(Visitor::Stranger(cookie)) => {
            return show::login(
                &app,
                &authorization,
                &cookie,
                &query,
                "",
                Some(LoginProblem::Stale),
            );
        }
        Err(error) => return show::error(&error),
    };
    match form.get("decision") {
        Some("allow") => match allow(&app, peer, &authorization, &login).await {
            Ok(code) => give(&app, &authorization, code),
            Err(error) => show::error(&error),
        },
        Some("deny") => {
            let error = OAuthError::new(ErrorCode::AccessDenied, "the user denied the request");
            back(&authorization.return_to, &error)
        }
        _ => show::error(&OAuthError::invalid_request(
            "the form has no decision; go back and choose one",
        )),
    }
}

async fn allow(
    app: &App,
    peer: Peer,
    authorization: &Authorization,
    login: &Login,
) -> Result<Secret, OAuthError> {
    app.judge(peer, |_, cx| {
        Ok(judge(
            authorization,
            &login.user_id,
            login.auth_time,
            app.rules(),
            cx,
        ))
    })
    .await
}

fn give(app: &App, authorization: &Authorization, code: Secret) -> Response {
    if authorization.return_to.is_out_of_band() {
        return show::out_of_band(app, authorization, &code);
    }
    browser::see_other(&authorization.return_to.url(Ok(code)))
}
