use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::jwt::{self, Claims};
use super::{CLIENT, Shared, USER, answer, request};

const TTL: u64 = 600;

/// Parse, compare the secret's SHA-256, sign, reply. A user's token is there to have one to introspect.
pub(super) async fn token(
    State(floor): Shared,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, StatusCode> {
    request::authenticate(&floor, &headers)?;
    let (sub, grant_id) = match &*request::param(&body, "grant_type")? {
        "client_credentials" => (CLIENT, None),
        "password" => (USER, Some(floor.ledger.grant().await?)),
        _ => return Err(StatusCode::BAD_REQUEST),
    };
    let now = jwt::now();
    let claims = Claims {
        iss: floor.issuer.clone(),
        sub: sub.to_owned(),
        aud: floor.issuer.clone() + "/api",
        client_id: CLIENT.to_owned(),
        scope: "read write".to_owned(),
        iat: now,
        exp: now + TTL,
        jti: jwt::random_text().ok_or(StatusCode::SERVICE_UNAVAILABLE)?,
        grant_id,
    };
    let token = floor
        .signer
        .sign(&claims)
        .ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
    answer(&json!({
        "access_token": token, "token_type": "Bearer", "expires_in": TTL, "scope": claims.scope,
    }))
}
