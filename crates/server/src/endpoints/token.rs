//! `POST /oauth/token` (RFC 6749 §3.2).

use axum::extract::State;
use axum::response::Response;
use gatepass_proto::decide::Issue;
use gatepass_proto::endpoint::token::{TokenRequest, token as judge};
use gatepass_proto::message::token::TokenResponse;
use gatepass_proto::{OAuthError, Secret};

use crate::app::App;
use crate::extract::{Peer, ProtocolRequest};
use crate::respond;

/// Parse, judge, commit, sign, respond.
pub(crate) async fn token(
    State(app): State<App>,
    peer: Peer,
    request: ProtocolRequest,
) -> Response {
    let answer = answer(&app, peer, &request).await;
    respond::outcome(
        answer
            .as_ref()
            .map(TokenResponse::to_body)
            .map_err(OAuthError::clone),
        app.issuer(),
    )
}

async fn answer(
    app: &App,
    peer: Peer,
    request: &ProtocolRequest,
) -> Result<TokenResponse, OAuthError> {
    let asked = TokenRequest {
        presented: request.presented(),
        json: request.json,
    };
    let issue = app
        .judge(peer, |facts, cx| judge(&asked, facts, app.rules(), cx))
        .await?;
    sign(app, issue)
}

/// The answer for what was decided and is durable by now.
pub(crate) fn sign(app: &App, issue: Issue) -> Result<TokenResponse, OAuthError> {
    let claims = issue.access_token;
    let access_token = Secret::new(app.sign_access_token(&claims)?);
    Ok(TokenResponse {
        expires_in: Some(claims.exp.saturating_sub(claims.iat)),
        refresh_token: issue.refresh_token,
        scope: Some(claims.scope),
        ..TokenResponse::bearer(access_token)
    })
}
