use std::time::Duration;

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::layout::{FormAction, respond};
use super::span;

/// Shows a code to be copied into a program, for clients that registered `urn:ietf:wg:oauth:2.0:oob`.
/// It has no form. The code stands in the element `code#code`.
pub(crate) struct OutOfBandPage<'a> {
    /// Where the code is to be pasted.
    pub(crate) client_name: &'a str,
    /// The authorization code.
    pub(crate) code: &'a str,
    /// How long it is good for.
    pub(crate) lifetime: Duration,
}

impl OutOfBandPage<'_> {
    /// The page.
    pub(crate) fn render_page(&self) -> Response {
        let page = OutOfBandTemplate {
            client_name: self.client_name,
            code: self.code,
            lifetime: span::in_words(self.lifetime),
        };
        respond(StatusCode::OK, FormAction::Nowhere, &page)
    }
}

impl std::fmt::Debug for OutOfBandPage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutOfBandPage")
            .field("client_name", &self.client_name)
            .finish_non_exhaustive()
    }
}

#[derive(Template)]
#[template(path = "out_of_band.html")]
struct OutOfBandTemplate<'a> {
    client_name: &'a str,
    code: &'a str,
    lifetime: String,
}
