//! `POST /oauth/register` (RFC 7591 §3), and `GET`, `PUT` and `DELETE /oauth/register/CLIENT_ID` (RFC 7592 §2).

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use gatepass_proto::endpoint::register as judge;
use gatepass_proto::message::challenge::Challenge;
use gatepass_proto::message::credentials::Credentials;
use gatepass_proto::message::registration::{ClientInformation, read_request};
use gatepass_proto::{ClientId, ErrorCode, OAuthError, Secret};
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use crate::app::App;
use crate::extract::{self, Peer};
use crate::{respond, throttle};

pub(crate) async fn register(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let outcome = add(&app, peer, &headers, body).await;
    answer(&app, StatusCode::CREATED, outcome)
}

pub(crate) async fn read(
    State(app): State<App>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let outcome = async {
        let (client_id, token) = (ClientId::new(client_id), bearer(&headers)?);
        app.judge_alone(|facts, _| judge::read(&client_id, token.as_ref(), app.terms(), facts))
            .await
    };
    answer(&app, StatusCode::OK, outcome.await)
}

pub(crate) async fn update(
    State(app): State<App>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let outcome = async {
        let (client_id, token) = (ClientId::new(client_id), bearer(&headers)?);
        let said = document(&headers, body).await?;
        let (token, terms) = (token.as_ref(), app.terms());
        app.judge_alone(|facts, cx| judge::update(&client_id, token, &said, terms, facts, cx))
            .await
    };
    answer(&app, StatusCode::OK, outcome.await)
}

pub(crate) async fn delete(
    State(app): State<App>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let outcome = async {
        let (client_id, token) = (ClientId::new(client_id), bearer(&headers)?);
        app.judge_alone(|facts, cx| judge::delete(&client_id, token.as_ref(), facts, cx))
            .await
    };
    match outcome.await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refusal(&app, &error),
    }
}

async fn add(
    app: &App,
    peer: Peer,
    headers: &HeaderMap,
    body: Body,
) -> Result<ClientInformation, OAuthError> {
    let token = bearer(headers)?;
    let said = document(headers, body).await?;
    throttle::registration(app, peer.0.ip()).await?;
    let (token, terms) = (token.as_ref(), app.terms());
    app.judge_alone(|facts, cx| judge::register(&said, token, terms, facts, cx))
        .await
}

/// The token that was sent as `Bearer`; any other scheme is none.
fn bearer(headers: &HeaderMap) -> Result<Option<Secret>, OAuthError> {
    let header = extract::authorization(headers)?;
    Ok(header.and_then(|header| match Credentials::parse(&header) {
        Ok(Credentials::Bearer(token)) => Some(token),
        _ => None,
    }))
}

async fn document(headers: &HeaderMap, body: Body) -> Result<Map<String, Value>, OAuthError> {
    let media_type = extract::media_type(headers)?;
    let body = extract::body_bytes(body).await?;
    if media_type.as_deref() != Some("application/json") {
        let text = "the body must be application/json";
        return Err(OAuthError::invalid_request(text));
    }
    read_request(&body).map_err(|fault| OAuthError::new(ErrorCode::InvalidClientMetadata, fault))
}

fn answer(
    app: &App,
    status: StatusCode,
    outcome: Result<ClientInformation, OAuthError>,
) -> Response {
    match outcome {
        Ok(information) => {
            app.will_sign(&information.metadata);
            respond::json(status, &information.expose_json())
        }
        Err(error) => refusal(app, &error),
    }
}

fn refusal(app: &App, error: &OAuthError) -> Response {
    let challenge = Challenge::new("Bearer")
        .with("realm", app.issuer())
        .with("error", error.code().as_str());
    let challenge = (error.code() == ErrorCode::InvalidToken).then_some(&challenge);
    respond::refusal_as(error.status(), error, challenge)
}
