//! The floor: a bare axum program on one thread that does only the unavoidable work. It is written to be fast, not
//! to be right in every corner: no server that keeps its promises can be much faster.

mod introspect;
mod jwt;
mod ledger;
mod request;
mod token;

use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, serve as serve_http};
use serde_json::json;
use tokio::net::TcpListener;

use self::jwt::Signer;
use self::ledger::Ledger;

const USER: &str = "ada";
const CLIENT: &str = "cl_0123456789abcdef0123456789abcdef";
const SECRET: &str = "gp_cs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What needs a token.
pub(crate) const RESOURCE: &str = "/resource";
/// What it answers.
pub(crate) const ITEM: &str = r#"{"id":"it_7f3a","name":"a thing","tags":["one","two","three"],"size":4711,"parts":[{"id":1,"ok":true},{"id":2,"ok":false}]}"#;

struct Floor {
    issuer: String,
    /// SHA-256 of the one client's secret.
    secret: [u8; 32],
    signer: Signer,
    jwks: Bytes,
    ledger: Ledger,
}

type Shared = State<Arc<Floor>>;

/// Serves until it is stopped.
pub(crate) async fn serve(database: &Path) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let issuer = format!("http://{}", listener.local_addr()?);
    let signer = Signer::new()?;
    let ready = json!({
        "issuer": issuer, "user": USER, "password": "-", "client_id": CLIENT, "client_secret": SECRET,
    });
    let floor = Arc::new(Floor {
        secret: jwt::sha256(SECRET.as_bytes()),
        jwks: signer.jwks().to_string().into(),
        ledger: Ledger::open(database).await?,
        signer,
        issuer,
    });
    let router = Router::new()
        .route("/oauth/token", post(token::token))
        .route("/oauth/introspect", post(introspect::introspect))
        .route("/jwks.json", get(jwks))
        .route(RESOURCE, get(resource))
        .with_state(floor);
    println!("{ready}");
    Ok(serve_http(listener, router).await?)
}

async fn jwks(State(floor): Shared) -> Response {
    (
        [(CONTENT_TYPE, "application/jwk-set+json")],
        floor.jwks.clone(),
    )
        .into_response()
}

/// Any bearer token will do: it is the client that is measured.
async fn resource(headers: HeaderMap) -> Result<Response, StatusCode> {
    let value = headers.get(AUTHORIZATION);
    let bearer = value.is_some_and(|value| value.as_bytes().starts_with(b"Bearer "));
    if !bearer {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(([(CONTENT_TYPE, "application/json")], ITEM).into_response())
}

fn answer(body: &impl serde::Serialize) -> Result<Response, StatusCode> {
    let body = serde_json::to_vec(body).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, body).into_response())
}
