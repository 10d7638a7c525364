//! How a token is made for each credential.

use std::time::Duration;

use gatepass_http::Transport as _;
use gatepass_proto::flow::{TokenFlow, retry_after};
use gatepass_proto::grant::GrantParams;
use gatepass_proto::grant::client_credentials::ForItself;
use gatepass_proto::grant::password::Login;
use gatepass_proto::grant::refresh_token::Refresh;
use gatepass_proto::message::credentials::Credentials;
use gatepass_proto::message::token::{ErrorResponse, TokenResponse};
use gatepass_proto::{Params, Secret};
use http::Request;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;

use crate::endpoints::Wanted;
use crate::session::Inner;
use crate::tokens::StoredToken;
use crate::{Credential, Error, Grant, LoginEndpoint, LoginStyle, OAuth};

/// The pause before a refresh whose answer was lost is sent once more.
const AGAIN: Duration = Duration::from_millis(200);

/// Where the token is in the answer of a login endpoint that does not say.
const POINTERS: [&str; 2] = ["/access_token", "/token"];

impl Inner {
    /// The token that follows `old`, without a person.
    pub(crate) async fn successor(&self, old: Option<&StoredToken>) -> Result<StoredToken, Error> {
        if let (Credential::OAuth(oauth), Some(old)) = (&self.credential, old)
            && let Some(refresh_token) = &old.refresh_token
        {
            match self.refresh(oauth, refresh_token).await {
                Ok(token) => return Ok(token.succeeding(old)),
                Err(error) if error.is_invalid_grant() && !self.credential.needs_person() => {}
                Err(error) => return Err(error),
            }
        }
        self.first().await
    }

    /// A first token, without a person.
    pub(crate) async fn first(&self) -> Result<StoredToken, Error> {
        match &self.credential {
            Credential::Login(login) => self.log_in(login).await,
            Credential::OAuth(oauth) => match &oauth.grant {
                Grant::AuthorizationCode { .. } => {
                    Err(Error::LoginNeeded("there is no token to renew".into()))
                }
                Grant::ClientCredentials => {
                    let grant = ForItself {
                        scope: oauth.scope.clone(),
                        resource: oauth.resource.clone(),
                    };
                    self.ask(oauth, &grant).await
                }
                Grant::Password { username, password } => {
                    let (username, password) = (username.clone(), password.read().await?);
                    self.ask(
                        oauth,
                        &Login {
                            username,
                            password,
                            scope: oauth.scope.clone(),
                        },
                    )
                    .await
                }
            },
            _ => Err(Error::Setup("this credential makes no tokens".into())),
        }
    }

    /// A refresh (RFC 6749 §6). When the answer is lost it is sent once more at once: a server with a grace gives
    /// the same successor then, and to one without it nothing is lost that was not lost already.
    async fn refresh(&self, oauth: &OAuth, refresh_token: &Secret) -> Result<StoredToken, Error> {
        let grant = Refresh {
            refresh_token: refresh_token.clone(),
            scope: None,
        };
        match self.ask(oauth, &grant).await {
            Err(error) if error.is_unreachable() => {
                tracing::debug!(%error, "the answer to a refresh was lost; asking again");
                tokio::time::sleep(AGAIN).await;
                self.ask(oauth, &grant).await
            }
            outcome => outcome,
        }
    }

    async fn ask(
        &self,
        oauth: &OAuth,
        grant: &(impl GrantParams + Sync),
    ) -> Result<StoredToken, Error> {
        let server = self.server(oauth, Wanted::Token).await?;
        let client = self.client(oauth, &server).await?;
        let asked_at = self.clock.now();
        let answer = self
            .drive(&mut TokenFlow::new(server.token()?, client, grant))
            .await?;
        let mut token = StoredToken::obtained(answer, asked_at, self.credential.binding());
        token.issuer = server.issuer;
        Ok(token)
    }

    async fn log_in(&self, login: &LoginEndpoint) -> Result<StoredToken, Error> {
        let request = login_request(login, &login.password.read().await?)?;
        let asked_at = self.clock.now();
        let response = self.transport.send(request).await?;
        if !response.status().is_success() {
            let reason = ErrorResponse::parse(response.body())
                .map(|error| error.description.unwrap_or(error.error));
            return Err(Error::LoginRefused {
                status: response.status(),
                reason,
                retry_after: retry_after(&response),
            });
        }
        let answer = read_login(response.body(), login.token_pointer.as_deref())?;
        Ok(StoredToken::obtained(
            answer,
            asked_at,
            self.credential.binding(),
        ))
    }
}

fn login_request(login: &LoginEndpoint, password: &Secret) -> Result<Request<Vec<u8>>, Error> {
    let request = Request::post(&login.url).header(ACCEPT, "application/json");
    let request = match login.style {
        LoginStyle::Form => {
            let mut params = Params::new();
            params.push("username", login.username.as_str());
            params.push("password", password.expose());
            request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(params.to_form().into_bytes())
        }
        LoginStyle::Json => {
            let body =
                serde_json::json!({ "username": login.username, "password": password.expose() });
            request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string().into_bytes())
        }
        LoginStyle::Basic => {
            let basic = Credentials::basic(&login.username, password).ok_or_else(|| {
                Error::Setup("a user name for Basic must not have a colon".into())
            })?;
            request
                .header(AUTHORIZATION, basic.to_header().expose())
                .body(Vec::new())
        }
    };
    request.map_err(|_| Error::Setup(format!("login endpoint {:?} is not a URL", login.url)))
}

/// Puts the token where RFC 6749 has it and reads the rest by that: `expires_in` and `scope` are widely copied.
fn read_login(body: &[u8], pointer: Option<&str>) -> Result<TokenResponse, Error> {
    let unusable = |reason: &str| Error::Answer(format!("the login endpoint's answer: {reason}"));
    let mut answer: Value = serde_json::from_slice(body).map_err(|_| unusable("expected JSON"))?;
    let pointers = pointer.as_ref().map_or(&POINTERS[..], std::slice::from_ref);
    let token = pointers
        .iter()
        .filter_map(|pointer| answer.pointer(pointer)?.as_str())
        .find(|token| !token.is_empty())
        .ok_or_else(|| {
            unusable(&format!(
                "expected the token as text at {}",
                pointers.join(" or ")
            ))
        })?
        .to_owned();
    let mut object = std::mem::take(&mut answer)
        .as_object()
        .cloned()
        .unwrap_or_default();
    object.insert("access_token".into(), token.into());
    object.insert("token_type".into(), "Bearer".into());
    object.remove("refresh_token");
    TokenResponse::parse(Value::Object(object).to_string().as_bytes()).map_err(unusable)
}

#[cfg(test)]
mod tests {
    use super::read_login;

    #[test]
    fn the_token_is_found_where_it_is() {
        let token = |body: &str, pointer| {
            read_login(body.as_bytes(), pointer)
                .map(|answer| answer.access_token.expose().to_owned())
        };
        assert_eq!(token(r#"{"token":"t"}"#, None).expect("found"), "t");
        assert_eq!(
            token(r#"{"token":"t","access_token":"a"}"#, None).expect("found"),
            "a"
        );
        assert_eq!(
            token(r#"{"data":{"jwt":"j"}}"#, Some("/data/jwt")).expect("found"),
            "j"
        );
        assert_eq!(token(r#"[{"x":"j"}]"#, Some("/0/x")).expect("found"), "j");
        for body in ["", "t", "{}", r#"{"token":7}"#, r#"{"token":""}"#] {
            assert!(token(body, None).is_err(), "{body}");
        }
        let text = token(r#"{"secret":"hunter2"}"#, None)
            .expect_err("missing")
            .to_string();
        assert!(
            text.ends_with("expected the token as text at /access_token or /token"),
            "{text}"
        );
    }

    #[test]
    fn a_lifetime_is_believed() {
        let answer =
            read_login(br#"{"token":"t","expires_in":"60","scope":"read"}"#, None).expect("found");
        assert_eq!(answer.expires_in, Some(60));
    }
}
