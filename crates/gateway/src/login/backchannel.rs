//! Logout at the provider, told to us without the browser (OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8).

use axum::body::Body;
use gatepass_proto::Params;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::json;

use super::BrowserLogin;
use super::ended::Heard;
use super::provider::Doubt;

/// The largest body, in bytes; a logout token is much shorter.
const MAX_BODY: usize = 64 * 1024;

/// Why a logout is not taken.
enum Refused {
    /// It never will be.
    Invalid(String),
    /// It may be the next time.
    Unavailable,
}

impl BrowserLogin {
    /// Takes a logout token. Once it is answered with 200, what it says counts, and will after a restart.
    pub(super) async fn hear_of_logout(&self, request: Request<Body>) -> Response<Body> {
        match self.take(request).await {
            Ok(()) => answer(StatusCode::OK, Body::empty()),
            Err(Refused::Invalid(reason)) => {
                tracing::warn!(reason, "a logout token was refused");
                let body = json!({ "error": "invalid_request", "error_description": reason });
                answer(StatusCode::BAD_REQUEST, Body::from(body.to_string()))
            }
            Err(Refused::Unavailable) => {
                let text = "the logout cannot be checked or written down just now; send it again";
                let body = json!({ "error": "temporarily_unavailable", "error_description": text });
                answer(
                    StatusCode::SERVICE_UNAVAILABLE,
                    Body::from(body.to_string()),
                )
            }
        }
    }

    async fn take(&self, request: Request<Body>) -> Result<(), Refused> {
        let form = read(request).await?;
        let given = form
            .get("logout_token")
            .ok_or_else(|| invalid("expected the parameter logout_token"))?;
        let token = match self.provider.check_logout(given).await {
            Ok(token) => token,
            Err(Doubt::Refused(fault)) => return Err(Refused::Invalid(fault.to_string())),
            Err(Doubt::Provider(error)) => {
                tracing::error!(%error, "a logout token cannot be checked");
                return Err(Refused::Unavailable);
            }
        };
        let (lifetime, now) = (self.settings.session_lifetime, self.clock.now());
        match self.kept.ended.hear(&token, lifetime, now).await {
            Ok(Heard::Taken) => {
                tracing::info!(sid = token.sid, "logged out at the provider");
                Ok(())
            }
            Ok(Heard::Again) => Err(invalid("this logout token was sent before (jti)")),
            Err(error) => {
                tracing::error!(%error, "a logout could not be written down");
                Err(Refused::Unavailable)
            }
        }
    }
}

async fn read(request: Request<Body>) -> Result<Params, Refused> {
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = kind
        .and_then(|kind| kind.split(';').next())
        .unwrap_or_default();
    if !kind
        .trim()
        .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return Err(invalid(
            "the body must be application/x-www-form-urlencoded",
        ));
    }
    let body = axum::body::to_bytes(request.into_body(), MAX_BODY).await;
    let body = body.map_err(|_| invalid("the body is too large, or was cut short"))?;
    Params::parse_form(&body).map_err(|fault| Refused::Invalid(fault.to_string()))
}

fn invalid(text: &str) -> Refused {
    Refused::Invalid(text.to_owned())
}

/// §2.8: nobody keeps it.
fn answer(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status != StatusCode::OK {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}
