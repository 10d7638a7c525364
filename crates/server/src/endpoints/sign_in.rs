//! Logging in for a page of our own, where no client waits for a redirect; and what such a page's forms are.

use axum::body::Body;
use axum::response::Response;
use gatepass_proto::{OAuthError, Params, Secret};
use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::app::App;
use crate::browser::{self, Login, Visitor};
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

impl<'a> SignIn<'a> {
    /// For nobody's sake but the person's.
    pub(super) fn of_ours(app: &'a App, action: &'a str) -> Self {
        Self {
            app,
            action,
            client_name: None,
        }
    }

    /// Who is logged in, to be shown a page; otherwise the login page.
    pub(super) async fn visited(self, peer: Peer, headers: &HeaderMap) -> Result<Login, Response> {
        self.known(peer, headers, None).await
    }

    /// A form of a page of ours, and who sent it; otherwise the answer.
    pub(super) async fn posted(
        self,
        peer: Peer,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Login, Params), Response> {
        let form = browser::form(self.app, headers, body).await;
        let (_, form) = form.map_err(|error| show::error(&error))?;
        // The session may have ended while the page was open.
        let stale = Some(LoginProblem::Stale);
        Ok((self.known(peer, headers, stale).await?, form))
    }

    async fn known(
        self,
        peer: Peer,
        headers: &HeaderMap,
        problem: Option<LoginProblem>,
    ) -> Result<Login, Response> {
        match browser::visitor(self.app, peer, headers).await {
            Ok(Visitor::Known(login)) => Ok(login),
            Ok(Visitor::Stranger(cookie)) => Err(self.page(&cookie, "", problem)),
            Err(error) => Err(show::error(&error)),
        }
    }

    /// Reads and judges the login page's form. A right password leads on to the path `next`.
    pub(super) async fn log_in(
        self,
        peer: Peer,
        headers: &HeaderMap,
        body: Body,
        next: &str,
    ) -> Response {
        match browser::form(self.app, headers, body).await {
            Ok((cookie, form)) => {
                let next = |_: &_| format!("{}{next}", self.app.path());
                self.submitted(peer, headers, &cookie, &form, next).await
            }
            Err(error) => show::error(&error),
        }
    }

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
