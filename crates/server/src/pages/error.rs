use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::layout::{FormAction, respond};

/// Says what went wrong where no redirect may, and what to do about it.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    /// The status of the response.
    pub(crate) status: StatusCode,
    /// A few words.
    pub(crate) title: &'a str,
    /// What happened, in a sentence or two.
    pub(crate) what: &'a str,
    /// What to do now.
    pub(crate) advice: &'a str,
    /// The `error` code of OAuth, if it has one.
    pub(crate) code: Option<&'a str>,
}

impl ErrorPage<'_> {
    /// The page.
    pub(crate) fn render_page(&self) -> Response {
        respond(self.status, FormAction::Nowhere, self)
    }
}
