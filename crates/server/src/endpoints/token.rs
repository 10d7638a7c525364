//! `POST /oauth/token` (RFC 6749 §3.2).

use axum::extract::State;
use axum::response::Response;
use gatepass_proto::decide::Issue;
use gatepass_proto::endpoint::token::{TokenRequest, token as judge};
use gatepass_proto::id_token::{self, IdToken};
use gatepass_proto::message::token::TokenResponse;
use gatepass_proto::{ErrorCode, OAuthError, Secret};
use http::StatusCode;

use crate::app::App;
use crate::dpop;
use crate::extract::{Peer, ProtocolRequest};
use crate::respond;
use crate::routes::paths;

/// Parse, judge, commit, sign, respond.
pub(crate) async fn token(
    State(app): State<App>,
    peer: Peer,
    request: ProtocolRequest,
) -> Response {
    let answer = answer(&app, peer, &request).await;
    let answer = match &answer {
        // A person's no is a refusal like any other here (RFC 6749 §5.2, RFC 8628 §3.5).
        Err(error) if error.code() == ErrorCode::AccessDenied => {
            respond::refusal_as(StatusCode::BAD_REQUEST, error, None)
        }
        _ => respond::outcome(
            answer
                .as_ref()
                .map(TokenResponse::to_body)
                .map_err(OAuthError::clone),
            app.issuer(),
        ),
    };
    dpop::with_nonce(&app, &request, answer)
}

async fn answer(
    app: &App,
    peer: Peer,
    request: &ProtocolRequest,
) -> Result<TokenResponse, OAuthError> {
    let asked = TokenRequest {
        presented: request.presented(),
        json: request.json,
        dpop: dpop::proof(app, request, paths::TOKEN)?,
    };
    let issue = app
        .judge(peer, |facts, cx| judge(&asked, facts, &app.rules(), cx))
        .await?;
    sign(app, issue).await
}

/// The answer for what was decided and is durable by now.
pub(crate) async fn sign(app: &App, issue: Issue) -> Result<TokenResponse, OAuthError> {
    let claims = issue.access_token;
    let access_token = match issue.opaque {
        Some(opaque) => opaque,
        None => Secret::new(app.sign_access_token(&claims).await?),
    };
    let id_token = match issue.id_token {
        Some(id_token) => Some(sign_id_token(app, id_token, &access_token).await?),
        None => None,
    };
    Ok(TokenResponse {
        id_token,
        token_type: claims.token_type().to_owned(),
        expires_in: Some(claims.exp.saturating_sub(claims.iat)),
        refresh_token: issue.refresh_token,
        issued_token_type: issue.issued_token_type.map(str::to_owned),
        scope: Some(claims.scope),
        authorization_details: claims.authorization_details,
        ..TokenResponse::bearer(access_token)
    })
}

async fn sign_id_token(
    app: &App,
    id_token: IdToken,
    access_token: &Secret,
) -> Result<Secret, OAuthError> {
    let alg = id_token.alg;
    let signed = app
        .sign(alg, id_token::TYP, &id_token.beside(access_token))
        .await?;
    Ok(Secret::new(signed))
}
