use std::fmt;
use std::time::Duration;

use askama::Template;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

use super::layout::{FormAction, respond};
use super::span;

/// A person's own page: who they are here, their password, where they are logged in, and what they allowed. Each form
/// posts `csrf`.
#[derive(Debug, Template)]
#[template(path = "account.html")]
pub(crate) struct AccountPage<'a> {
    /// The path of the page; the forms are posted to paths below it.
    pub(crate) base: &'a str,
    /// The hidden token (see [`Csrf`](crate::csrf::Csrf)).
    pub(crate) csrf: &'a str,
    /// Who is logged in.
    pub(crate) username: &'a str,
    /// What else is known of them: a word and what it is.
    pub(crate) profile: &'a [(&'a str, String)],
    /// What has just been done.
    pub(crate) notice: Option<Notice>,
    /// Why the password was not changed.
    pub(crate) problem: Option<PasswordProblem>,
    /// Where they are logged in, this browser first.
    pub(crate) seats: &'a [Seat],
    /// What they allowed.
    pub(crate) applications: &'a [Application],
}

/// A browser in which somebody is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    /// Its name towards the form.
    pub(crate) id: String,
    /// What kind of browser it is, in words.
    pub(crate) device: String,
    /// Since when, in words.
    pub(crate) since: String,
    /// Whether it is this one.
    pub(crate) here: bool,
}

/// A client that was allowed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Application {
    /// Its `client_id`.
    pub(crate) client_id: String,
    /// Its name, its own choice.
    pub(crate) name: String,
    /// What it may, each in a sentence.
    pub(crate) scopes: Vec<String>,
    /// When it was last allowed something, in words.
    pub(crate) since: String,
}

/// What has just been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The password.
    Password,
    /// A login has ended.
    Login,
    /// All but this one.
    Logins,
    /// An application has lost its access.
    Application,
}

/// Why a password was not changed, in the words that the person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PasswordProblem {
    /// The old one is not theirs.
    Wrong,
    /// The new ones differ.
    Differ,
    /// The new one is the old one.
    Same,
    /// The new one is not good enough, for this reason.
    Weak(String),
    /// Too many wrong guesses.
    Throttled {
        /// How long until the next one is looked at.
        retry_after: Duration,
    },
    /// The server cannot check passwords for now.
    Busy,
}

impl AccountPage<'_> {
    /// The page: 200, or the status of its problem.
    pub(crate) fn render_page(&self) -> Response {
        let status = self.problem.as_ref().map(PasswordProblem::status);
        let mut response = respond(status.unwrap_or(StatusCode::OK), FormAction::Ours, self);
        let wait = match &self.problem {
            Some(PasswordProblem::Throttled { retry_after }) => Some(*retry_after),
            Some(PasswordProblem::Busy) => Some(Duration::from_secs(1)),
            _ => None,
        };
        if let Some(wait) = wait {
            let secs = HeaderValue::from(span::whole_secs(wait));
            response.headers_mut().insert(RETRY_AFTER, secs);
        }
        response
    }

    /// Whether the old password is what is wrong, so that a screen reader says so.
    fn doubts_old(&self) -> bool {
        self.problem == Some(PasswordProblem::Wrong)
    }

    /// Whether the new one is.
    fn doubts_new(&self) -> bool {
        use PasswordProblem::{Differ, Same, Weak};
        matches!(self.problem, Some(Differ | Same | Weak(_)))
    }
}

impl Notice {
    /// The word in the address.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Login => "login",
            Self::Logins => "logins",
            Self::Application => "application",
        }
    }

    /// Reads what [`Notice::word`] writes.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let all = [Self::Password, Self::Login, Self::Logins, Self::Application];
        all.into_iter().find(|notice| notice.word() == word)
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password => {
                "Your password is changed. Everything that was logged in with the old one is logged out."
            }
            Self::Login => "That login has ended.",
            Self::Logins => "All other logins have ended.",
            Self::Application => "That application has no access any more.",
        })
    }
}

impl PasswordProblem {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Wrong => StatusCode::FORBIDDEN,
            Self::Differ | Self::Same | Self::Weak(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl fmt::Display for PasswordProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong => f.write_str("The current password is wrong. Please try again."),
            Self::Differ => f.write_str("The two new passwords differ. Please type them again."),
            Self::Same => f.write_str("The new password is the current one. Choose another."),
            Self::Weak(why) => f.write_str(why),
            Self::Throttled { retry_after } => write!(
                f,
                "Too many failed attempts. Please wait {} and try again.",
                span::in_words(*retry_after)
            ),
            Self::Busy => f.write_str("The server is busy. Please try again in a moment."),
        }
    }
}
