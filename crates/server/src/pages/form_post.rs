use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::layout::{FormAction, respond};

/// Carries an answer to the client in a form (OAuth 2.0 Form Post Response Mode). It sends itself; without scripts a person
/// presses the button.
#[derive(Debug)]
pub(crate) struct FormPostPage<'a> {
    /// Where the form is posted to.
    pub(crate) redirect_uri: &'a str,
    /// The parameters of the answer.
    pub(crate) fields: &'a [(&'a str, &'a str)],
}

impl FormPostPage<'_> {
    /// The page.
    pub(crate) fn render_page(&self) -> Response {
        let page = FormPostTemplate {
            redirect_uri: self.redirect_uri,
            fields: self.fields,
        };
        respond(StatusCode::OK, FormAction::Posted(self.redirect_uri), &page)
    }
}

#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPostTemplate<'a> {
    redirect_uri: &'a str,
    fields: &'a [(&'a str, &'a str)],
}
