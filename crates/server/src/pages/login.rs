use std::fmt;
use std::time::Duration;

use askama::Template;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::layout::{FormAction, respond};
use super::span;

/// Asks for username and password. Posts `username`, `password` and `csrf`.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage<'a> {
    /// Where the form is posted to, a path of ours.
    pub(crate) action: &'a str,
    /// The hidden token (see [`Csrf`](crate::csrf::Csrf)).
    pub(crate) csrf: &'a str,
    /// Whom the login is for, if for anybody.
    pub(crate) client_name: Option<&'a str>,
    /// What was typed before a mistake, else empty.
    pub(crate) username: &'a str,
    /// Why the page is shown again.
    pub(crate) problem: Option<LoginProblem>,
    /// Where the browser goes, if a right password can lead to the client at once and without a page
    /// between. Then `form-action` has to let it; without it the form leads to us alone.
    pub(crate) redirect_uri: Option<&'a str>,
}

/// Why a login did not succeed, in the words that the person reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoginProblem {
    /// No such user, wrong password or a locked account: it is not said which.
    Wrong,
    /// Too many wrong guesses.
    Throttled {
        /// How long until the next one is looked at.
        retry_after: Duration,
    },
    /// The server cannot check passwords for now.
    Busy,
    /// The hidden token did not fit the browser's session, most likely because that had ended.
    Stale,
}

impl LoginPage<'_> {
    /// The page: 200, or the status of its problem, with `Retry-After` where waiting helps.
    pub(crate) fn render_page(&self) -> Response {
        let status = self.problem.map_or(StatusCode::OK, LoginProblem::status);
        let form_action = self
            .redirect_uri
            .map_or(FormAction::Ours, FormAction::Onward);
        let mut response = respond(status, form_action, self);
        if let Some(wait) = self.problem.and_then(LoginProblem::retry_after) {
            let secs = HeaderValue::from(span::whole_secs(wait));
            response.headers_mut().insert(RETRY_AFTER, secs);
        }
        response
    }

    /// Whether the fields hold something wrong, so that a screen reader says so.
    fn doubts_input(&self) -> bool {
        self.problem == Some(LoginProblem::Wrong)
    }
}

impl LoginProblem {
    /// 401 would need a `WWW-Authenticate` (RFC 9110 §15.5.2), which a form has not.
    const fn status(self) -> StatusCode {
        match self {
            Self::Wrong | Self::Stale => StatusCode::FORBIDDEN,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after } => Some(retry_after),
            Self::Busy => Some(Duration::from_secs(1)),
            Self::Wrong | Self::Stale => None,
        }
    }
}

impl fmt::Display for LoginProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong => f.write_str("Username or password is wrong. Please try again."),
            Self::Throttled { retry_after } => write!(
                f,
                "Too many failed attempts. Please wait {} and try again.",
                span::in_words(*retry_after)
            ),
            Self::Busy => f.write_str("The server is busy. Please try again in a moment."),
            Self::Stale => f.write_str("This page was open for too long. Please log in again."),
        }
    }
}
