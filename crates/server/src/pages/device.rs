//! The pages of the device grant (RFC 8628 §3.3).

use std::fmt;
use std::time::Duration;

use askama::Template;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::layout::{FormAction, respond};
use super::span;

/// Asks for the code that a device shows. Posts `user_code` and `csrf`.
#[derive(Debug, Template)]
#[template(path = "device_code.html")]
pub(crate) struct DeviceCodePage<'a> {
    /// Where the form is posted to, a path of ours.
    pub(crate) action: &'a str,
    /// The hidden token (see [`Csrf`](crate::csrf::Csrf)).
    pub(crate) csrf: &'a str,
    /// What was typed, or what a link brought along; else empty.
    pub(crate) user_code: &'a str,
    /// Why the page is shown again.
    pub(crate) problem: Option<CodeProblem>,
}

/// Why a code did not lead on, in the words that the person reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CodeProblem {
    /// There is none such, it has expired, or it was answered.
    Unknown,
    /// Too many wrong codes.
    Throttled {
        /// How long until the next one is looked at.
        retry_after: Duration,
    },
}

impl DeviceCodePage<'_> {
    /// The page: 200, or the status of its problem, with `Retry-After` where waiting helps.
    pub(crate) fn render_page(&self) -> Response {
        let status = match self.problem {
            None => StatusCode::OK,
            Some(CodeProblem::Unknown) => StatusCode::FORBIDDEN,
            Some(CodeProblem::Throttled { .. }) => StatusCode::TOO_MANY_REQUESTS,
        };
        let mut response = respond(status, FormAction::Ours, self);
        if let Some(CodeProblem::Throttled { retry_after }) = self.problem {
            let secs = HeaderValue::from(span::whole_secs(retry_after));
            response.headers_mut().insert(RETRY_AFTER, secs);
        }
        response
    }

    /// Whether the code came with a link and is still to be compared.
    fn is_brought_along(&self) -> bool {
        !self.user_code.is_empty() && self.problem.is_none()
    }
}

impl fmt::Display for CodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str(
                "No device waits for this code. It may have expired, or been used already. Compare it with the one on your device.",
            ),
            Self::Throttled { retry_after } => write!(
                f,
                "Too many wrong codes. Please wait {} and try again.",
                span::in_words(*retry_after)
            ),
        }
    }
}

/// Asks whether the device may act for the person. Posts `decision=allow` or `decision=deny`, and `csrf`.
#[derive(Debug, Template)]
#[template(path = "device_consent.html")]
pub(crate) struct DeviceConsentPage<'a> {
    /// Where the form is posted to, a path of ours.
    pub(crate) action: &'a str,
    /// The hidden token (see [`Csrf`](crate::csrf::Csrf)).
    pub(crate) csrf: &'a str,
    /// Who asks.
    pub(crate) client_name: &'a str,
    /// The code, to be compared once more.
    pub(crate) user_code: &'a str,
    /// Who is logged in.
    pub(crate) username: &'a str,
    /// For how long it would be at most.
    pub(crate) lasts: Duration,
    /// Each scope, and what it permits in a few words.
    pub(crate) scopes: &'a [(String, String)],
}

impl DeviceConsentPage<'_> {
    fn lasts(&self) -> String {
        span::in_words(self.lasts)
    }

    /// The page.
    pub(crate) fn render_page(&self) -> Response {
        respond(StatusCode::OK, FormAction::Ours, self)
    }
}

/// Sends the person back to the device.
#[derive(Debug, Template)]
#[template(path = "device_done.html")]
pub(crate) struct DeviceDonePage<'a> {
    /// Who asked.
    pub(crate) client_name: &'a str,
    /// What the person said.
    pub(crate) allowed: bool,
}

impl DeviceDonePage<'_> {
    /// The page.
    pub(crate) fn render_page(&self) -> Response {
        respond(StatusCode::OK, FormAction::Nowhere, self)
    }
}
