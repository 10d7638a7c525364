use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::layout::{FormAction, respond};

/// Asks whether the person wants to log out. Posts `csrf`.
#[derive(Debug, Template)]
#[template(path = "logout.html")]
pub(crate) struct LogoutPage<'a> {
    /// Where the form is posted to, a path of ours.
    pub(crate) action: &'a str,
    /// The hidden token (see [`Csrf`](crate::csrf::Csrf)).
    pub(crate) csrf: &'a str,
    /// Who asks for it, if that is known.
    pub(crate) client_name: Option<&'a str>,
    /// Who is logged in.
    pub(crate) username: &'a str,
    /// Where the browser goes afterwards.
    pub(crate) onward: Option<&'a str>,
}

/// Says that nobody is logged in any more.
#[derive(Debug, Template)]
#[template(path = "logged_out.html")]
pub(crate) struct LoggedOutPage;

impl LogoutPage<'_> {
    /// The page.
    pub(crate) fn render_page(&self) -> Response {
        let action = self.onward.map_or(FormAction::Ours, FormAction::Onward);
        respond(StatusCode::OK, action, self)
    }
}

impl LoggedOutPage {
    /// The page.
    pub(crate) fn render_page(&self) -> Response {
        respond(StatusCode::OK, FormAction::Nowhere, self)
    }
}
