//! The gate's own places, below `/.gatepass` and where RFC 9728 has the resource's metadata.

use axum::body::Body;
use http::header::{ALLOW, CACHE_CONTROL};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde_json::json;

use super::Parts;
use super::answers::{answer, refuse};
use crate::forward_auth;
use crate::outcome::Outcome;
use crate::upstream::Client;

/// What stands before the path of each of them.
const PREFIX: &str = "/.gatepass";
/// For how long others may go by the keys, in the words of RFC 9111. A new key is found by its id.
const KEYS_KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Whether nothing below this path goes to the API.
pub(super) fn is_own(path: &str) -> bool {
    path.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Parts {
    /// Answers at one of these places.
    pub(super) async fn at_own_place(
        &self,
        request: Request<Body>,
        client: &Client,
    ) -> Response<Body> {
        let path = request.uri().path();
        let place = path.strip_prefix(PREFIX).unwrap_or_default();
        if let Some(asked) = forward_auth::Question::at(place, &self.config.forward_auth) {
            let (parts, _) = request.into_parts();
            return self.forward_auth(&asked, &parts, client).await;
        }
        if let Some(login) = self.login.as_deref().filter(|login| login.handles(path)) {
            return Outcome::Own.mark_unmarked(login.answer(request).await);
        }
        match place {
            "/health" | "/jwks.json" if !reads(request.method()) => {
                let mut refusal = refuse(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "invalid_request",
                    "expected GET",
                );
                let reading = HeaderValue::from_static("GET, HEAD");
                refusal.headers_mut().insert(ALLOW, reading);
                refusal
            }
            "/health" => Outcome::Own.mark(answer(StatusCode::OK, &json!({ "status": "ok" }))),
            "/jwks.json" => {
                let mut keys = answer(StatusCode::OK, &self.introduction.keys());
                keys.headers_mut().insert(CACHE_CONTROL, KEYS_KEPT);
                Outcome::Own.mark(keys)
            }
            _ => refuse(StatusCode::NOT_FOUND, "not_found", "there is nothing here"),
        }
    }
}

fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}
