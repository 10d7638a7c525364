//! Logging in for a page of our own, where no client waits for a redirect.

use axum::response::Response;
use gatepass_proto::{OAuthError, Params, Secret};
use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::app::App;
use crate::browser;
use crate::endpoints::login::{log_in, problem};
use crate::extract::Peer;
use crate::pages::{LoginPage, LoginProblem};
use crate::show;

/// A login page whose form goes to `action`.
#[derive(Clone, Copy)]
pub(super) struct SignIn<'a> {
    pub(super) app: &'a App,
    /// A path of ours, with its query.
    pub(super) action: &'a str,
    /// For whom the login is, if for a client.
    pub(super) client_name: Option<&'a str>,
}

impl SignIn<'_> {
    /// The page, tied to `cookie`, which the browser is given again.
    pub(super) fn page(
        self,
        cookie: &Secret,
        username: &str,
        problem: Option<LoginProblem>,
    ) -> Response {
        let page = LoginPage {
            action: self.action,
            csrf: &self.app.csrf().token(cookie.expose()),
            client_name: self.client_name,
            username,
            problem,
            redirect_uri: None,
        };
        let mut response = page.render_page();
        let cookie = self.app.cookie().set(cookie);
        response.headers_mut().append(SET_COOKIE, cookie);
        response
    }

    /// Judges its form. A right password leads on to `next`, which is made of the new session's cookie.
    pub(super) async fn submitted(
        self,
        peer: Peer,
        headers: &HeaderMap,
        cookie: &Secret,
        form: &Params,
        next: impl FnOnce(&Secret) -> String,
    ) -> Response {
        let username = form.get("username").unwrap_or_default();
        match log_in(self.app, peer, headers, cookie, form).await {
            Ok(session) => {
                let mut response = browser::see_other(&next(&session));
                let cookie = self.app.cookie().set(&session);
                response.headers_mut().append(SET_COOKIE, cookie);
                response
            }
            Err(error) => self.refused(cookie, username, &error),
        }
    }

    fn refused(self, cookie: &Secret, username: &str, error: &OAuthError) -> Response {
        match problem(error) {
            Some(problem) => self.page(cookie, username, Some(problem)),
            None => show::error(error),
        }
    }
}
