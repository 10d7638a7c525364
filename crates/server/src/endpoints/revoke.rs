//! `POST /oauth/revoke` (RFC 7009).

use axum::extract::State;
use axum::response::Response;
use gatepass_proto::endpoint::revoke::revoke as judge;
use serde_json::json;

use crate::app::App;
use crate::extract::{Peer, ProtocolRequest};
use crate::respond;

pub(crate) async fn revoke(
    State(app): State<App>,
    peer: Peer,
    request: ProtocolRequest,
) -> Response {
    if let Err(error) = request.must_be_form() {
        return respond::refusal(&error, app.issuer());
    }
    let presented = request.presented();
    let judged = app
        .judge(peer, |facts, cx| {
            judge(&presented, facts, &app.rules(), cx.now)
        })
        .await;
    respond::outcome(judged.map(|()| json!({})), app.issuer())
}
