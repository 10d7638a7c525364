//! `POST /oauth/consent`: the consent page's form.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use gatepass_proto::endpoint::authorize::{Authorization, Next, consent as judge};
use gatepass_proto::{ErrorCode, OAuthError, Secret};
use http::HeaderMap;

use crate::app::App;
use crate::browser::{self, Login, Visitor};
use crate::endpoints::answer;
use crate::endpoints::authorize::{back, next, request};
use crate::extract::Peer;
use crate::pages::LoginProblem;
use crate::{answered, show};

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
    let visitor = match browser::visitor(&app, peer, &headers).await {
        Ok(visitor) => visitor,
        Err(error) => return show::error(&error),
    };
    let next = next(&app, peer, &authorization, &visitor, &query).await;
    let login = match (next, &visitor) {
        (Ok(Next::Ask | Next::Give), Visitor::Known(login)) => login,
        (Ok(Next::Back(error)), _) => return back(&app, &authorization.return_to, &error).await,
        (Err(error), _) => return show::error(&error),
        // The session ended, or grew too old, while the page was open.
        (Ok(_), _) => {
            return show::login(
                &app,
                &authorization,
                visitor.cookie(),
                answered::bare(&query),
                "",
                Some(LoginProblem::Stale),
            );
        }
    };
    match browser::decision(&form) {
        Ok(true) => allow(&app, peer, &authorization, login).await,
        Ok(false) => {
            let error = OAuthError::new(ErrorCode::AccessDenied, "the user denied the request");
            back(&app, &authorization.return_to, &error).await
        }
        Err(error) => show::error(&error),
    }
}

/// The code, on its way to the client.
pub(crate) async fn allow(
    app: &App,
    peer: Peer,
    authorization: &Authorization,
    login: &Login,
) -> Response {
    let login = login.told();
    let code = app
        .judge(peer, |facts, cx| {
            judge(authorization, &login, facts, &app.rules(), cx)
        })
        .await;
    match code {
        Ok(code) => give(app, authorization, code).await,
        Err(error) => show::error(&error),
    }
}

async fn give(app: &App, authorization: &Authorization, code: Secret) -> Response {
    if authorization.return_to.is_out_of_band() {
        return show::out_of_band(app, authorization, &code);
    }
    answer::send(app, &authorization.return_to, Ok(code)).await
}
