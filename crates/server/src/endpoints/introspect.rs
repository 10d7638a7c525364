//! `POST /oauth/introspect` (RFC 7662), with a signed answer for whoever asks for one (RFC 9701).

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use gatepass_proto::OAuthError;
use gatepass_proto::endpoint::introspect::{Introspected, introspect as judge};
use gatepass_proto::message::introspection::{SIGNED, SignedIntrospection, TYP};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::{HeaderMap, HeaderValue};

use crate::app::App;
use crate::extract::{Peer, ProtocolRequest};
use crate::respond;

pub(crate) async fn introspect(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
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
    let signed = match judged {
        Ok(said) if wants_signature(&headers) => sign(&app, &said).await,
        judged => return respond::outcome(judged.map(|said| said.answer), app.issuer()),
    };
    signed.unwrap_or_else(|error| respond::refusal(&error, app.issuer()))
}

/// RFC 9701 §4.
fn wants_signature(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT).iter();
    let mut ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    ranges.any(|range| {
        let (name, _) = range.split_once(';').unwrap_or((range, ""));
        name.trim().eq_ignore_ascii_case(SIGNED)
    })
}

async fn sign(app: &App, said: &Introspected) -> Result<Response, OAuthError> {
    let alg = said
        .signed_by
        .ok_or_else(|| OAuthError::unavailable().hint("the client's algorithm is not served"))?;
    let claims = SignedIntrospection {
        iss: app.issuer(),
        aud: &said.caller,
        iat: app.clock().now().as_secs(),
        token_introspection: &said.answer,
    };
    let signed = app.sign(alg, TYP, &claims).await?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(SIGNED)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (PRAGMA, HeaderValue::from_static("no-cache")),
    ];
    Ok((headers, signed).into_response())
}
