//! Logout at the OpenID provider (OpenID Connect RP-Initiated Logout 1.0): a link for the person's browser.

use url::Url;

use crate::{ClientId, Params, Secret};

/// A logout request (§2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogoutRequest {
    /// `id_token_hint`: an ID token of the session to end, expired or not.
    pub id_token_hint: Option<Secret>,
    /// `logout_hint`: who is to be logged out.
    pub logout_hint: Option<String>,
    /// `client_id`.
    pub client_id: Option<ClientId>,
    /// `post_logout_redirect_uri`, one that the client has registered.
    pub post_logout_redirect_uri: Option<String>,
    /// `state`, which comes back to that place unchanged.
    pub state: Option<String>,
    /// `ui_locales`, space-separated.
    pub ui_locales: Option<String>,
}

impl LogoutRequest {
    /// Writes the parameters, for a query or for a form.
    pub fn to_params(&self) -> Params {
        let mut params = Params::new();
        params.push_some(
            "id_token_hint",
            self.id_token_hint.as_ref().map(Secret::expose),
        );
        params.push_some("logout_hint", self.logout_hint.as_deref());
        params.push_some("client_id", self.client_id.as_ref().map(ClientId::as_str));
        params.push_some(
            "post_logout_redirect_uri",
            self.post_logout_redirect_uri.as_deref(),
        );
        params.push_some("state", self.state.as_deref());
        params.push_some("ui_locales", self.ui_locales.as_deref());
        params
    }

    /// Reads the parameters. None is required.
    pub fn parse(params: &Params) -> Self {
        let text = |name: &str| params.get(name).map(str::to_owned);
        Self {
            id_token_hint: params.get("id_token_hint").map(Secret::new),
            logout_hint: text("logout_hint"),
            client_id: params.get("client_id").map(ClientId::new),
            post_logout_redirect_uri: text("post_logout_redirect_uri"),
            state: text("state"),
            ui_locales: text("ui_locales"),
        }
    }

    /// The link to open in the person's browser. The standard puts the ID token into it, which opens nothing but says
    /// who the person is: a browser may have it, a log may not.
    ///
    /// # Errors
    ///
    /// What is wrong with the `end_session_endpoint`.
    pub fn url(&self, end_session_endpoint: &str) -> Result<Url, &'static str> {
        let params = self.to_params();
        let url = if params.is_empty() {
            Url::parse(end_session_endpoint)
        } else {
            Url::parse(&params.append_to(end_session_endpoint))
        };
        url.map_err(|_| "the end_session_endpoint is not a URL")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::LogoutRequest;
    use crate::{ClientId, Params, Secret};

    #[test]
    fn the_link_keeps_what_the_endpoint_has() {
        let request = LogoutRequest {
            id_token_hint: Some(Secret::new("a.b.c")),
            post_logout_redirect_uri: Some("https://app.example/bye?x=1".to_owned()),
            state: Some("s&t".to_owned()),
            ..LogoutRequest::default()
        };
        let url = request
            .url("https://as.example/logout?tenant=1")
            .expect("a URL");
        assert_eq!(
            url.as_str(),
            "https://as.example/logout?tenant=1&id_token_hint=a.b.c\
             &post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye%3Fx%3D1&state=s%26t"
        );
        assert!(request.url("logout").is_err());
        assert!(!format!("{request:?}").contains("a.b.c"));
    }

    #[test]
    fn nothing_to_say_is_the_endpoint_itself() {
        let url = LogoutRequest::default().url("https://as.example/logout");
        assert_eq!(url.expect("a URL").as_str(), "https://as.example/logout");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(
            token in prop::option::of("[!-~]{1,40}"), hint in prop::option::of("\\PC{1,30}"),
            id in prop::option::of("[ -~]{1,20}"), uri in prop::option::of("[!-~]{1,40}"),
            state in prop::option::of("\\PC{1,30}"), locales in prop::option::of("[a-z]{2} [a-z]{2}"),
        ) {
            let request = LogoutRequest {
                id_token_hint: token.map(Secret::new),
                logout_hint: hint,
                client_id: id.map(ClientId::new),
                post_logout_redirect_uri: uri,
                state,
                ui_locales: locales,
            };
            let url = request.url("https://as.example/logout").expect("a URL");
            let params = Params::parse_form(url.query().unwrap_or_default().as_bytes()).expect("well formed");
            prop_assert_eq!(LogoutRequest::parse(&params), request);
        }
    }
}
