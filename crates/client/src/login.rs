use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gatepass_http::{Person, PersonError};
use gatepass_proto::Params;
use gatepass_proto::flow::{CodeFlow, CodeSetup, Notice};
use url::Url;

use crate::endpoints::Wanted;
use crate::session::Inner;
use crate::tokens::StoredToken;
use crate::{Browser, Credential, Error, Grant, Loopback, OAuth, Session, Status, SystemBrowser};

/// How long saving may wait for another process that renews.
const SAVE_PATIENCE: Duration = Duration::from_secs(75);

/// How a person logs in.
#[derive(Clone)]
pub struct LoginOptions {
    /// How the person's answer comes back.
    pub way: LoginWay,
    /// What opens the login page.
    pub browser: Arc<dyn Browser>,
    /// How long is waited for the person. Default five minutes.
    pub patience: Duration,
}

/// How the answer of the login page comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginWay {
    /// To a listener on this machine if the redirect URI is http to it, else pasted.
    #[default]
    Auto,
    /// Pasted by the person, whatever the redirect URI.
    Paste,
}

impl Default for LoginOptions {
    fn default() -> Self {
        Self {
            way: LoginWay::Auto,
            browser: Arc::new(SystemBrowser),
            patience: Duration::from_secs(300),
        }
    }
}

impl std::fmt::Debug for LoginOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginOptions")
            .field("way", &self.way)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Makes a new token whether or not there is one, and keeps it. For a credential that makes none, only checks that
    /// its secret can be read.
    ///
    /// `person` is shown the link ([`Person::show`]). When the answer has to be pasted, it is asked for it
    /// ([`Person::redirect`]); [`pasted`] reads what was pasted.
    ///
    /// # Errors
    ///
    /// The server or the person said no, or nobody came back in time.
    pub async fn login(
        &self,
        person: &dyn Person,
        options: &LoginOptions,
    ) -> Result<Status, Error> {
        if self.inner.credential.makes_tokens() {
            self.log_in(person, options).await?;
        } else {
            self.attachment().await?;
        }
        self.status().await
    }

    pub(crate) async fn log_in(
        &self,
        person: &dyn Person,
        options: &LoginOptions,
    ) -> Result<StoredToken, Error> {
        let inner = &self.inner;
        let token = match &inner.credential {
            Credential::OAuth(
                oauth @ OAuth {
                    grant: Grant::AuthorizationCode { redirect_uri },
                    ..
                },
            ) => {
                inner
                    .log_in_by_code(oauth, redirect_uri, person, options)
                    .await?
            }
            _ => inner.first().await?,
        };
        let _lock = inner.tokens.lock(&inner.key, SAVE_PATIENCE).await?;
        inner.tokens.save(&inner.key, &token).await?;
        inner.adopt(&token);
        Ok(token)
    }
}

impl Inner {
    async fn log_in_by_code(
        &self,
        oauth: &OAuth,
        redirect_uri: &str,
        person: &dyn Person,
        options: &LoginOptions,
    ) -> Result<StoredToken, Error> {
        let server = self.server(oauth, Wanted::Login).await?;
        let client = self.client(oauth, &server).await?;
        let listener = match options.way {
            LoginWay::Auto if Loopback::can_serve(redirect_uri) => {
                Some(Loopback::bind(redirect_uri).await?)
            }
            _ => None,
        };
        let redirect_uri = listener
            .as_ref()
            .map_or(redirect_uri, Loopback::redirect_uri)
            .to_owned();
        let setup = CodeSetup {
            client,
            issuer: server.issuer.clone(),
            // A code that is pasted by itself has no `iss` beside it.
            iss_promised: server.iss_promised && listener.is_some(),
            authorization_endpoint: server.authorization()?.to_owned(),
            token_endpoint: server.token()?.to_owned(),
            redirect_uri,
            scope: oauth.scope.clone(),
            resource: oauth.resource.clone(),
        };
        let mut flow = CodeFlow::new(setup);
        let asked_at = self.clock.now();
        let answer = match listener {
            Some(listener) => {
                self.drive_with(
                    &mut flow,
                    &AtBrowser {
                        listener,
                        person,
                        options,
                    },
                )
                .await?
            }
            None => self.drive_with(&mut flow, person).await?,
        };
        // The time the person took is not the token's.
        let asked_at = asked_at.max(self.clock.now() - TOKEN_REQUEST);
        let mut token = StoredToken::obtained(answer, asked_at, self.credential.binding());
        token.issuer = server.issuer;
        token.scope = token.scope.or_else(|| oauth.scope.clone());
        Ok(token)
    }
}

/// How long the exchange of a code is taken to have lasted, at most: the moment it was sent is not seen here.
const TOKEN_REQUEST: Duration = Duration::from_secs(2);

/// A person with a browser that comes back to this machine.
struct AtBrowser<'a> {
    listener: Loopback,
    person: &'a dyn Person,
    options: &'a LoginOptions,
}

#[async_trait]
impl Person for AtBrowser<'_> {
    async fn redirect(&self, url: Url) -> Result<Params, PersonError> {
        self.person
            .show(Notice {
                text: format!("Log in with your browser:\n\n  {url}\n"),
            })
            .await?;
        if let Err(reason) = self.options.browser.open(&url) {
            let text =
                format!("The browser could not be opened ({reason}); open the link yourself.");
            self.person.show(Notice { text }).await?;
        }
        let state = url
            .query_pairs()
            .find(|(name, _)| name == "state")
            .map(|(_, value)| value.into_owned());
        self.listener
            .wait(state.as_deref(), self.options.patience)
            .await
    }

    async fn show(&self, notice: Notice) -> Result<(), PersonError> {
        self.person.show(notice).await
    }
}

/// Reads what a person pasted in answer to the authorization request `url`: the address the browser ended at, its
/// query alone, or the code alone. A code alone takes the `state` of the request with it: whoever copied it from the
/// page stands in for the redirect.
///
/// # Errors
///
/// [`PersonError::Failed`] when it is none of these.
pub fn pasted(url: &Url, text: &str) -> Result<Params, PersonError> {
    let text = text.trim();
    let unusable = || {
        PersonError::Failed("expected the code, or the whole address the browser ended at".into())
    };
    let query = match Url::parse(text) {
        Ok(address) if address.has_host() => Some(address.query().unwrap_or_default().to_owned()),
        _ if text.contains("code=") || text.contains("error=") => {
            Some(text.trim_start_matches('?').to_owned())
        }
        _ => None,
    };
    if let Some(query) = query {
        let params = Params::parse_form(query.as_bytes()).map_err(|_| unusable())?;
        let complete = params.get("code").is_some() || params.get("error").is_some();
        return complete.then_some(params).ok_or_else(unusable);
    }
    if text.is_empty() || text.contains(char::is_whitespace) {
        return Err(unusable());
    }
    let mut params = Params::new();
    params.push("code", text);
    let state = url
        .query_pairs()
        .find(|(name, _)| name == "state")
        .map(|(_, value)| value.into_owned());
    params.push_some("state", state);
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::pasted;

    #[test]
    fn an_address_a_query_or_a_code_can_be_pasted() {
        let url = "https://as.example/authorize?state=s1&x=y"
            .parse()
            .expect("a URL");
        let read = |text: &str| {
            let params = pasted(&url, text)?;
            Ok::<_, super::PersonError>((
                params.get("code").map(str::to_owned),
                params.get("state").map(str::to_owned),
            ))
        };
        let both = |code: &str, state: &str| (Some(code.to_owned()), Some(state.to_owned()));
        assert_eq!(read(" abc\n").expect("a code"), both("abc", "s1"));
        assert_eq!(
            read("https://localhost/?code=abc&state=s2").expect("an address"),
            both("abc", "s2")
        );
        assert_eq!(
            read("?code=abc&state=s2").expect("a query"),
            both("abc", "s2")
        );
        assert_eq!(
            read("https://localhost/?error=access_denied").expect("a refusal"),
            (None, None)
        );
        for text in ["", "  ", "two words", "https://localhost/", "code=a&code=b"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
