//! `POST /oauth/par` (RFC 9126).

use axum::extract::State;
use axum::response::Response;
use gatepass_proto::OAuthError;
use gatepass_proto::endpoint::par::par as judge;
use gatepass_proto::message::par::ParResponse;
use http::StatusCode;

use crate::app::App;
use crate::extract::{Peer, ProtocolRequest};
use crate::routes::paths;
use crate::{dpop, respond};

pub(crate) async fn par(State(app): State<App>, peer: Peer, request: ProtocolRequest) -> Response {
    if let Err(error) = request.must_be_form() {
        return respond::refusal(&error, app.issuer());
    }
    let answer = match answer(&app, peer, &request).await {
        Ok(answer) => respond::json(StatusCode::CREATED, &answer.to_json()),
        Err(error) => respond::refusal(&error, app.issuer()),
    };
    dpop::with_nonce(&app, &request, answer)
}

async fn answer(
    app: &App,
    peer: Peer,
    request: &ProtocolRequest,
) -> Result<ParResponse, OAuthError> {
    let presented = request.presented();
    let proof = dpop::proof(app, request, paths::PAR)?;
    app.judge(peer, |facts, cx| {
        judge(&presented, proof.as_ref(), facts, &app.rules(), cx)
    })
    .await
}
