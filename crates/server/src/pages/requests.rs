use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::layout::{FormAction, respond};
use super::span;

/// What waits for the person (CIBA). Each has a form that posts `request`, `decision=allow` or `decision=deny`, and `csrf`.
#[derive(Debug, Template)]
#[template(path = "requests.html")]
pub(crate) struct RequestsPage<'a> {
    /// Where the forms are posted to, a path of ours.
    pub(crate) action: &'a str,
    /// The hidden token (see [`Csrf`](crate::csrf::Csrf)).
    pub(crate) csrf: &'a str,
    /// Who is logged in.
    pub(crate) username: &'a str,
    /// What came of the answer before.
    pub(crate) note: Option<&'a str>,
    /// The requests, the newest first.
    pub(crate) requests: &'a [RequestRow],
}

/// One request.
#[derive(Debug)]
pub(crate) struct RequestRow {
    /// What it is named by.
    pub(crate) request: String,
    /// Who asks.
    pub(crate) client_name: String,
    /// What the other device shows.
    pub(crate) binding_message: Option<String>,
    /// Each scope, and what it permits in a few words.
    pub(crate) scopes: Vec<(String, String)>,
    /// How long it can be answered.
    pub(crate) left: Duration,
}

impl RequestsPage<'_> {
    /// The page.
    pub(crate) fn render_page(&self) -> Response {
        respond(StatusCode::OK, FormAction::Ours, self)
    }
}

impl RequestRow {
    fn left_in_words(&self) -> String {
        span::in_words(self.left)
    }
}
