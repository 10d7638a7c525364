//! What a person reads when a login comes to nothing.

use axum::body::Body;
use gatepass_proto::flow::FlowError;
use gatepass_proto::id_token::IdTokenFault;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Response, StatusCode};

use super::pages::Page;
use super::paths;

/// Begins a login that comes back to the first page.
pub(super) const AGAIN: (&str, &str) = ("Log in", paths::LOGIN);
/// Begins one as somebody else.
pub(super) const AS_SOMEBODY_ELSE: (&str, &str) = ("Log in as somebody else", paths::LOGIN_ANEW);

/// The page for a conversation that failed.
pub(super) fn page(error: &FlowError) -> Response<Body> {
    let (status, title, what) = told(error);
    if status.is_server_error() {
        tracing::error!(%error, "login failed");
    } else {
        tracing::info!(%error, "login refused");
    }
    let detail = error.to_string();
    let mut response = Page {
        status,
        title,
        what,
        detail: Some(&detail),
        links: &[AGAIN],
    }
    .respond();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let wait = HeaderValue::from_static("30");
        response.headers_mut().insert(RETRY_AFTER, wait);
    }
    response
}

fn told(error: &FlowError) -> (StatusCode, &'static str, &'static str) {
    let not_this_login = (
        StatusCode::BAD_REQUEST,
        "This login does not count",
        "What came back from the login is not the answer to what was asked here. Start again.",
    );
    match error {
        error if error.is_temporary() => (
            StatusCode::SERVICE_UNAVAILABLE,
            "No login just now",
            "The place where people log in cannot be reached. Try again in a moment.",
        ),
        FlowError::StateMismatch | FlowError::IssuerMismatch { .. } => not_this_login,
        error if error.is_invalid_grant() => not_this_login,
        FlowError::Refused {
            status: None,
            error,
            ..
        } if error == "access_denied" => (
            StatusCode::FORBIDDEN,
            "Not logged in",
            "The login was refused or broken off.",
        ),
        FlowError::IdToken(IdTokenFault::MaxAge | IdTokenFault::Acr | IdTokenFault::AuthTime) => (
            StatusCode::FORBIDDEN,
            "This login is not enough",
            "For this page a newer or a stronger login is needed than there was.",
        ),
        _ => (
            StatusCode::BAD_GATEWAY,
            "The login failed",
            "This service and the place where people log in do not understand each other. Its operators find more in its \
             log.",
        ),
    }
}

/// The page for a person who may not enter.
pub(super) fn not_admitted(name: &str) -> Response<Body> {
    let what = format!("You are logged in as {name}, who may not enter here.");
    Page {
        status: StatusCode::FORBIDDEN,
        title: "Not for this account",
        what: &what,
        detail: None,
        links: &[AS_SOMEBODY_ELSE],
    }
    .respond()
}

/// The page for a callback that belongs to no login of this browser.
pub(super) fn not_awaited() -> Response<Body> {
    Page {
        status: StatusCode::BAD_REQUEST,
        title: "This login is over",
        what: "It was begun too long ago, in another browser, or has been used already. This page also appears where cookies \
               are switched off.",
        detail: None,
        links: &[("Go on", "/")],
    }
    .respond()
}

/// The page for a session that no cookie can hold.
pub(super) fn too_much() -> Response<Body> {
    tracing::error!(
        "the claims of a session are too large for a cookie; name fewer of them in [login] claims"
    );
    Page {
        status: StatusCode::BAD_GATEWAY,
        title: "The login failed",
        what: "The place where people log in says more of you than this service can keep. Its operators find more in its log.",
        detail: None,
        links: &[],
    }
    .respond()
}
