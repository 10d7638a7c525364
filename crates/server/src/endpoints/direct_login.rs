//! Login endpoints as many APIs had them before OAuth: a name and a password in, a token out. An older habit, for
//! people who come from there; the authorization code grant is what to use instead.

use axum::extract::{Request, State};
use axum::response::Response;
use axum::{RequestExt as _, body::Body};
use gatepass_proto::decide::{Facts, Issue, Judged, Rules, opaque_token};
use gatepass_proto::grant::{Asked, Grant as _, GrantParams as _, password};
use gatepass_proto::message::challenge::Challenge;
use gatepass_proto::message::credentials::{Credentials, CredentialsError};
use gatepass_proto::message::token::TokenResponse;
use gatepass_proto::{ClientId, Cx, ErrorCode, OAuthError, Params};
use http::StatusCode;

use crate::app::App;
use crate::endpoints::token;
use crate::extract::{self, Peer, ProtocolRequest};
use crate::respond;

/// `POST /auth/token`: a form with `username` and `password`. Programs that take this address for the token endpoint
/// are served as there.
pub(crate) async fn form(state: State<App>, peer: Peer, request: ProtocolRequest) -> Response {
    if request.params.get("grant_type").is_some() {
        return token::token(state, peer, request).await;
    }
    let app = &state.0;
    if let Err(error) = request.must_be_form() {
        return respond::refusal(&error, app.issuer());
    }
    respond_to_login(app, peer, Ok(request.params.clone()), "Bearer").await
}

/// `POST /api/auth/jwt`: JSON with `username` and `password`.
pub(crate) async fn json(State(app): State<App>, peer: Peer, request: ProtocolRequest) -> Response {
    if !request.json {
        return respond::refusal(
            &OAuthError::invalid_request("the body must be application/json"),
            app.issuer(),
        );
    }
    respond_to_login(&app, peer, Ok(request.params.clone()), "Bearer").await
}

/// `POST /api/auth`: HTTP Basic; whatever the body says is not looked at.
pub(crate) async fn basic(State(app): State<App>, peer: Peer, request: Request<Body>) -> Response {
    let params = read_basic(&request.with_limited_body());
    respond_to_login(&app, peer, params, "Basic").await
}

fn read_basic(request: &Request<Body>) -> Result<Params, OAuthError> {
    let missing = || OAuthError::invalid_grant("HTTP Basic credentials are missing");
    let header = extract::authorization(request.headers())?.ok_or_else(missing)?;
    match Credentials::parse(&header) {
        Ok(Credentials::Basic { username, password }) => Ok(password::Login {
            username,
            password,
            scope: None,
        }
        .to_params()),
        // A scheme of another kind counts as none: the answer names the one that is spoken here.
        Ok(Credentials::Bearer(_)) | Err(CredentialsError::Scheme) => Err(missing()),
        Err(fault @ CredentialsError::Malformed) => {
            Err(OAuthError::invalid_request(fault.to_string()))
        }
    }
}

async fn respond_to_login(
    app: &App,
    peer: Peer,
    params: Result<Params, OAuthError>,
    scheme: &str,
) -> Response {
    match log_in(app, peer, params).await {
        Ok(answer) => {
            let mut body = answer.to_json();
            if let Some(body) = body.as_object_mut() {
                // Some of these endpoints called it `token`.
                body.insert("token".to_owned(), answer.access_token.expose().into());
            }
            respond::json(StatusCode::OK, &body)
        }
        Err(error) => {
            let wrong = error.code() == ErrorCode::InvalidGrant;
            let status = if wrong {
                StatusCode::UNAUTHORIZED
            } else {
                error.status()
            };
            let challenge = Challenge::new(scheme).with("realm", app.issuer());
            let challenge = if scheme == "Basic" {
                challenge.with("charset", "UTF-8")
            } else {
                challenge
            };
            respond::refusal_as(status, &error, wrong.then_some(&challenge))
        }
    }
}

async fn log_in(
    app: &App,
    peer: Peer,
    params: Result<Params, OAuthError>,
) -> Result<TokenResponse, OAuthError> {
    let params = params?;
    let client_id = app
        .legacy()
        .direct_login
        .as_ref()
        .ok_or_else(OAuthError::unavailable)?;
    let issue = app
        .judge(peer, |facts, cx| {
            judge(client_id, &params, facts, &app.rules(), cx)
        })
        .await?;
    token::sign(app, issue).await
}

fn judge(
    client_id: &ClientId,
    params: &Params,
    facts: &Facts,
    rules: &Rules,
    cx: &mut Cx<'_>,
) -> Judged<Issue> {
    let client = facts.client(client_id)?.ok_or_else(|| {
        OAuthError::unavailable().hint("the client of the login endpoints is gone")
    })?;
    let mut done = password::Password.decide(
        &Asked {
            client,
            params,
            rules,
            dpop_jkt: None,
            x5t_s256: None,
        },
        facts,
        cx,
    )?;
    opaque_token::settle(&mut done, client, rules, cx);
    Ok(done)
}
