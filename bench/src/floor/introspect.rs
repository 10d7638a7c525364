use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use super::jwt::Claims;
use super::{Shared, answer, request};

#[derive(Serialize)]
struct Active {
    active: bool,
    token_type: &'static str,
    #[serde(flatten)]
    claims: Claims,
}

/// Parse, compare the secret's SHA-256, verify, look up, reply.
pub(super) async fn introspect(
    State(floor): Shared,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, StatusCode> {
    request::authenticate(&floor, &headers)?;
    let token = request::param(&body, "token")?;
    let Some(claims) = floor.signer.verify(&token) else {
        return answer(&json!({ "active": false }));
    };
    if !floor
        .ledger
        .is_live(&claims.jti, claims.grant_id.as_deref())
        .await?
    {
        return answer(&json!({ "active": false }));
    }
    answer(&Active {
        active: true,
        token_type: "Bearer",
        claims,
    })
}
