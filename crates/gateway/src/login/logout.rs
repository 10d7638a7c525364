//! Logging out: here, and at the provider.

use axum::body::Body;
use gatepass_proto::message::logout::LogoutRequest;
use http::header::SET_COOKIE;
use http::{Response, StatusCode};

use super::cookies::Name;
use super::pages::{self, Page, see_other};
use super::session::Session;
use super::{BrowserLogin, Visit, failures, paths};

impl BrowserLogin {
    /// Asks first: anybody could have sent the browser here.
    pub(super) fn ask_to_log_out(&self, visit: &Visit<'_>) -> Response<Body> {
        match self.proven(visit.headers) {
            Some(session) => {
                let scheme = self.settings.issuer.split(':').next().unwrap_or("https");
                pages::log_out(session.name(), paths::LOGOUT, scheme)
            }
            None => logged_out(),
        }
    }

    /// Logs out: a form of ours was sent, or of a page of the service.
    pub(super) async fn log_out(&self, visit: &Visit<'_>) -> Response<Body> {
        if !visit.comes_from(&self.origins) {
            return self.turn_away();
        }
        let Some(session) = self.proven(visit.headers) else {
            return self.forgotten(logged_out());
        };
        if let Err(error) = self.end(&session).await {
            tracing::error!(%error, "a logout could not be written down");
            return self.forgotten(not_written_down());
        }
        let elsewhere = match self.settings.logout_at_provider {
            true => self.logout_at_provider(&session).await,
            false => None,
        };
        let response = match elsewhere {
            Some(url) => see_other(&url),
            None => see_other(paths::LOGGED_OUT),
        };
        self.forgotten(response)
    }

    /// Logs a session out for good, whoever has its cookie.
    pub(super) async fn end(&self, session: &Session) -> std::io::Result<()> {
        let now = self.clock.now();
        self.kept
            .ended
            .end(&self.settings.issuer, session, now)
            .await
    }

    /// Where the browser goes to log out there as well (RP-Initiated Logout 1.0 §2). There is no ID token left to say
    /// whose session is meant, so the provider is told in words and may ask.
    async fn logout_at_provider(&self, session: &Session) -> Option<String> {
        let endpoint = self.provider.end_session_endpoint().await?;
        let request = LogoutRequest {
            client_id: Some(self.settings.client_id.clone()),
            logout_hint: Some(session.name().to_owned()),
            post_logout_redirect_uri: self.settings.post_logout_redirect_uri.clone(),
            ..LogoutRequest::default()
        };
        request.url(&endpoint).ok().map(|url| url.to_string())
    }

    fn forgotten(&self, mut response: Response<Body>) -> Response<Body> {
        let cookie = self.cookies.clear(Name::Session);
        response.headers_mut().append(SET_COOKIE, cookie);
        response
    }
}

/// Nobody is logged in.
pub(super) fn logged_out() -> Response<Body> {
    Page {
        status: StatusCode::OK,
        title: "Logged out",
        what: "Nobody is logged in here in this browser any more.",
        detail: None,
        links: &[failures::AGAIN],
    }
    .respond()
}

fn not_written_down() -> Response<Body> {
    Page {
        status: StatusCode::SERVICE_UNAVAILABLE,
        title: "Logged out in this browser",
        what: "This browser has forgotten the login, but the logout could not be written down: a copy of the login, if \
               somebody made one, may count again after a restart.",
        detail: None,
        links: &[failures::AGAIN],
    }
    .respond()
}
