//! CIBA (OpenID Connect CIBA Core 1.0, poll and ping mode): `POST /oauth/bc-authorize`, and the page `/account/requests` where the
//! person answers.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use gatepass_proto::endpoint::backchannel::{self as judge, PendingRequest};
use gatepass_proto::{ClientId, Digest, ErrorCode, OAuthError};
use http::HeaderMap;

use super::sign_in::SignIn;
use crate::app::App;
use crate::browser::{self, Login};
use crate::extract::{Peer, ProtocolRequest};
use crate::pages::{RequestRow, RequestsPage};
use crate::routes::paths;
use crate::{respond, show};

pub(crate) async fn authenticate(
    State(app): State<App>,
    peer: Peer,
    request: ProtocolRequest,
) -> Response {
    if let Err(error) = request.must_be_form() {
        return respond::refusal(&error, app.issuer());
    }
    let presented = request.presented();
    let seal = |client_id: &ClientId, text: &str| app.notices().seal(client_id, text);
    let judged = app
        .judge(peer, |facts, cx| {
            judge::authenticate(&presented, &seal, facts, &app.rules(), cx)
        })
        .await;
    respond::outcome(judged.map(|answer| answer.to_json()), app.issuer())
}

/// What waits for the person, or the login.
pub(crate) async fn requests(State(app): State<App>, peer: Peer, headers: HeaderMap) -> Response {
    let login_path = login_path(&app);
    match SignIn::of_ours(&app, &login_path)
        .visited(peer, &headers)
        .await
    {
        Ok(login) => list(&app, peer, &login, None).await,
        Err(response) => response,
    }
}

/// The login page's form.
pub(crate) async fn login(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    body: Body,
) -> Response {
    SignIn::of_ours(&app, &login_path(&app))
        .log_in(peer, &headers, body, paths::REQUESTS)
        .await
}

/// An answer to one of the requests.
pub(crate) async fn decision(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let login_path = login_path(&app);
    let sign_in = SignIn::of_ours(&app, &login_path);
    let (login, form) = match sign_in.posted(peer, &headers, body).await {
        Ok(posted) => posted,
        Err(response) => return response,
    };
    let allow = match browser::decision(&form) {
        Ok(allow) => allow,
        Err(error) => return show::error(&error),
    };
    let named = form.get("request").and_then(Digest::from_base64url);
    let Some(request) = named else {
        let text = "the form names no request; go back and choose one";
        return show::error(&OAuthError::invalid_request(text));
    };
    let session = login.cookie.digest();
    let judged = app.judge(peer, |facts, cx| {
        judge::answer(request, &session, allow, facts, cx.now)
    });
    let note = match judged.await {
        Ok(client) if allow => format!("You allowed {}.", client.client_name),
        Ok(client) => format!("You denied {}.", client.client_name),
        Err(error) if error.code() == ErrorCode::InvalidGrant => {
            "That request has expired or was answered already.".to_owned()
        }
        Err(error) => return show::error(&error),
    };
    list(&app, peer, &login, Some(&note)).await
}

async fn list(app: &App, peer: Peer, login: &Login, note: Option<&str>) -> Response {
    let session = login.cookie.digest();
    let judged = app
        .judge(peer, |facts, cx| judge::pending(&session, facts, cx.now))
        .await;
    let pending = match judged {
        Ok(pending) => pending,
        Err(error) => return show::error(&error),
    };
    let rows: Vec<RequestRow> = pending.into_iter().map(|own| row(app, own)).collect();
    let page = RequestsPage {
        action: &format!("{}{}", app.path(), paths::REQUESTS),
        csrf: &app.csrf().token(login.cookie.expose()),
        username: &login.username,
        note,
        requests: &rows,
    };
    page.render_page()
}

fn row(app: &App, own: PendingRequest) -> RequestRow {
    RequestRow {
        request: own.request.to_base64url(),
        client_name: own.client.client_name.clone(),
        binding_message: own.binding_message,
        scopes: own
            .scope
            .iter()
            .map(|token| (token.to_owned(), show::describe(token)))
            .collect(),
        left: own.expires_at.since(app.clock().now()),
    }
}

fn login_path(app: &App) -> String {
    format!("{}{}", app.path(), paths::REQUESTS_LOGIN)
}
