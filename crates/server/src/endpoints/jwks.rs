//! `GET /jwks.json` (RFC 7517 §5).

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::app::App;
use crate::keys::JWKS_MAX_AGE;

pub(crate) async fn jwks(State(app): State<App>) -> Response {
    let (live, cached) = match app.published().await {
        Some(live) => (live, format!("public, max-age={}", JWKS_MAX_AGE.as_secs())),
        // Some keys are better than none, but nobody shall believe that these are all.
        None => (app.live(), "no-store".to_owned()),
    };
    let headers = [
        (CONTENT_TYPE, "application/jwk-set+json".to_owned()),
        (CACHE_CONTROL, cached),
    ];
    (headers, live.jwks.clone()).into_response()
}
